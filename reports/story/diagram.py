"""A run as a diagram: its lanes, its moments in order, and what belongs to what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from pileup.events import Event
from pileup.faults.catalogue import CATALOGUE
from pileup.history import History
from pileup.reports.plain import name
from pileup.reports.story.bond import Bond
from pileup.reports.story.folds import folded
from pileup.reports.story.lanes import Lanes, shown
from pileup.reports.story.links import bonds
from pileup.reports.story.model import Diagram, Moment, Remark, Touch
from pileup.reports.story.times import gaps, lasting
from pileup.reports.story.wrong import first_wrong

LIFE: Final = ("start", "end")
OUTCOMES: Final = {"ok": "", "fail": "failed", "info": "its agent does not know"}
VALUE: Final = 400


def diagram(history: History, evidence: Collection[int]) -> Diagram:
    """Draw a run; how agents begin and end is left out where it proves nothing."""
    whole, proof = list(history), frozenset(evidence)
    events = [event for event in whole if event.name not in LIFE or event.number in proof]
    lanes = Lanes(events, history.agents)
    there = {event.number for event in events}
    parents = {who.name: who.parent for who in history.agents}
    bound = [
        each
        for each in bonds(whole, evidence, parents)
        if each.start in there and each.end in there
    ]
    told = _remarks(bound)
    moments = [
        _moment(each, gap, lanes, proof, told.get(each.number, ()))
        for each, gap in zip(events, gaps([each.time for each in events]), strict=True)
    ]
    linked = {number for each in bound for number in (each.start, each.end)}
    wrong = first_wrong(bound, [each for each in events if each.number in proof])
    return Diagram(
        lanes=lanes.all,
        stretches=folded(moments, linked, wrong),
        links=tuple(each.link for each in bound),
        wrong=wrong,
        has_proof=bool(proof),
    )


def _remarks(bound: Sequence[Bond]) -> dict[int, tuple[Remark, ...]]:
    found: dict[int, tuple[Remark, ...]] = {}
    for each in bound:
        for number, remark in each.remarks():
            found[number] = (*found.get(number, ()), remark)
    return found


def _moment(
    event: Event,
    later: str,
    lanes: Lanes,
    evidence: Collection[int],
    remarks: tuple[Remark, ...],
) -> Moment:
    return Moment(
        number=event.number,
        agent=name(event.agent),
        lane=lanes.of_agent(event.agent),
        deed=name(event.name),
        touches=tuple(
            Touch(name(seen.name), seen.access, seen.version, lanes.of(seen))
            for seen in shown(event)
        ),
        time=lasting(event.time),
        value="" if event.detail is None else name(repr(event.detail), VALUE),
        outcome=event.outcome,
        ended=OUTCOMES[event.outcome],
        fault=event.fault or "",
        befell=CATALOGUE[event.fault].says if event.fault else "",
        site=name(event.site),
        step=name(event.step or ""),
        is_evidence=event.number in evidence,
        later=later,
        remarks=remarks,
    )
