"""Who read what when, and who wrote over it: bonds that follow from versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from pileup.events import Event, Seen
from pileup.reports.plain import name
from pileup.reports.story.bond import HERE, Bond

Thing: TypeAlias = tuple[str, str]
"""Something shared, by resource and key."""


def of_versions(events: Sequence[Event], proof: Sequence[Event]) -> Iterator[Bond]:
    """Find what was seen, went stale and was written over, among what proves a finding."""
    looks = _Looks(events, proof)
    yield from _overwrites(looks)
    yield from _reads(looks)


class Look(NamedTuple):
    """One event, and one thing that it met or made a version of."""

    event: Event
    seen: Seen
    version: int

    @property
    def makes(self) -> bool:
        """Whether it made that version."""
        return self.seen.access != "read"

    @property
    def looks(self) -> bool:
        """Whether it knows what was there before."""
        return self.seen.access in ("read", "change")


class _Looks:
    """The events that met something that the proof is about, by thing, in order."""

    def __init__(self, events: Sequence[Event], proof: Sequence[Event]) -> None:
        self.proof: dict[Thing, list[Look]] = {}
        for look in _looks(proof):
            self.proof.setdefault(_thing(look), []).append(look)
        self.all: dict[Thing, list[Look]] = {thing: [] for thing in self.proof}
        for look in _looks(events):
            if _thing(look) in self.all:
                self.all[_thing(look)].append(look)

    def made_after(self, look: Look) -> Look | None:
        """Return what another made next of what was read, among the proof."""
        known = self.proof[_thing(look)]
        later = (each for each in known if each.event.number > look.event.number)
        newer = (each for each in later if each.version > look.version)
        return next((each for each in newer if each.makes and _differ(each, look)), None)

    def made_before(self, look: Look) -> Look | None:
        """Return what another made last of what was touched, among the proof."""
        known = self.proof[_thing(look)]
        earlier = (each for each in reversed(known) if each.event.number < look.event.number)
        return next((each for each in earlier if each.makes and _differ(each, look)), None)

    def knew(self, writer: Look) -> Look | None:
        """Return what a writer had last seen of a thing, or put there, when it wrote."""
        mine = [
            each
            for each in self.all[_thing(writer)]
            if each.event.agent == writer.event.agent and each.event.number < writer.event.number
        ]
        return next((each for each in reversed(mine) if each.looks or each.makes), None)


def _looks(events: Iterable[Event]) -> Iterator[Look]:
    for event in events:
        for seen in event.items:
            if seen.version is not None and event.outcome != "fail":
                yield Look(event, seen, seen.version)


def _thing(look: Look) -> Thing:
    return look.seen.resource, look.seen.key


def _overwrites(looks: _Looks) -> Iterator[Bond]:
    """Find what was written over, by whom, and whether that had been seen."""
    for known in looks.proof.values():
        for look in known:
            if look.seen.access != "write":
                continue
            erased = looks.made_before(look)
            if erased is not None:
                yield from _overwrite(looks, look, erased)


def _overwrite(looks: _Looks, look: Look, erased: Look) -> Iterator[Bond]:
    knew = looks.knew(look)
    who, by, thing = name(erased.event.agent), name(look.event.agent), name(look.seen.name)
    what = f"writes over v{erased.version} of {thing}, by {who} in {HERE}"
    start, end = erased.event.number, look.event.number
    if knew is None:
        yield Bond("over", start, end, f"written over by {by} in {HERE}", what)
    elif knew.version < erased.version:
        went = f", which it had not seen: it went by v{knew.version}"
        yield Bond("lost", start, end, f"lost: {by} writes over it in {HERE}, unseen", what + went)


def _reads(looks: _Looks) -> Iterator[Bond]:
    """Find what was seen of another's, and what was seen too early."""
    for known in looks.proof.values():
        for look in known:
            if not look.looks:
                continue
            yield from _seen(looks, look)
            if not look.makes:
                yield from _stale(looks, look)


def _seen(looks: _Looks, look: Look) -> Iterator[Bond]:
    met = look.version - look.makes
    made = looks.made_before(look)
    if made is not None and made.version == met:
        who, by = name(made.event.agent), name(look.event.agent)
        start, end = made.event.number, look.event.number
        yield Bond(
            "seen", start, end, f"{by} goes by it in {HERE}", f"sees what {who} did in {HERE}"
        )


def _stale(looks: _Looks, look: Look) -> Iterator[Bond]:
    newer = looks.made_after(look)
    if newer is not None:
        who = name(newer.event.agent)
        told = f"stale from {HERE} on: {who} has made v{newer.version} since"
        by = f"makes v{look.version} old, which {name(look.event.agent)} read in {HERE}"
        yield Bond("stale", look.event.number, newer.event.number, told, by)


def _differ(one: Look, other: Look) -> bool:
    return one.event.agent != other.event.agent
