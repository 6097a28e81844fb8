"""Peer to peer: how much equals have to say to each other, and how they wait for each other."""

from __future__ import annotations

import pytest
from support.document_work import books, dull, found, kinds

import pileup
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.peers import PEERS, peers
from pileup.scenarios.topologies.single import SINGLE
from pileup.scenarios.topologies.steps import STEPS

NAIVE, HARDENED = Controls(), Controls.all()


def among(number: int, controls: Controls, faults: str = "none") -> pileup.Scenario:
    return documents(peers(number), controls, faults=faults, instances=1, timed=True)


def told(run: pileup.Run) -> int:
    return sum(each.name == "publish" for each in run.history)


def test_naive_they_wait_for_each_others_answers_for_ever() -> None:
    assert "deadlock" in [each.kind for each in dull(among(5, NAIVE)).findings]
    assert kinds(documents(PEERS, NAIVE, faults="none"), 3)["deadlock"]


@pytest.mark.parametrize("number", [3, 5])
def test_hardened_it_is_done(number: int) -> None:
    run = dull(among(number, HARDENED))
    assert run.clean
    assert books(run)[0].is_right


@pytest.mark.parametrize("number", [3, 5])
def test_for_each_step_all_the_others_are_asked_and_answer_and_are_told(number: int) -> None:
    run = dull(among(number, HARDENED))
    assert told(run) == 3 * (number - 1) * len(STEPS)


def test_it_takes_many_times_the_operations_of_one_agent() -> None:
    alone = dull(documents(SINGLE, HARDENED, faults="none", instances=1, timed=True))
    run = dull(among(5, HARDENED))
    assert len(run.history) > 5 * len(alone.history)
    assert run.world.model.usage.calls > 10 * alone.world.model.usage.calls


def test_hardened_so_many_that_the_turns_run_out_leave_it_to_a_human() -> None:
    run = dull(among(10, HARDENED.without("checkpoints")))
    assert [each.status for each in books(run)] == ["escalated"]
    assert not books(run)[0].charged


def test_hardened_the_next_try_goes_on_from_what_they_have_agreed_on() -> None:
    run = dull(among(10, HARDENED))
    assert [each.is_right for each in books(run)] == [True]
    heads = [each for each in run.history.agents if each.parent == "instance-0"]
    assert len(heads) > 1


def test_hardened_is_clean() -> None:
    assert found(documents(PEERS, HARDENED, faults="3am"), 15) == []


def test_without_exclusion_two_ask_at_the_same_time_again() -> None:
    impatient = among(5, HARDENED.without("exclusion"))
    assert books(dull(impatient))[0].status != "done"


def test_without_exclusion_and_timeouts_they_wait_for_ever_again() -> None:
    waiting = among(5, HARDENED.without("exclusion", "timeouts", "checkpoints"))
    assert "deadlock" in [each.kind for each in dull(waiting).findings]
