"""What is compared, and how often it is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pileup.comparison.jobs import Job
from pileup.comparison.places import PLACES, Place

NAIVE, HARDENED = "naive", "hardened"
STORM, USUAL, OUTAGE = "storm", "usual day", "outage"
BASE: Final = "single agent"
"""What all costs are multiples of."""


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
    articles: bool = True
    """Whether to run what the articles claim, and crowds of agents."""
    shown: bool = False
    """Whether to make a run that shows it as plain as can be, for each kind that is found."""

    def jobs(self) -> Iterator[Job]:
        """Name all that has to be run."""
        for each in self.contenders:
            for variant in (NAIVE, HARDENED):
                yield from self.of(each, variant)
                yield self._job(each, variant, OUTAGE, self.outages)
        for control in self.controls:
            for place in self.places(control):
                for variant in (NAIVE, HARDENED, f"without {control}", f"only {control}"):
                    yield self.at(place, variant)

    def of(self, contender: Contender, controls: str) -> Iterator[Job]:
        """Name what has to be run for one variant: storms and usual days."""
        yield self._job(contender, controls, STORM, self.storms)
        yield self._job(contender, controls, USUAL, self.days)

    def outage(self, contender: Contender, controls: str) -> Job:
        """Name the outage of one variant."""
        return self._job(contender, controls, OUTAGE, self.outages)

    def places(self, control: str) -> Iterator[Place]:
        """Say where a control is taken away, among the contenders."""
        known = {each.name for each in self.contenders}
        yield from (place for place in PLACES[control] if place.topology in known)

    def at(self, place: Place, controls: str) -> Job:
        """Name what has to be run for one variant at a place."""
        return self._job(Contender(place.topology), controls, place.day, place.runs)

    def _job(self, contender: Contender, controls: str, day: str, runs: int) -> Job:
        return Job(contender.name, controls, day, runs, self.seed, contender.place)
