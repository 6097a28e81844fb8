"""The Hermitage cases as data: what each session does, in which order, and what is wrong then.

The cases and PostgreSQL's row are those that Martin Kleppmann has published
(github.com/ept/hermitage); a mark says that the level prevents the anomaly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

LEVELS = ("read committed", "repeatable read", "serializable")

Steps: TypeAlias = tuple[tuple[Any, ...], ...]


class Told(NamedTuple):
    """What came of it: the sessions that committed, all answers by session, and the final rows."""

    committed: frozenset[int]
    answers: dict[int, list[Any]]
    table: dict[int, int]

    def both_committed(self) -> bool:
        return self.committed >= {1, 2}

    def seen(self, session: int) -> list[Any]:
        """Return what a session has read: for each select the values by id."""
        return [
            {row["id"]: row["value"] for row in answer}
            for answer in self.answers[session]
            if type(answer) is list
        ]


class Case(NamedTuple):
    """One anomaly. `order` says whose step is next; `prevented` is PostgreSQL's row."""

    name: str
    sessions: dict[int, Steps]
    order: tuple[int, ...]
    happened: Callable[[Told], bool]
    prevented: tuple[bool, bool, bool]


COMMIT = ("commit",)
ROLLBACK = ("rollback",)


def _set(name: str, value: Any) -> tuple[Any, ...]:
    return ("update", name, value)


def _get(name: str) -> tuple[Any, ...]:
    return ("select", name)


WRITERS = {10: 0, 20: 0, 11: 1, 19: 1, 12: 2, 18: 2}


def _vanished(told: Told) -> bool:
    """Whether session 3 saw one writer's rows again after it had seen another's."""
    writers = [WRITERS[value] for seen in told.seen(3) for value in seen.values()]
    turns = [each for place, each in enumerate(writers) if writers[place - 1 : place] != [each]]
    return len(dict.fromkeys(turns)) < len(turns)


def _read_only(told: Told) -> bool:
    if not told.committed >= {1, 2, 3} or not told.seen(3):
        return False
    first, last = told.seen(1)[0], told.seen(3)[0]
    return bool(first[2] == 20 and last == {1: 10, 2: 25})


CASES = (
    Case(
        "G0",
        {
            1: (_set("one", 11), _set("two", 21), COMMIT),
            2: (_set("one", 12), _set("two", 22), COMMIT),
        },
        (1, 2, 1, 1, 2, 2),
        lambda told: told.both_committed() and told.table not in ({1: 11, 2: 21}, {1: 12, 2: 22}),
        (True, True, True),
    ),
    Case(
        "G1a",
        {
            1: (_set("one", 101), ROLLBACK),
            2: (_get("all"), _get("all"), COMMIT),
        },
        (1, 2, 1, 2, 2),
        lambda told: any(seen.get(1) == 101 for seen in told.seen(2)),
        (True, True, True),
    ),
    Case(
        "G1b",
        {
            1: (_set("one", 101), _set("one", 11), COMMIT),
            2: (_get("all"), _get("all"), COMMIT),
        },
        (1, 2, 1, 1, 2, 2),
        lambda told: any(seen.get(1) == 101 for seen in told.seen(2)),
        (True, True, True),
    ),
    Case(
        "G1c",
        {
            1: (_set("one", 11), _get("two"), COMMIT),
            2: (_set("two", 22), _get("one"), COMMIT),
        },
        (1, 2, 1, 2, 1, 2),
        lambda told: told.seen(1) == [{2: 22}] and told.seen(2) == [{1: 11}],
        (True, True, True),
    ),
    Case(
        "OTV",
        {
            1: (_set("one", 11), _set("two", 19), COMMIT),
            2: (_set("one", 12), _set("two", 18), COMMIT),
            3: (_get("one"), _get("two"), _get("two"), _get("one"), COMMIT),
        },
        (1, 1, 2, 1, 3, 2, 3, 2, 3, 3, 3),
        _vanished,
        (True, True, True),
    ),
    Case(
        "PMP",
        {
            1: (_get("thirty"), _get("threes"), COMMIT),
            2: (("insert", {"id": 3, "value": 30, "tag": "c"}), COMMIT),
        },
        (1, 2, 2, 1, 1),
        lambda told: told.seen(1)[:1] == [{}] and told.seen(1)[1:] == [{3: 30}],
        (False, True, True),
    ),
    Case(
        "PMP for write",
        {
            1: (_set("all", (10,)), COMMIT),
            2: (("delete", "twenty"), COMMIT),
        },
        (1, 2, 1, 2),
        lambda told: told.both_committed() and told.answers[2][0] == 0,
        (False, True, True),
    ),
    Case(
        "P4",
        {
            1: (_get("one"), _set("one", 11), COMMIT),
            2: (_get("one"), _set("one", 12), COMMIT),
        },
        (1, 2, 1, 2, 1, 2),
        lambda told: told.both_committed() and told.seen(1) == told.seen(2) == [{1: 10}],
        (False, True, True),
    ),
    Case(
        "G-single",
        {
            1: (_get("one"), _get("two"), COMMIT),
            2: (_get("one"), _get("two"), _set("one", 12), _set("two", 18), COMMIT),
        },
        (1, 2, 2, 2, 2, 2, 1, 1),
        lambda told: told.seen(1) == [{1: 10}, {2: 18}],
        (False, True, True),
    ),
    Case(
        "G-single for write",
        {
            1: (_get("one"), ("delete", "twenty"), COMMIT),
            2: (_get("all"), _set("one", 12), _set("two", 18), COMMIT),
        },
        (1, 2, 2, 2, 2, 1, 1),
        lambda told: (
            told.both_committed() and told.seen(1) == [{1: 10}] and told.answers[1][1] == 0
        ),
        (False, True, True),
    ),
    Case(
        "G2-item",
        {
            1: (_get("both"), _set("one", 11), COMMIT),
            2: (_get("both"), _set("two", 21), COMMIT),
        },
        (1, 2, 1, 2, 1, 2),
        lambda told: told.both_committed() and told.seen(1) == told.seen(2) == [{1: 10, 2: 20}],
        (False, False, True),
    ),
    Case(
        "G2",
        {
            1: (_get("threes"), ("insert", {"id": 3, "value": 30, "tag": "c"}), COMMIT),
            2: (_get("threes"), ("insert", {"id": 4, "value": 42, "tag": "d"}), COMMIT),
        },
        (1, 2, 1, 2, 1, 2),
        lambda told: told.both_committed() and told.seen(1) == told.seen(2) == [{}],
        (False, False, True),
    ),
    Case(
        "G2 by a reader",
        {
            1: (_get("all"), _set("one", 0), COMMIT),
            2: (_set("two", (5,)), COMMIT),
            3: (_get("all"), COMMIT),
        },
        (1, 2, 2, 3, 3, 1, 1),
        _read_only,
        (False, False, True),
    ),
)
