"""A debate: a majority is right more often than one, if it is one of three views."""

from __future__ import annotations

import pytest
from support.document_work import books, dull, found, kinds

import pileup
from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.models import JUDGE
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.debate import DEBATE
from pileup.scenarios.topologies.single import SINGLE
from pileup.scenarios.topology import Topology
from pileup.strategies import Random

NAIVE, HARDENED = Controls(), Controls.all()
JUDGING = "complete*sonnet*"
ONE_IS_WRONG = Rule("wrong", on=JUDGING, by="view 1")
ONE_HAS_NO_VIEW = Rule("refusal", on="complete*", by="view 3")


def judgements(run: pileup.Run) -> list[str]:
    return [each.prompt for each in run.world.model.log if JUDGE in each.prompt]


@pytest.mark.parametrize("controls", [NAIVE, HARDENED], ids=str)
def test_one_after_another_all_is_right(controls: Controls) -> None:
    run = dull(documents(DEBATE, controls, faults="none"))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)] * 2
    assert all(each.is_judged_rightly for each in books(run))


def test_one_wrong_view_is_outvoted() -> None:
    run = dull(documents(DEBATE, HARDENED, faults=ONE_IS_WRONG, instances=1))
    assert [each.answer.faulty for each in run.world.model.log if JUDGE in each.prompt] == [
        "wrong",
        None,
        None,
    ]
    assert books(run)[0].is_judged_rightly


def test_two_wrong_views_outvote_the_third() -> None:
    also = Rule("wrong", on=JUDGING, by="view 2")
    run = dull(documents(DEBATE, HARDENED, faults=[ONE_IS_WRONG, also], instances=1))
    assert not books(run)[0].is_judged_rightly


def test_a_judge_decides_where_two_are_left_and_disagree() -> None:
    faults = [ONE_IS_WRONG, ONE_HAS_NO_VIEW]
    run = dull(documents(DEBATE, HARDENED, faults=faults, instances=1))
    assert books(run)[0].is_judged_rightly
    assert run.world.model.usage.by_role["break_tie"].calls == 1


def test_views_share_no_answer_and_documents_do() -> None:
    run = dull(documents(DEBATE, HARDENED, faults="none", instances=1, come=5))
    asked = judgements(run)  # of five documents, two are about the same item
    assert len(asked) == len(set(asked)) == 4 * 3


def _share_judged_rightly(topology: Topology, controls: Controls) -> float:
    scenario = documents(
        topology,
        controls,
        faults=None,
        instances=1,
        come=50,
        quota=1000,
        wrong=0.053,
        timed=True,
    )
    runs = [scenario.explorer().once(Random(seed)) for seed in range(6)]
    rightly = [each.is_judged_rightly for run in runs for each in books(run)]
    return sum(rightly) / len(rightly)


def test_a_majority_is_right_more_often_than_one() -> None:
    assert _share_judged_rightly(SINGLE, NAIVE) < 0.97
    assert _share_judged_rightly(DEBATE, NAIVE) > 0.98


def test_naive_a_lost_view_is_passed_over_in_silence() -> None:
    assert kinds(documents(DEBATE, NAIVE, faults="3am"), 60)["silent_partial"]


def test_hardened_is_clean() -> None:
    assert found(documents(DEBATE, HARDENED, faults="3am"), 30) == []


def test_without_a_policy_lost_views_are_passed_over_again() -> None:
    gone = Rule("error", on="complete*", by="view 1")
    careless = HARDENED.without("partial_policy")
    run = dull(documents(DEBATE, careless, faults=gone, instances=1))
    assert "silent_partial" in [each.kind for each in run.findings]
