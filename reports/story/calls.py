"""What was asked again, waited for, carried on, begun and sent: bonds that versions do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pileup.events import INFO, Event
from pileup.reports.plain import name
from pileup.reports.story.bond import HERE, Bond
from pileup.reports.story.versions import Thing


def repeats(proof: Sequence[Event]) -> Iterator[Bond]:
    """Find what was asked for again."""
    last: dict[tuple[str, str], Event] = {}
    for event in proof:
        intent = None if event.note is None else event.note.intent
        if intent is None:
            continue
        before = last.get((event.name, intent))
        last[event.name, intent] = event
        if before is not None:
            yield _repeat(before, event)


def _repeat(before: Event, event: Event) -> Bond:
    who = "it" if before.agent == event.agent else name(before.agent)
    happened = all(each.note is not None and each.note.effect for each in (before, event))
    if happened:
        said = f"does again what {who} did in {HERE}"
        return Bond("again", before.number, event.number, f"happens once more in {HERE}", said)
    said = f"asks again what {who} asked in {HERE}"
    return Bond("retry", before.number, event.number, "", said)


def waits(events: Sequence[Event], proof: Sequence[Event]) -> Iterator[Bond]:
    """Find who waits to the end, and who took what it waits for in the same way."""
    last = {event.agent: event.number for event in events}
    for event in proof:
        things = {(seen.resource, seen.key) for seen in event.items if seen.access == "change"}
        ended = event.outcome == INFO and all(seen.version is None for seen in event.items)
        if not (things and ended) or last[event.agent] != event.number:
            continue
        before = _back_from(events, event.number)
        holder = next((each for each in before if _took(each, event, things)), None)
        if holder is not None and holder.name == event.name:  # it has not given it back
            who, by = name(holder.agent), name(event.agent)
            told = f"waits and never gets it: {who} has had it since {HERE}"
            kept = f"{by} waits for it from {HERE} on, and never gets it"
            yield Bond("waits", holder.number, event.number, kept, told)


def _took(event: Event, waiting: Event, things: set[Thing]) -> bool:
    return event.agent != waiting.agent and any(
        (seen.resource, seen.key) in things and seen.version is not None for seen in event.items
    )


def carries(proof: Sequence[Event]) -> Iterator[Bond]:
    """Find where a secret or a mistake went on."""
    for before, event in pairwise(event for event in proof if _marks(event)):
        went = [mark for mark in _marks(before) if mark in _marks(event)]
        if went:
            told = f"carries on {name(went[0], 40)} from {HERE}"
            yield Bond("carried", before.number, event.number, f"goes on in {HERE}", told)


def _marks(event: Event) -> tuple[str, ...]:
    return () if event.note is None else (*event.note.sent, *event.note.got)


def births(events: Sequence[Event], parents: Mapping[str, str | None]) -> Iterator[Bond]:
    """Find where an agent began a helper."""
    begun: dict[str, int] = {}
    first: dict[str, int] = {}
    for event in events:
        if event.name == "start":
            begun.setdefault(event.agent, event.invoked)
        elif event.name != "end" and parents.get(event.agent) is not None:
            first.setdefault(event.agent, event.number)
    for helper, number in first.items():
        parent = parents[helper] or ""
        before = _back_from(events, begun.get(helper, 0))
        own = (each for each in before if each.agent == parent and each.name != "start")
        last = next(own, None)
        if last is not None:
            told = f"begun by {name(parent)} after {HERE}"
            yield Bond("born", last.number, number, "", told)


def _back_from(events: Sequence[Event], number: int) -> Iterator[Event]:
    return (events[place] for place in range(min(number, len(events)) - 1, -1, -1))


def messages(events: Sequence[Event]) -> Iterator[Bond]:
    """Find where the messages came from that were taken."""
    sent: dict[str, Event] = {}
    for event in events:
        message = None if event.note is None else event.note.message
        if message is None:
            continue
        source = sent.setdefault(message, event)
        if source.agent != event.agent and event.name != "expire":
            told = f"{name(message, 40)} was sent by {name(source.agent)} in {HERE}"
            yield Bond("sent", source.number, event.number, "", told)
            sent[message] = event  # who hands it on is its sender from then on
