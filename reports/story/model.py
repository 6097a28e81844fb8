"""The parts of a story, as data: everything is in words, in order, and safe to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Literal, NamedTuple

from pileup.events import Outcome

Sort = Literal[
    "stale", "lost", "over", "seen", "carried", "waits", "retry", "again", "sent", "born"
]
"""How two moments belong together; `links` says what each means."""


class Lane(NamedTuple):
    """A line of the diagram: an agent, or something that agents share."""

    name: str
    is_agent: bool
    about: str = ""


class Touch(NamedTuple):
    """What a moment did to one thing, and on which lane that is."""

    name: str
    access: str
    version: int | None
    lane: int

    @property
    def told(self) -> str:
        """Say which version was met, or made: `files[a] at v0`, `files[a] now v1`."""
        if self.version is None:
            return self.name
        return f"{self.name} {'at' if self.access == 'read' else 'now'} v{self.version}"


class Remark(NamedTuple):
    """What belongs to a moment because of another one, whose number stands in the sentence."""

    sort: Sort
    before: str
    other: int
    after: str = ""

    @property
    def told(self) -> str:
        """Say it in one sentence."""
        return f"{self.before}{self.other}{self.after}"


class Link(NamedTuple):
    """A line from one moment to another."""

    sort: Sort
    start: int
    end: int


@dataclass(frozen=True)
class Moment:
    """One operation, as it took effect."""

    number: int
    agent: str
    lane: int
    deed: str
    touches: tuple[Touch, ...]
    time: str
    value: str = ""
    outcome: Outcome = "ok"
    ended: str = ""
    """What became of it, in words, if it did not go well."""
    fault: str = ""
    befell: str = ""
    """What the fault does, in words."""
    site: str = ""
    step: str = ""
    is_evidence: bool = False
    later: str = ""
    """After how long it came, in virtual time, if nothing happened for a while before it."""
    remarks: tuple[Remark, ...] = ()

    @property
    def line(self) -> str:
        """The user's line, without the function that it stands in."""
        return self.site.partition(" ")[0]

    @property
    def fate(self) -> str:
        """Say what became of it at more length, if nothing else does."""
        if self.outcome != "info":
            return self.ended
        if any(each.version is not None for each in self.touches):
            return "it happened, and its agent does not know"
        waits = any(each.sort == "waits" for each in self.remarks)
        return "" if waits else "its agent gave up before it happened"

    @property
    def is_lost(self) -> bool:
        """Whether what it did was erased by somebody who had not seen it."""
        return any(each.sort == "lost" and each.other > self.number for each in self.remarks)


class Stretch(NamedTuple):
    """Moments in a row; folded if nothing of interest happens in them."""

    moments: tuple[Moment, ...]
    is_folded: bool = False


@dataclass(frozen=True)
class Diagram:
    """A run in order: who did what, on which lanes, and what belongs to what."""

    lanes: tuple[Lane, ...]
    stretches: tuple[Stretch, ...]
    links: tuple[Link, ...] = ()
    wrong: int | None = None
    """The first moment in which something is wrong."""
    has_proof: bool = False

    @property
    def moments(self) -> tuple[Moment, ...]:
        """All of it, folded or not."""
        return tuple(chain.from_iterable(each.moments for each in self.stretches))


class Layer(NamedTuple):
    """A place that retries: its line, how often it tried, and how many calls that makes below."""

    line: str
    tries: int
    calls: int


class Stop(NamedTuple):
    """One place on the way of something that should have stayed where it was."""

    number: int
    agent: str
    session: str
    deed: str


@dataclass(frozen=True)
class Told:
    """A finding, in words."""

    number: int
    kind: str
    severity: str
    title: str
    lines: tuple[str, ...]
    seen: str = ""
    advice: str = ""
    elsewhere: str = ""
    """How to see the run that its events are of, if that is not the one that is shown."""
    replay: str = ""
    run: int | None = None
    """Which of the story's runs its events are of; None if that one is not kept."""
    layers: tuple[Layer, ...] = ()
    attempts: int = 0
    way: tuple[Stop, ...] = ()


@dataclass(frozen=True)
class Shown:
    """The run that is shown, and how to see it again."""

    kind: str
    """What it shows; nothing for a clean run."""
    diagram: Diagram
    replay: str
    beside: str = ""
    sizes: tuple[str, ...] = ()
    """What it was shrunk from, and whether it takes a special order."""
    outcome: tuple[str, ...] = ()
    """What agents returned, and how long it took."""


class Fact(NamedTuple):
    """Something about the search, under a heading."""

    name: str
    value: str


@dataclass(frozen=True)
class Story:
    """All that is told of an exploration or of a run."""

    name: str
    headline: str
    is_run: bool
    findings: tuple[Told, ...] = ()
    shown: Shown | None = None
    others: tuple[Shown, ...] = ()
    """Runs that show other findings, for those who have room for them."""
    sure: tuple[str, ...] = ()
    """If nothing was found: how much that says."""
    searched: tuple[Fact, ...] = ()
    saved: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_faithful: bool = True

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def runs(self) -> tuple[Shown, ...]:
        """All runs that there are, in the order that findings name them by."""
        first = () if self.shown is None else (self.shown,)
        return (*first, *self.others)

    @property
    def assurances(self) -> tuple[str, ...]:
        """How sure a clean result is, but for what the headline says."""
        first, *rest = self.sure or ("",)
        begun = first.removeprefix(self.headline).removeprefix(". ")
        return tuple(each for each in (begun, *rest) if each)
