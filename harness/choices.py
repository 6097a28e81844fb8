"""The one idea: everything that could have gone otherwise is a choice on a tape.

Which parked operation takes effect next, whether a deadline passes first,
whether a fault fires, what a random draw returns: each is a `Point`, answered
by a `Strategy` with a number, and noted on the `Tape`. **Option 0 is always
the dullest** (the same agent goes on, no fault, the right answer). So the empty tape
is the serial run, replay is reading, and shrinking is lowering numbers.

The three streams are separate so that one more fault does not shift the
schedule that comes after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from pileup.operations import Access, Operation

Stream: TypeAlias = Literal["schedule", "faults", "data"]

STREAMS: tuple[Stream, ...] = ("schedule", "faults", "data")

CLOCK = "clock"
"""The label of the option that lets the next deadline pass first."""


CLOCK_TURN = -2
"""Who acts when a deadline passes: no strand, whose numbers are from 0."""

LOOP_TURN = -1
"""Who acts when an event loop goes on beside parked operations: its own strand, which is nobody's.
"""

UNATTENDED = 1 << 40
"""From this number on a strand is nobody's: what it does happens by itself. It ranks behind all
agents, because the dullest is that it does not."""

Foot: TypeAlias = tuple[str, str, Access]
"""A resource, a key of it, and what is done to it: a touch by name, because items are a run's own.
"""


class Turn:
    """One step of a run as those see it who learn from runs.

    `strand` acted, which `agent`'s it is; what it did could happen since turn
    number `parked`, and `waits` says that it also had to wait until the world
    was ready for it. `feet` is what it touched, with all that its agent did
    before it gave way again.
    """

    __slots__ = ("agent", "feet", "parked", "strand", "waits")

    def __init__(self, strand: int, agent: int, parked: int, *, waits: bool) -> None:
        self.strand = strand
        self.agent = agent
        self.parked = parked
        self.waits = waits
        self.feet: list[Foot] = []


class Trail:
    """What a run has done so far, turn by turn, and who was `left` waiting when it ended."""

    __slots__ = ("left", "turns")

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.left: list[Turn] = []


class Candidate(Protocol):
    """A strand of execution whose next operation could take effect now."""

    @property
    def number(self) -> int:
        """Which strand this is, in order of creation."""

    @property
    def name(self) -> str:
        """Whose it is: the same in another run, where the number may be another one."""

    @property
    def op(self) -> Operation | None:
        """What it waits to do."""

    @property
    def label(self) -> str:
        """Who does what to what: the name by which a tape knows this option."""


class Point:
    """One question: `count` options, of which a strategy picks a number.

    At a schedule point the options are the parked strands, told off from the
    one that ran last (so 0 lets it go on), and, when `jump`, a last one that
    lets the next deadline pass first. The kernel reuses one object for all
    schedule points, so a strategy must not keep it.

    A question with `odds` has two options, and the second is to be taken that
    often by a strategy that draws; one without an opinion takes the `usual`.
    `trail` is what the run has done so far, where the strategy studies it.
    """

    __slots__ = ("at", "candidates", "count", "jump", "label", "odds", "stream", "trail")

    def __init__(
        self, stream: Stream, count: int, label: str = "", odds: float | None = None
    ) -> None:
        self.stream = stream
        self.count = count
        self.label = label
        self.odds = odds
        self.candidates: Sequence[Candidate] = ()
        self.at = 0
        self.jump = False
        self.trail: Trail | None = None

    @property
    def usual(self) -> int:
        """What to answer without an opinion: the dullest, but for what is certain to happen."""
        return 1 if self.odds is not None and self.odds >= 1 else 0

    def candidate(self, index: int) -> Candidate | None:
        """Return the strand behind an option, or None where the option is the clock's."""
        if self.jump and index == self.count - 1:
            return None
        at = self.at + index
        return self.candidates[at - len(self.candidates) if at >= len(self.candidates) else at]

    def strand(self, index: int) -> Candidate:
        """Return the strand behind an option that is not the clock's."""
        strand = self.candidate(index)
        assert strand is not None
        return strand

    def option(self, index: int) -> str:
        """Name an option by what it would do, so that a tape survives a renumbering."""
        if self.stream != "schedule":
            return f"{self.label}={index}"
        chosen = self.candidate(index)
        return CLOCK if chosen is None else chosen.label

    def options(self) -> list[str]:
        """Name all options; for messages, because a schedule point may have thousands."""
        return [self.option(index) for index in range(self.count)]


@runtime_checkable
class Strategy(Protocol):
    """Whoever answers the questions of one run after another."""

    @property
    def name(self) -> str:
        """How users and statistics call it."""

    def begin(self, run: int) -> None:
        """Get ready for run number `run`; all randomness derives from it and the seed."""

    def choose(self, point: Point) -> int:
        """Pick one of `range(point.count)`; never called with fewer than two options."""


@runtime_checkable
class Student(Strategy, Protocol):
    """A strategy that learns from what a run has done, and may know when nothing is left to try."""

    @property
    def studies(self) -> bool:
        """Whether it wants to see the trail of this run; asked after `begin`."""

    @property
    def done(self) -> bool:
        """Whether there is nothing left to try."""

    def learn(self, trail: Trail) -> None:
        """Look at the run that it has answered for, which has come to its end."""


@dataclass(frozen=True)
class Tape:
    """The choices of one run: everything that is needed to see it again.

    `labels` names each choice by what it did; a tape that was only recorded
    in passing has none, one that was replayed has all. What lies beyond the
    end of a stream is dull.
    """

    schedule: tuple[int, ...] = ()
    faults: tuple[int, ...] = ()
    data: tuple[int, ...] = ()
    labels: dict[Stream, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def stream(self, name: Stream) -> tuple[int, ...]:
        """Return the choices of one stream."""
        if name == "schedule":
            return self.schedule
        return self.faults if name == "faults" else self.data

    @property
    def deviations(self) -> int:
        """How many choices were not the dull one."""
        return sum(1 for name in STREAMS for choice in self.stream(name) if choice)

    def trimmed(self) -> Tape:
        """Drop the dull tail of each stream, which replay supplies by itself."""
        kept = {name: _trim(self.stream(name)) for name in STREAMS}
        labels = {name: names[: len(kept[name])] for name, names in self.labels.items()}
        return Tape(kept["schedule"], kept["faults"], kept["data"], labels)


def _trim(choices: tuple[int, ...]) -> tuple[int, ...]:
    end = len(choices)
    while end and not choices[end - 1]:
        end -= 1
    return choices[:end]
