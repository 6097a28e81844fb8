"""So many instances at once: what that alone does to a single agent, careless and careful."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.comparison.jobs import Done, Job
from pileup.comparison.lines import Results, measures_of
from pileup.comparison.terms import BASE, HARDENED, NAIVE
from pileup.reports.comparison import Crowd

SIZES: Final = (1, 10, 100, 300, 1000)
SHOWN: Final = ("right", "done", "enter", "duplicates", "model calls", "p95")
"""What is told of a crowd: documents done right, config entries that are left, and what it costs.
"""


def jobs(seed: int) -> list[Job]:
    """Name what has to be run, the largest first."""
    return [
        _job(size, controls, seed) for size in reversed(SIZES) for controls in (NAIVE, HARDENED)
    ]


def crowds(results: Results, seed: int) -> Iterator[Crowd]:
    """Say how crowds of each size fare."""
    for controls in (NAIVE, HARDENED):
        for size in SIZES:
            yield _crowd(size, controls, results[_job(size, controls, seed)])


def _job(size: int, controls: str, seed: int) -> Job:
    return Job(BASE, controls, f"crowd of {size}", 1, seed)


def _crowd(size: int, controls: str, done: Done) -> Crowd:
    found = dict(measures_of(done))
    return Crowd(size, controls, {name: found[name] for name in SHOWN if name in found})
