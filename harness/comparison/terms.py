"""What is compared, and how often it is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pileup.comparison.jobs import Job

NAIVE, HARDENED = "naive", "hardened"
STORM, USUAL, OUTAGE = "storm", "usual day", "outage"
BASE: Final = "single agent"
"""What all costs are multiples of."""

ABLATED: Final = {
    "partial_policy": ("fan-out",),
    "round_cap": ("critic",),
    "loop_detection": ("critic", "chaining"),
    "turn_caps": ("chaining",),
    "money_cap": ("chaining",),
    "scratchpads": ("pipeline",),
}
"""The topologies in which a control is tried out, where that is not the usual one."""

USUAL_ABLATED: Final = ("supervisor",)


@dataclass(frozen=True)
class Contender:
    """A topology that takes part; `place` is where to find one of the user's own."""

    name: str
    place: str = ""


@dataclass(frozen=True)
class Terms:
    """How much is run: so many storms, usual days and outages for each topology and variant."""

    contenders: tuple[Contender, ...]
    controls: tuple[str, ...]
    storms: int = 150
    days: int = 5
    outages: int = 3
    seed: int = 0
    stories: bool = True
    """Whether to run what the articles claim, and crowds of agents."""

    def jobs(self) -> Iterator[Job]:
        """Name all that has to be run."""
        for each in self.contenders:
            for variant in (NAIVE, HARDENED):
                yield from self.of(each, variant)
                yield self._job(each, variant, OUTAGE, self.outages)
        for control in self.controls:
            for each in self.ablated(control):
                yield from self.of(each, f"without {control}")
                yield from self.of(each, f"only {control}")

    def of(self, contender: Contender, controls: str) -> Iterator[Job]:
        """Name what has to be run for one variant: storms and usual days."""
        yield self._job(contender, controls, STORM, self.storms)
        yield self._job(contender, controls, USUAL, self.days)

    def outage(self, contender: Contender, controls: str) -> Job:
        """Name the outage of one variant."""
        return self._job(contender, controls, OUTAGE, self.outages)

    def ablated(self, control: str) -> Iterator[Contender]:
        """Say in which of the contenders a control is taken away."""
        known = {each.name: each for each in self.contenders}
        wanted = [name for name in ABLATED.get(control, USUAL_ABLATED) if name in known]
        yield from (known[name] for name in wanted)

    def _job(self, contender: Contender, controls: str, day: str, runs: int) -> Job:
        return Job(contender.name, controls, day, runs, self.seed, contender.place)
