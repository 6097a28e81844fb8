"""What an operation costs over the user's own code, and in turns of the loop it runs under."""

from __future__ import annotations

import pytest
from conftest import Scaled, Timed
from operations import bare_turns, surcharge
from pytest_benchmark.fixture import BenchmarkFixture
from searches import BACKENDS, performed
from workloads import LONG, RUNS, B, Workload


@pytest.mark.parametrize("workload", [B, LONG], ids=["B", "long"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_operation(
    workload: Workload,
    backend: str,
    benchmark: BenchmarkFixture,
    timed: Timed,
    scaled: Scaled,
    full: bool,
) -> None:
    runs = scaled(RUNS[workload])
    timed(performed(workload, backend, runs), "operation")
    if full:
        found = surcharge(workload, backend, runs)
        benchmark.extra_info |= vars(found) | {"over own": found.over_own, "turns": found.turns}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bare_turn_of_the_loop(backend: str, timed: Timed, scaled: Scaled) -> None:
    timed(bare_turns(backend, 1, scaled(5_000)), "turn")
