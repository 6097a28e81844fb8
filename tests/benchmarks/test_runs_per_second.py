"""How many runs a second pileup makes of each workload, under each runtime."""

from __future__ import annotations

import pytest
from conftest import Scaled, Timed
from searches import BACKENDS, searched
from workloads import RUNS, WORKLOADS, Workload, driven


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name[0])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_search(workload: Workload, backend: str, timed: Timed, scaled: Scaled) -> None:
    timed(searched(workload, backend, scaled(RUNS[workload])), "run")


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name[0])
def test_the_agents_alone(workload: Workload, timed: Timed, scaled: Scaled) -> None:
    timed(driven(workload, scaled(RUNS[workload])), "run")
