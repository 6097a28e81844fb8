"""A swarm: what becomes of findings that many write, and how often the rest is done."""

from __future__ import annotations

import pytest
from support.document_work import books, dull, found, kinds

import pileup
from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.single import SINGLE
from pileup.scenarios.topologies.swarm import PARTS, SWARM, swarm
from pileup.scenarios.topology import Topology
from pileup.strategies import RoundRobin

NAIVE, HARDENED = Controls(), Controls.all()
WHO_CLAIMED_THE_REST_DIES = Rule("crash", on="POST*charges*", most=1)


def steps(topology: Topology) -> int:
    """Count what happens until one document is done, if all go on in turns."""
    scenario = documents(topology, HARDENED, faults="none", instances=1)
    run = scenario.explorer().once(RoundRobin())
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)]
    return run.steps


@pytest.mark.parametrize("controls", [NAIVE, HARDENED], ids=str)
def test_one_after_another_all_is_right(controls: Controls) -> None:
    run = dull(documents(SWARM, controls, faults="none"))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)] * 2


def test_naive_breaks_in_all_the_ways_of_shared_state() -> None:
    counted = kinds(documents(SWARM, NAIVE, faults="none"), 6)
    assert counted.keys() >= {"lost_write", "duplicate_effect", "session_leak"}


def test_hardened_is_clean() -> None:
    assert found(documents(SWARM, HARDENED, faults="3am"), 15) == []


def test_a_claim_does_not_outlive_the_try_of_who_made_it() -> None:
    scenario = documents(SWARM, HARDENED, faults=WHO_CLAIMED_THE_REST_DIES, instances=1)
    run = dull(scenario)
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)]
    assert sum(each.name == "POST" and each.fault == "crash" for each in run.history) == 1
    assert len(run.world.model.log) == len(PARTS)


def test_naive_a_claim_is_for_ever() -> None:
    run = dull(documents(SWARM, NAIVE, faults=WHO_CLAIMED_THE_REST_DIES, instances=1))
    (account,) = books(run)
    assert (account.status, account.letters) == ("taken", ())


def test_without_exclusion_findings_are_lost_again() -> None:
    careless = HARDENED.without("exclusion")
    assert any(
        "cache[findings" in each.title
        for each in found(documents(SWARM, careless, faults="none"), 5)
    )


def test_in_one_place_for_all_findings_leak_again() -> None:
    careless = HARDENED.without("scratchpads")
    run = dull(documents(SWARM, careless, faults="none"))
    assert "session_leak" in {each.kind for each in run.findings}


def test_coordination_grows_with_the_swarm() -> None:
    alone, few, many = steps(SINGLE), steps(SWARM), steps(swarm(50))
    assert few > 2 * alone
    assert many > 10 * alone


def test_three_hundred_agents_can_work_on_one_document() -> None:
    run = dull(documents(swarm(300), HARDENED, faults="none", instances=1))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)]
    assert sum(each.name == "subscribe" for each in run.history) == 300


def test_a_swarm_that_leaves_parts_to_nobody_is_refused() -> None:
    with pytest.raises(pileup.UsageError, match=r"swarm\(5\)"):
        swarm(4)
