"""What came of what: which event led to which other, as far as a history tells.

* `started`: from what an agent did last, to the first of what it had started;
* `read`: from whoever made a version, to whoever went by it;
* `stale`: from a look at what then changed, to the write by the same task that
  erased the change unseen;
* `message`: from where it was sent, to where each task first had it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from pileup.events import FAIL, Event, Seen
from pileup.history import History

Sort: TypeAlias = Literal["started", "read", "stale", "message"]
Strand: TypeAlias = tuple[str, int]
Thing: TypeAlias = tuple[str, str]

LOOKS: Final = ("read", "change")
"""Of these an agent knows what was there before."""

PUBLISH: Final = "publish"
WHOLE: Final = -1
"""In the place of a task's number: the agent with all of its tasks."""


class Tie(NamedTuple):
    """Two events, by number, and how the one led to the other."""

    sort: Sort
    source: int
    target: int


def started(history: History, events: Sequence[Event]) -> Iterator[Tie]:
    """Find where agents and tasks were started."""
    parents = _parents(history)
    numbers: dict[Strand, list[int]] = {}
    begun: dict[Strand, None] = {}
    for event in events:
        for who in ((event.agent, event.strand), (event.agent, WHOLE)):
            if who in parents and who not in begun:
                before = numbers.get(parents[who], [])
                place = bisect_left(before, min(event.invoked, event.number))
                if place:
                    yield Tie("started", before[place - 1], event.number)
            begun[who] = None
            numbers.setdefault(who, []).append(event.number)


def _parents(history: History) -> dict[Strand, Strand]:
    names = [who.name for who in history.agents]
    found: dict[Strand, Strand] = {
        (who.name, WHOLE): (who.parent, WHOLE) for who in history.agents if who.parent is not None
    }
    for (agent, task), parent in history.parents.items():
        if agent < len(names):
            found[names[agent], task] = names[agent], parent
    return found


def read(events: Sequence[Event]) -> Iterator[Tie]:
    """Find who went by what whom had made: to read it, or to change it in view of what it was."""
    makers: dict[tuple[Thing, int], int] = {}
    for event in events:
        sources: dict[int, None] = {}
        for thing, seen, version in _met(event):
            source = makers.get((thing, version - (seen.access == "change")))
            if seen.access in LOOKS and source is not None and not is_message(event):
                sources[source] = None
        for thing, seen, version in _met(event):
            if seen.access != "read":
                makers[thing, version] = event.number
        for source in sources:
            yield Tie("read", source, event.number)


def is_message(event: Event) -> bool:
    """Whether it is about a message: who sends one or takes one learns nothing of the queue."""
    return event.note is not None and event.note.message is not None


def _met(event: Event) -> Iterator[tuple[Thing, Seen, int]]:
    """Return what an event met that took effect, each with its version."""
    if event.outcome != FAIL:
        for seen in event.items:
            if seen.version is not None:
                yield (seen.resource, seen.key), seen, seen.version


class _Look(NamedTuple):
    """Up to which version a task knows a thing, and the event in which it looked."""

    version: int
    event: int | None


def stale(events: Sequence[Event]) -> Iterator[Tie]:
    """Find the writes that went by what had changed since it was read."""
    known: dict[tuple[Strand, Thing], _Look] = {}
    for event in events:
        for thing, seen, version in _met(event):
            mine = ((event.agent, event.strand), thing)
            look = known.get(mine)
            if seen.access in LOOKS:
                known[mine] = _Look(version, event.number)
                continue
            is_fresh = look is None or look.version >= version - 1
            if seen.access == "update":  # it erases nothing, and tells nothing
                if look is not None and is_fresh:
                    known[mine] = look._replace(version=version)
                continue
            if look is not None and look.event is not None and not is_fresh:
                yield Tie("stale", look.event, event.number)
            known[mine] = _Look(version, None)


def messages(events: Sequence[Event]) -> Iterator[Tie]:
    """Find where messages came from."""
    sent: dict[str, int] = {}
    had: dict[tuple[str, Strand], None] = {}
    for event in events:
        message = None if event.note is None else event.note.message
        if message is None:
            continue
        if event.name == PUBLISH:
            sent.setdefault(message, event.number)
            continue
        mine = (message, (event.agent, event.strand))
        if message in sent and mine not in had:
            had[mine] = None
            yield Tie("message", sent[message], event.number)
