"""Whether an operation costs the same among many agents, and what time and memory cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Scaled, Timed
from processes import long_run
from pytest_benchmark.fixture import BenchmarkFixture
from searches import CROWDS, SLEEPERS, an_hour_of_timers, crowd


@pytest.mark.parametrize("one_cell", [False, True], ids=["own cells", "one cell"])
@pytest.mark.parametrize("agents", CROWDS)
def test_an_operation_among_many(agents: int, one_cell: bool, timed: Timed, scaled: Scaled) -> None:
    timed(crowd(scaled(agents), one_cell=one_cell, runs=scaled(CROWDS[agents])), "operation")


@pytest.mark.parametrize("agents", SLEEPERS)
def test_an_hour_with_7200_timers(agents: int, timed: Timed) -> None:
    timed(an_hour_of_timers(agents), "hour")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_million_events(benchmark: BenchmarkFixture, full: bool) -> None:
    found = benchmark.pedantic(long_run, (100, 5_000 if full else 5), rounds=1)
    benchmark.extra_info |= found._asdict()
