"""The history of one run: its events in the order in which they took effect, and as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, overload

from pileup.errors import UsageError
from pileup.events import FAIL, INFO, OK, Event, Outcome, RawRow, Row, Seen, Who
from pileup.notes import Note, Step
from pileup.operations import Item, Touch

__all__ = ["FAIL", "INFO", "OK", "Event", "History", "Outcome", "RawRow", "Row", "Seen", "Who"]

FORMAT: Final = 1


class History(Sequence[Event]):
    """The events of one run, in the order in which they took effect."""

    __slots__ = ("agents", "parents", "rows", "sites")

    def __init__(
        self,
        agents: Iterable[Who],
        rows: Sequence[RawRow],
        parents: Mapping[tuple[int, int], int] | None = None,
        sites: Mapping[int, str] | None = None,
    ) -> None:
        self.agents = tuple(agents)
        self.rows = rows
        self.parents = parents or {}
        """Of an agent's tasks, by agent and strand: the strand that started it."""
        self.sites = sites or {}

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [self._event(number) for number in range(len(self))[index]]
        return self._event(range(len(self))[index])

    def _event(self, number: int) -> Event:
        row = Row._make(self.rows[number])
        versions: Sequence[int | None] = row.versions or [None] * len(row.touches)
        return Event(
            number=number,
            agent=self.agents[row.agent].name,
            strand=row.strand,
            name=row.name,
            items=tuple(
                Seen(touch.item.resource, touch.item.key, touch.access, version)
                for touch, version in zip(row.touches, versions, strict=True)
            ),
            outcome=row.outcome,
            invoked=row.invoked,
            time=row.time,
            step=row.step,
            detail=row.detail,
            fault=row.fault,
            note=row.note,
            site=self.sites.get(number, ""),
        )

    @property
    def digest(self) -> str:
        """Fingerprint of all that happened: two runs are the same if this is the same."""
        text = "\n".join(self.lines())
        return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()

    def lines(self) -> list[str]:
        """Write JSON lines: the agents first, then an event a line."""
        head: dict[str, object] = {
            "pileup_history": FORMAT,
            "agents": [vars(who) for who in self.agents],
        }
        if self.parents:
            head["tasks"] = [[*task, parent] for task, parent in sorted(self.parents.items())]
        names = [who.name for who in self.agents]
        return [_line(head), *(_line(_page(*each, names)) for each in enumerate(self.rows))]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> History:
        """Read what `lines` wrote."""
        rest = iter(lines)
        head = _load(next(rest, ""))
        try:
            if head["pileup_history"] != FORMAT:
                raise ValueError(f"format {head['pileup_history']}")
            agents = [Who(**each) for each in head["agents"]]
            parents = {(who, task): parent for who, task, parent in head.get("tasks", ())}
        except (KeyError, TypeError, ValueError):
            raise UsageError(
                f"This is not a pileup history of format {FORMAT}: its first line should hold "
                '{"pileup_history": 1, ...}. Give the file that `history.lines()` wrote, whole.'
            ) from None
        return cls(agents, list(_rows(rest, [who.name for who in agents])), parents)


_line: Final = json.JSONEncoder(separators=(",", ":")).encode
"""Write one line."""


def _load(line: str) -> Any:  # Any: JSON, looked at by the caller
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _page(number: int, row: RawRow, names: list[str]) -> dict[str, object]:
    """One event as JSON; what is as usual is left out, because most of it is."""
    name, touches, versions, agent, strand, step, asked, at, end, detail, fault, note = row
    page: dict[str, object] = {"n": number, "agent": names[agent], "do": name}
    if touches:
        page["items"] = [
            [item.resource, item.key, access, version]
            for (item, access), version in zip(
                touches, versions or (None,) * len(touches), strict=True
            )
        ]
    page |= {"end": end, "asked": asked, "at": at}
    if strand:
        page["strand"] = strand
    if step is not None:
        page["step"] = step
        if isinstance(step, Step):
            page["unit"] = step.number
            if step.failed:
                page["undone"] = True
    if detail is not None:
        page["detail"] = detail
    if fault is not None:
        page["fault"] = fault
    if note is not None:
        page["note"] = note.page()
    return page


def _rows(lines: Iterator[str], names: list[str]) -> Iterator[Row]:
    items: dict[tuple[str, str], Item] = {}
    for number, line in enumerate(lines, 1):
        try:
            yield _row(_load(line), names, items)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"Line {number} of the history is not an event ({type(error).__name__}: "
                f"{error!s:.80}): {line[:60]!r}. Give the file that `history.lines()` wrote, whole."
            ) from None


def _row(page: Any, names: list[str], items: dict[tuple[str, str], Item]) -> Row:
    touches, versions = [], []
    for resource, key, access, version in page.get("items", ()) if type(page) is dict else ():
        item = items.setdefault((resource, key), Item(resource, key))
        touches.append(Touch(item, access))
        versions.append(version)
    return Row(
        page["do"],
        tuple(touches),
        () if None in versions else tuple(versions),
        names.index(page["agent"]),
        page.get("strand", 0),
        _step(page),
        page["asked"],
        page["at"],
        page["end"],
        page.get("detail"),
        page.get("fault"),
        Note.parse(page["note"]) if "note" in page else None,
    )


def _step(page: Any) -> str | None:
    name: str | None = page.get("step")
    if name is None or "unit" not in page:
        return name
    step = Step(name, page["unit"])
    step.failed = page.get("undone", False)
    return step
