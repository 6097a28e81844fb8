"""A proposer and a critic: what ends it when one of them was wrong, and nobody concedes."""

from __future__ import annotations

import pytest
from support.document_work import books, briefly, dull, found, kinds

import pileup
from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.critic import CRITIC

NAIVE, HARDENED = Controls(), Controls.all()
CRITIC_IS_WRONG = Rule("wrong", on="complete*", by="critic", nth=1)


def disagreeing(controls: Controls) -> pileup.Run:
    return dull(briefly(documents(CRITIC, controls, faults=CRITIC_IS_WRONG, instances=1)))


@pytest.mark.parametrize("controls", [NAIVE, HARDENED], ids=str)
def test_one_after_another_all_is_right(controls: Controls) -> None:
    run = dull(documents(CRITIC, controls, faults="none"))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)] * 2
    assert all(each.is_judged_rightly for each in books(run))


def test_naive_nobody_concedes_and_both_repeat_themselves() -> None:
    run = disagreeing(NAIVE)
    assert "endless_loop" in [each.kind for each in run.findings]
    assert books(run)[0].status == "taken"


def test_naive_it_happens_by_itself_where_judgements_are_wrong_now_and_then() -> None:
    scenario = briefly(documents(CRITIC, NAIVE, faults="none", wrong=0.053), steps=500)
    assert kinds(scenario, 15)["endless_loop"]


def test_naive_who_waits_for_somebody_who_is_gone_waits_for_ever() -> None:
    gone = Rule("crash", on="complete*", by="critic", nth=1)
    run = dull(documents(CRITIC, NAIVE, faults=gone, instances=1))
    (finding,) = (each for each in run.findings if each.kind == "deadlock")
    assert "proposer" in finding.title


def test_hardened_another_model_breaks_the_tie() -> None:
    run = disagreeing(HARDENED)
    (account,) = books(run)
    assert run.clean
    assert (account.is_right, account.is_judged_rightly) == (True, True)
    usage = run.world.model.usage
    assert (usage.by_model["opus"].calls, usage.by_role["critic"].calls) == (1, 2)


def test_hardened_it_goes_on_without_a_critic_who_is_gone() -> None:
    gone = Rule("crash", on="complete*", by="critic", nth=1)
    run = dull(documents(CRITIC, HARDENED, faults=gone, instances=1))
    assert books(run)[0].is_right


def test_loop_detection_alone_stops_it_too() -> None:
    run = disagreeing(HARDENED.without("round_cap"))
    assert run.clean
    assert books(run)[0].status == "escalated"


def test_hardened_is_clean() -> None:
    assert found(documents(CRITIC, HARDENED, faults="3am", wrong=0.053), 30) == []


def test_without_a_cap_of_any_kind_it_is_endless_again() -> None:
    run = disagreeing(HARDENED.without("round_cap", "loop_detection"))
    assert "endless_loop" in [each.kind for each in run.findings]
    assert books(run)[0].status == "escalated"  # because there is a cap of turns as well
