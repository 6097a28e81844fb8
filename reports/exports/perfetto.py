"""Chrome's trace events as JSON, for ui.perfetto.dev and for the Performance panel of Chrome.

A process is an agent, a thread one of its tasks, a slice an operation from
when it was asked for until it was over. Slices of one thread must lie side by
side, so what overlaps (an effect that came after its agent had given up) gets
a further thread. Above them lie steps and transactions; arrows lead from the
start of a helper, from a stale look and from a message to what came of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Final, TypeAlias

from pileup.events import OK, Event
from pileup.faults.catalogue import CATALOGUE
from pileup.history import History
from pileup.reports.exports import ties
from pileup.reports.exports.moments import TOLD, Moments
from pileup.reports.exports.texts import dump, plain
from pileup.reports.exports.units import Unit, transaction_of, units

Page: TypeAlias = dict[str, object]

ARROWS: Final[Mapping[ties.Sort, str]] = {
    "started": "starts",
    "stale": "stale read, then written over",
    "message": "message",
}


class Place:
    """Process and thread of each event."""

    def __init__(self, history: History, moments: Moments) -> None:
        self.processes = {who.name: number for number, who in enumerate(history.agents, 1)}
        self.threads: dict[int, tuple[int, str]] = {}
        """Of each thread its process and its name; that of an agent itself has its number."""
        self._further = count(len(self.processes) + 1)
        self._moments = moments
        self._lanes: dict[tuple[str, int], list[int]] = {}
        self._ends: dict[int, int] = {}
        self._at: dict[int, int] = {}

    def put(self, event: Event) -> None:
        """Find a thread on which nothing else goes on."""
        lanes = self._lanes.setdefault((event.agent, event.strand), [])
        asked = self._moments.asked(event)
        free = (lane for lane in lanes if self._ends[lane] <= asked)
        lane = next(free, None)
        if lane is None:
            lane = self._fresh(event, len(lanes))
            lanes.append(lane)
        self._ends[lane] = self._moments.end(event)
        self._at[event.number] = lane

    def _fresh(self, event: Event, beside: int) -> int:
        process = self.processes[event.agent]
        is_first = event.strand == 0 and not beside
        number = process if is_first else next(self._further)
        name = f"task {event.strand}" if event.strand else event.agent
        self.threads[number] = process, f"{name} (overlapping)" if beside else name
        return number

    def at(self, event: Event) -> Page:
        """Say where an event is."""
        return {"pid": self.processes[event.agent], "tid": self._at[event.number]}


def write(history: History) -> str:
    """Write a history as a trace."""
    events = list(history)
    moments = Moments(events)
    place = Place(history, moments)
    for event in events:
        place.put(event)
    told = [
        *(_slice(event, place, moments) for event in events),
        *_spans(events, place, moments),
        *_faults(events, place, moments),
        *_arrows(history, events, place, moments),
    ]
    told.sort(key=_time)
    return dump(
        {
            "traceEvents": [*_names(history, place), *told],
            "displayTimeUnit": "ns",
            "otherData": {"producer": "pileup", "time": TOLD},
        }
    )


def _time(page: Page) -> int:
    time = page["ts"]
    assert isinstance(time, int)
    return time


def _names(history: History, place: Place) -> Iterator[Page]:
    for who in history.agents:
        process = place.processes[who.name]
        labels = [f"role {who.role}", f"session {who.session}" if who.session else ""]
        labels.append(f"started by {who.parent}" if who.parent is not None else "")
        yield _meta("process_name", process, {"name": who.name})
        yield _meta("process_labels", process, {"labels": ", ".join(filter(None, labels))})
        yield _meta("process_sort_index", process, {"sort_index": process})
    for thread, (process, name) in place.threads.items():
        yield {**_meta("thread_name", process, {"name": name}), "tid": thread}
        yield {**_meta("thread_sort_index", process, {"sort_index": thread}), "tid": thread}


def _meta(name: str, process: int, facts: Page) -> Page:
    return {"ph": "M", "name": name, "pid": process, "tid": process, "ts": 0, "args": facts}


def _slice(event: Event, place: Place, moments: Moments) -> Page:
    asked = moments.asked(event)
    return {
        "ph": "X",
        "name": event.label,
        "cat": "operation" if event.outcome == OK else f"operation,{event.outcome}",
        **place.at(event),
        "ts": asked,
        "dur": moments.end(event) - asked,
        "args": _facts(event),
    }


def _facts(event: Event) -> Page:
    """Say what is to be seen when a slice is clicked on."""
    versions = {seen.name: seen.version for seen in event.items if seen.version is not None}
    facts: Page = {"event": event.number, "outcome": event.outcome, "virtual seconds": event.time}
    facts |= {"versions": versions} if versions else {}
    facts |= {"value": plain(event.detail)} if event.detail is not None else {}
    facts |= {"fault": event.fault} if event.fault is not None else {}
    facts |= {"line": event.site} if event.site else {}
    facts |= {"step": str(event.step)} if event.step is not None else {}
    transaction = transaction_of(event)
    return facts | ({} if transaction is None else dict([transaction]))


def _spans(events: Iterable[Event], place: Place, moments: Moments) -> Iterator[Page]:
    """Show steps and transactions; a helper's part of a step counts as the step's."""
    for number, unit in enumerate(units(events).values(), 1):
        frame = {"name": unit.name, "cat": unit.kind, "id": number, **place.at(unit.first)}
        begun = min(moments.asked(each) for each in unit.events)
        yield {"ph": "b", **frame, "ts": begun, "args": _ending(unit)}
        yield {"ph": "e", **frame, "ts": moments.end(unit.last)}


def _ending(unit: Unit) -> Page:
    return {"ended": unit.state, "agents": list(dict.fromkeys(each.agent for each in unit.events))}


def _faults(events: Iterable[Event], place: Place, moments: Moments) -> Iterator[Page]:
    for event in events:
        if event.fault is not None:
            says = CATALOGUE[event.fault].says if event.fault in CATALOGUE else ""
            frame = {"ph": "i", "s": "t", "name": f"fault: {event.fault}", "cat": "fault"}
            at = {**place.at(event), "ts": moments.effect(event)}
            yield {**frame, **at, "args": {"says": says, "event": event.number}}


def _arrows(
    history: History, events: list[Event], place: Place, moments: Moments
) -> Iterator[Page]:
    drawn = (*ties.started(history, events), *ties.stale(events), *ties.messages(events))
    for number, (sort, source, target) in enumerate(drawn, 1):
        frame = {"name": ARROWS[sort], "cat": sort, "id": number}
        for phase, event in (("s", events[source]), ("f", events[target])):
            at = {**place.at(event), "ts": moments.effect(event)}
            yield {"ph": phase, **({"bp": "e"} if phase == "f" else {}), **frame, **at}
