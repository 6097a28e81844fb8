"""The same agents under other tools, where these are installed, and under no tool at all."""

from __future__ import annotations

import pytest
from conftest import Scaled, Timed
from peers import ONLY_SMALL, PEERS, is_installed, trio_run
from workloads import WORKLOADS, A, Workload

PEER_RUNS = {"A": 200, "B": 40, "C": 3}


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name[0])
@pytest.mark.parametrize("peer", PEERS)
def test_a_peer(workload: Workload, peer: str, timed: Timed, scaled: Scaled) -> None:
    if not is_installed(peer):
        pytest.skip(f"{peer} is not installed")
    if peer in ONLY_SMALL and workload is not A:
        pytest.skip(f"{peer} takes too long for more than two agents")
    timed(PEERS[peer](workload, scaled(PEER_RUNS[workload.name[0]])), "run")


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name[0])
def test_trio_without_search(workload: Workload, timed: Timed, scaled: Scaled) -> None:
    timed(trio_run(workload, scaled(PEER_RUNS[workload.name[0]])), "run")
