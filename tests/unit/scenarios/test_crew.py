"""The emergent crew: what five roles do who figure it out by themselves."""

from __future__ import annotations

from support.document_work import books, dull, found, kinds

import pileup
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.crew import CREW, LOOKS
from pileup.scenarios.topologies.single import SINGLE

NAIVE, HARDENED = Controls(), Controls.all()
AMPLE = 100_000


def crew(controls: Controls, faults: str = "none", come: int = 1) -> pileup.Scenario:
    return documents(CREW, controls, faults=faults, instances=1, come=come, quota=AMPLE)


def test_one_after_another_all_is_right() -> None:
    for controls in (NAIVE, HARDENED):
        assert all(each.is_right for each in books(dull(crew(controls, come=2))))


def test_naive_who_has_nothing_to_do_asks_the_model_again_and_again() -> None:
    run = dull(crew(NAIVE))
    assert run.world.model.usage.by_agent["researcher-2"].calls > LOOKS
    assert "endless_loop" in [each.kind for each in run.findings]


def test_naive_two_do_the_same() -> None:
    shown = found(crew(NAIVE), 8)
    twice = [each.title for each in shown if each.kind == "check_failed"]
    assert any("was charged" in each or "records" in each for each in twice)
    board = [each.title for each in shown if each.kind == "lost_write"]
    assert any("memory[board of 1]" in each for each in board)


def test_naive_all_of_it_costs_many_times_what_one_agent_takes() -> None:
    alone = dull(documents(SINGLE, NAIVE, faults="none", instances=1)).world.model.usage
    assert dull(crew(NAIVE)).world.model.usage.calls > 10 * alone.calls


def test_hardened_who_looks_in_vain_is_sent_home_and_it_still_costs_more() -> None:
    run = dull(crew(HARDENED))
    alone = dull(documents(SINGLE, HARDENED, faults="none", instances=1)).world.model.usage
    assert run.world.model.usage.calls > 4 * alone.calls
    assert run.clean


def test_hardened_is_clean() -> None:
    assert found(crew(HARDENED, "3am", come=2), 12) == []


def test_without_exclusion_two_do_the_same_again() -> None:
    assert kinds(crew(HARDENED.without("exclusion")), 10)["lost_write"]


def test_without_loop_detection_and_caps_it_spins_again() -> None:
    impatient = HARDENED.without("loop_detection", "turn_caps", "backoff")
    assert "endless_loop" in [each.kind for each in dull(crew(impatient)).findings]
