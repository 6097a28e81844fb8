"""What the articles say, and what was measured: side by side, and why they differ where they do.

Each claim is a small experiment: the jobs that it needs, and what to make of
what they came to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pileup.comparison import readings
from pileup.comparison.jobs import Done, Job
from pileup.comparison.readings import Found
from pileup.comparison.terms import BASE, HARDENED, NAIVE, USUAL
from pileup.reports.comparison import Claim


@dataclass(frozen=True)
class Experiment:
    """One claim: what it is about, what is said, what to run, and how to read it."""

    what: str
    said: str
    runs: tuple[tuple[str, str, str, int], ...]
    """Topology, controls, day and how often."""
    read: Callable[..., Found]

    def jobs(self, seed: int) -> list[Job]:
        """Name what has to be run."""
        return [
            Job(topology, controls, day, runs, seed) for topology, controls, day, runs in self.runs
        ]

    def claim(self, results: dict[Job, Done], seed: int) -> Claim:
        """Say what came out."""
        done = [results[job] for job in self.jobs(seed)]
        measured, agrees, why = self.read(*done)
        token = next((token for each in done for token in each.tokens), "")
        return Claim(self.what, self.said, measured, agrees, "" if agrees else why, token)


def claims(results: dict[Job, Done], seed: int) -> Iterator[Claim]:
    """Say of each claim what was measured."""
    for each in EXPERIMENTS:
        yield each.claim(results, seed)


SINGLE, CALM = BASE, "many judgements"
USUAL_WHY: Final = "it depends on how often each asks the model"
SWARM_WHY: Final = "who is first with a part asks the model, and nobody asks again"
ALL_BUT_CACHED: Final = "without semantic_cache"
ONCE, FEW, MOST = 2, 3, 8


def _cost(
    topology: str, low: float, high: float, controls: str = NAIVE, why: str = ""
) -> Experiment:
    return Experiment(
        f"cost of the {topology} by the single agent's",
        f"{low:.1f}-{high:.1f}x",
        ((topology, controls, CALM, ONCE), (SINGLE, controls, CALM, ONCE)),
        readings.costs(low, high, why or USUAL_WHY),
    )


EXPERIMENTS: Final = (
    Experiment(
        "three layers that try three times each, and one timeout",
        "27 calls",
        ((SINGLE, NAIVE, "silence", 1),),
        readings.amplified,
    ),
    Experiment(
        "a hundred at once",
        "40,000 duplicates",
        ((SINGLE, NAIVE, "crowd of 100", 1),),
        readings.duplicates,
    ),
    Experiment(
        "supervisor with four specialists",
        "96.3% without a human, $0.08, p95 12 s",
        (("supervisor", HARDENED, USUAL, FEW),),
        readings.supervisor,
    ),
    Experiment(
        "debate of three against one alone",
        "99.1% against 94.7%, at 3.2x the cost",
        (("debate", NAIVE, CALM, MOST), (SINGLE, NAIVE, CALM, MOST)),
        readings.debate,
    ),
    Experiment("a majority of three that err by themselves in 5.3%", "99.2%", (), readings.votes),
    Experiment("ten calls of 4,000 tokens", "$0.12", (), readings.priced),
    _cost("supervisor", 1.0, 1.2),
    _cost("pipeline", 1.0, 1.5),
    _cost("fan-out", 1.0, 5.0),
    _cost("debate", 2.5, 3.2),
    _cost("swarm", 1.5, 4.0, HARDENED, SWARM_WHY),  # naive it does not get through a day
    Experiment(
        "coordination in a swarm",
        "10x",
        (("swarm of 50", HARDENED, CALM, 1), (SINGLE, HARDENED, CALM, ONCE)),
        readings.coordination,
    ),
    Experiment(
        "talk among equals",
        "10x",
        (
            ("peers", HARDENED, CALM, 1),
            ("peers of 10", HARDENED, CALM, 1),
            (SINGLE, HARDENED, CALM, ONCE),
        ),
        readings.peers,
    ),
    Experiment(
        "routing by complexity saves",
        "40-60%",
        ((SINGLE, "only routing", CALM, ONCE), (SINGLE, NAIVE, CALM, ONCE)),
        readings.routing,
    ),
    Experiment(
        "caching saves",
        "20-40%",
        (
            (SINGLE, HARDENED, CALM, ONCE),
            (SINGLE, ALL_BUT_CACHED, CALM, ONCE),
        ),
        readings.caching,
    ),
    Experiment(
        "tools called until it is done",
        "loops at turn 40, 200 calls, $40",
        (("chaining", NAIVE, USUAL, FEW),),
        readings.chaining,
    ),
    Experiment(
        "fifty tasks at once against one quota",
        "250 requests at once",
        (("supervisor", NAIVE, "stampede", 1),),
        readings.stampede,
    ),
)
"""Every claim that a simulation can look at, in the order of the articles' own story."""
