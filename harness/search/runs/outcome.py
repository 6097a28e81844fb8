"""How a run came out: what is left behind, what was done to the outside, what each agent returned.

Two runs came out the same if all of that is spelled alike. What it is spelled
from is what the fakes say that they hold (`Sim.contents`); of a resource that
says nothing it is what the last operation on each item did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from operator import itemgetter
from typing import Final

from pileup.history import FAIL, INFO, History, RawRow
from pileup.operations import READ
from pileup.sim.endings import Rested
from pileup.sim.kernel import LAST, Sim
from pileup.spelling import canonical

END: Final = "at the end "
RETURNED: Final = "returned by "
FAILED: Final = "failure of "
EFFECT: Final = "effect "
_name: Final = itemgetter(0)
_agent: Final = itemgetter(3)
_outcome: Final = itemgetter(8)

PLAIN: Final = frozenset((int, str, float, bool, bytes, type(None)))
"""What `canonical` spells as `repr` does; most results are of these, and it has more to do."""


class Outcome:
    """What came of a run, part by part: `at the end memory[n]`, `returned by adds-0`."""

    def __init__(self, parts: Mapping[str, str]) -> None:
        self.parts = parts
        self.mark = blake2b(
            repr(sorted(parts.items())).encode("utf-8", "backslashreplace"), digest_size=8
        ).hexdigest()

    def differing(self, other: Outcome) -> list[str]:
        """Name the parts in which it differs from another, in order of names."""
        names = dict.fromkeys([*self.parts, *other.parts])
        return sorted(name for name in names if self.parts.get(name) != other.parts.get(name))


class Ended:
    """A run that has ended and whose world is still there to be looked at.

    `struck` if a fault has befallen it, `again` if it is one seen before.
    """

    def __init__(
        self, sim: Sim, history: History, *, struck: bool = False, again: bool = False
    ) -> None:
        self.history = history
        self.struck = struck
        self.again = again
        self._sim = sim

    @cached_property
    def outcome(self) -> Outcome | None:
        """How it came out; None if it did not come to its end."""
        sim = self._sim
        if sim.ending is not None and not isinstance(sim.ending, Rested):
            return None
        return Outcome(
            {**dict(_left(sim, self.history)), **_effects(self.history), **_answers(sim)}
        )

    def settle(self) -> None:
        """Look at the world now, because it will not be there later."""
        _ = self.outcome

    @cached_property
    def doubt(self) -> str:
        """Why its outcome proves nothing where no serial run has the same; empty if it does.

        A serial run meets no fault, hurries nobody and draws what it draws in
        another order, so it could not be expected to come to the same.
        """
        if self._sim.ending is not None and not isinstance(self._sim.ending, Rested):
            return "it did not come to its end"
        if self.struck:
            return "a fault struck"
        if self._sim.tape.data:
            return "it drew random data"
        if _is_hurried(self.history.rows):
            return "a deadline passed"
        return ""


def _is_hurried(rows: Sequence[RawRow]) -> bool:
    """Whether a deadline passed: there is an expiry, or an agent that waited no longer."""
    if LAST in map(_agent, rows) or "give up" in map(_name, rows):
        return True
    return INFO in map(_outcome, rows) and any(row[8] == INFO and not row[2] for row in rows)


def _left(sim: Sim, history: History) -> Iterator[tuple[str, str]]:
    for resource, contents in sim.contents.items():
        for key, value in contents().items():
            if value is not None:
                yield f"{END}{resource}[{key}]" if key else f"{END}{resource}", _spelled(value)
    for row in history.rows:
        if row[8] == FAIL or not row[2] or row[9] is None:
            continue
        for item, access in row[1]:
            told = item.resource.partition(".")[0] in sim.contents or item.resource == "agent"
            if access != READ and not told:
                yield f"{END}{item.name}", f"{row[0]} {row[9]!r}"


def _spelled(value: object) -> str:
    return repr(value) if type(value) in PLAIN else canonical(value)


def _effects(history: History) -> dict[str, str]:
    """Count what was done to the outside, each thing by what was asked for."""
    done: Counter[str] = Counter()
    for row in history.rows:
        note = row[11]
        if note is not None and note.effect and row[8] != FAIL and not note.refused:
            places = " ".join(touch.item.name for touch in row[1])
            done[f"{EFFECT}{row[0]} {places} {note.intent or ''}".rstrip()] += 1
    return {what: f"{times} times" for what, times in done.items()}


def _answers(sim: Sim) -> dict[str, str]:
    found: dict[str, str] = {}
    for agent in sim.agents:
        if agent.parent is not None:
            continue  # what a sub-agent found shows in what its parent made of it
        if agent.error is not None:
            found[f"{FAILED}{agent.name}"] = type(agent.error).__name__
        else:
            found[f"{RETURNED}{agent.name}"] = _spelled(agent.result)
    return found
