"""How the benchmarks are run: in full when they are enabled, once and small as a smoke test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from timing import ROUNDS, Case

Timed = Callable[[Case, str], None]
Scaled = Callable[[int], int]


@pytest.fixture
def full(benchmark: BenchmarkFixture) -> bool:
    """Whether times are wanted, not only proof that the benchmark still runs."""
    return not benchmark.disabled


@pytest.fixture
def scaled(full: bool) -> Scaled:
    """Return a full size as it is, or 2 for a smoke test."""
    return lambda size: size if full else min(size, 2)


@pytest.fixture
def timed(benchmark: BenchmarkFixture) -> Timed:
    """Let pytest-benchmark time a case, and note what one of what it counts costs at best."""

    def time(case: Case, unit: str) -> None:
        benchmark.pedantic(case.action, rounds=ROUNDS, warmup_rounds=1)
        if benchmark.stats is not None:
            seconds = benchmark.stats.stats.min / case.times
            benchmark.extra_info[f"microseconds per {unit}"] = round(seconds * 1e6, 3)
            benchmark.extra_info[f"{unit}s per second"] = round(1 / seconds, 1)

    return time
