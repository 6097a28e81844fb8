"""Contamination: what a model got wrong or made up went on into what was done with it.

What a faulty answer says can be recognised: it is marked, or it is a wrong
answer that a rule names. We follow it from the answer into requests, writes,
answers and prompts, and say how far it went.

What is right and looks the same must stay silent: a gate, after which nobody
carries it any more. A gate may ask a model what it thinks of the answer, hand
the answer up to whoever started it, or take it from a queue and drop it.
It may also look the answer up (a GET), or have a server refuse it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

from pileup.detectors.case import Case
from pileup.detectors.outlets import (
    ANSWER,
    COMPLETE,
    PROMPT,
    PUBLISH,
    REQUEST,
    happened,
    is_taking,
    items,
    let_out,
    outlet,
    places,
    whose,
)
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import RawRow
from pileup.notes import MARK
from pileup.operations import Item

CANARY: Final = "canary-"
LOOKING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
WRITE: Final = "write"
MESSAGE: Final = "message"

KINDS: Final = {
    REQUEST: ("request", "requests"),
    WRITE: ("write", "writes"),
    MESSAGE: ("message", "messages"),
    ANSWER: ("answer", "answers"),
    PROMPT: ("later prompt", "later prompts"),
}
"""Where it can come out, the worst first, and how that is said."""


class Trace(NamedTuple):
    """One row that carried on what a faulty answer had said."""

    number: int
    kind: str


def contamination(case: Case) -> Iterator[Finding]:
    """Find what faulty answers have got into, each faulty answer once."""
    sources = _sources(case) if case.marked else {}
    if not sources:
        return
    traces: dict[int, list[Trace]] = {}
    for source, trace in Spread(case, sources).traces():
        known = traces.setdefault(source, [])
        if not known or known[-1] != trace:
            known.append(trace)
    told: set[str] = set()
    for source, its in traces.items():
        if _is_harm(its):
            finding = _finding(case, source, its)
            if finding.mark not in told:
                told.add(finding.mark)
                yield finding


def _sources(case: Case) -> dict[str, int]:
    """Return what was made up, and the first faulty answer that did."""
    found: dict[str, int] = {}
    for number in case.marked:
        for mark in _made_up(case.rows[number]):
            found.setdefault(mark, number)
    return found


def _made_up(row: RawRow) -> list[str]:
    """Return what a faulty answer says that was not in its prompt."""
    note = row[11]
    if note is None or note.faulty is None or not happened(row):
        return []
    return [each for each in note.got if each not in note.sent and not each.startswith(CANARY)]


class Spread:
    """Follows what was made up through a history."""

    def __init__(self, case: Case, sources: dict[str, int]) -> None:
        self._case = case
        self._sources = sources
        self._has: dict[tuple[int, str], bool] = {}
        """Whether what an agent got last that reads like this came from the faulty answer."""
        self._held: set[tuple[Item, str]] = set()

    @cached_property
    def _taken(self) -> set[str | None]:
        """The messages that were handed over: who got them decides what becomes of them."""
        rows = self._case.rows
        return {
            note.message
            for number in self._case.noted
            if is_taking(rows[number]) and (note := rows[number][11]) is not None
        }

    def traces(self) -> Iterator[tuple[int, Trace]]:
        """Return what carried it on, with the faulty answer that it came from."""
        for number in self._case.marked:
            row = self._case.rows[number]
            note = row[11]
            assert note is not None
            if not happened(row):
                continue
            for mark in note.sent:
                source = self._sources.get(mark, number)
                if source < number and self._has.get((row[3], mark), True):
                    self._held.update((item, mark) for item in places(row))
                    kind = self._kind(row)
                    if kind is not None:
                        yield source, Trace(number, kind)
            for mark in note.got:
                if mark in self._sources:
                    self._has[row[3], mark] = self._is_from_it(row, mark)

    def _is_from_it(self, row: RawRow, mark: str) -> bool:
        """Whether what was got is from the faulty answer, and not something that is just alike."""
        note = row[11]
        assert note is not None
        if MARK.fullmatch(mark) or mark in _made_up(row):
            return True
        if row[0] == COMPLETE:
            return mark in note.sent
        return any((item, mark) in self._held for item in items(row))

    def _kind(self, row: RawRow) -> str | None:
        """Say where an operation carried it to, if that is more than handing it on."""
        way = outlet(row)
        if way == ANSWER:  # a sub-agent's parent may be the gate
            return None if self._case.agents[row[3]].parent is not None else ANSWER
        note = row[11]
        if way == REQUEST and (row[0] in LOOKING or (note is not None and note.refused)):
            return None  # because nothing was done with it
        if way is not None:
            return way
        if row[0] == PUBLISH and note is not None:
            return None if note.message in self._taken else MESSAGE
        return WRITE if next(places(row), None) is not None else None


def _is_harm(traces: list[Trace]) -> bool:
    """Whether it got anywhere; a prompt alone may be the gate that looks at it."""
    return any(trace.kind != PROMPT for trace in traces)


# What is said of it ------------------------------------------------------------------------------


def _finding(case: Case, source: int, traces: list[Trace]) -> Finding:
    row, who = case.rows[source], whose(case, source)
    note = row[11]
    assert note is not None
    firsts = [next((each for each in traces if each.kind == kind), None) for kind in KINDS]
    shown = sorted(each for each in firsts if each is not None)
    agents = list(dict.fromkeys((who, *(whose(case, each.number) for each in traces))))
    said_so = "made something up" if note.faulty == "invented" else "gave a wrong answer"
    counts = {kind: sum(each.kind == kind for each in traces) for kind in KINDS}
    way = "".join(
        f"{whose(case, each.number)} {let_out(case, each.number)}{said(case, each.number)}.\n"
        for each in shown
    )
    return found(
        "contamination",
        title=f"what a model got wrong for {who} went on into {_listed(counts)}",
        explanation=(
            f"The model {said_so}: {', '.join(_made_up(row))}, to {who}{said(case, source)}.\n"
            f"Nobody stopped it:\n{way}"
            f"Altogether it got into {_listed(counts)}, of {_number(len(agents), 'agent')}."
        ),
        item=next(items(row), None),
        agents=tuple(agents),
        evidence=(source, *(each.number for each in shown)),
        receipt={
            "mistake": note.faulty,
            "said": ", ".join(_made_up(row)),
            **{KINDS[kind][1].replace(" ", "_"): count for kind, count in counts.items()},
            "agents": len(agents),
            "last_event": traces[-1].number,
        },
        mark=_mark(case, source, shown[0].number),
    )


def _mark(case: Case, source: int, first: int) -> str:
    """Tell the bug apart by who asked, and what was done with the answer first."""
    asked, did = case.rows[source], case.rows[first]
    where = next((item.resource for item in items(did)), "")
    roles = " ".join(case.agents[row[3]].role for row in (asked, did))
    return f"{roles} {asked[5] or ''} {did[0]} {where}"


def _listed(counts: dict[str, int]) -> str:
    """Say how many of each: `1 request, 2 writes and 1 answer`."""
    parts = [f"{count} {KINDS[kind][count != 1]}" for kind, count in counts.items() if count]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[:-1] else parts)


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
