"""A hierarchy: what becomes of a plan that is wrong, and of those below a supervisor who dies."""

from __future__ import annotations

import json

import pytest
from support.document_work import books, dull, found, kinds

from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.hierarchical import HIERARCHICAL, PLAN, WORK, checked, guessed
from pileup.strategies import RoundRobin

NAIVE, HARDENED = Controls(), Controls.all()
A_SUPERVISOR_DIES = Rule("crash", on="*found.json*", by="keep_books", most=1)


def wrong_plan(fault: str) -> Rule:
    """Let the first plan be wrong."""
    return Rule(fault, on="complete*", by="hierarchical", nth=1)


def a_plan(**changes: object) -> str:
    """Write down a plan, in which the first node is changed."""
    nodes = [
        {"name": name, "needs": work.needs, "criterion": "is done", "fallback": "a human"}
        for name, work in WORK.items()
    ]
    return json.dumps({"document": 1, "nodes": [{**nodes[0], **changes}, *nodes[1:]]})


@pytest.mark.parametrize("controls", [NAIVE, HARDENED], ids=str)
def test_one_after_another_all_is_right(controls: Controls) -> None:
    run = dull(documents(HIERARCHICAL, controls, faults="none"))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)] * 2


def test_nodes_that_do_not_need_each_other_are_done_at_once() -> None:
    scenario = documents(HIERARCHICAL, HARDENED, faults="none", instances=1)
    run = scenario.explorer().once(RoundRobin())
    acts = [(each.name, each.agent.rpartition("-")[0]) for each in run.history]
    assert acts.index(("start", "amounts")) < acts.index(("end", "party"))
    assert acts.index(("start", "enter")) < acts.index(("end", "record"))
    assert acts.index(("end", "record")) < acts.index(("start", "charge"))


def test_executors_see_no_more_than_their_node_needs() -> None:
    run = dull(documents(HIERARCHICAL, HARDENED, faults="none", instances=1))
    given = {name.rpartition("-")[0]: each.do for name, each in run.world.work.items()}
    seen = {name: set(given[name].keywords["found"]) for name in WORK}
    assert seen == {name: set(work.needs) for name, work in WORK.items()}


@pytest.mark.parametrize("fault", ["malformed", "truncated", "schema", "wrong"])
def test_naive_a_wrong_plan_is_worked_with_and_the_document_is_done(fault: str) -> None:
    run = dull(documents(HIERARCHICAL, NAIVE, faults=wrong_plan(fault), instances=1))
    (account,) = books(run)
    assert (account.status, account.records, account.charged) == ("done", (), ())


@pytest.mark.parametrize("fault", ["malformed", "truncated", "schema", "wrong", "invented"])
def test_hardened_a_wrong_plan_is_refused_and_asked_for_again(fault: str) -> None:
    run = dull(documents(HIERARCHICAL, HARDENED, faults=wrong_plan(fault), instances=1))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)]
    asked = [each.prompt for each in run.world.model.log if PLAN in each.prompt]
    assert ["refused" in each for each in asked] == [False, True]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("nonsense", "form"),
        (a_plan(criterion="looks good"), "form"),
        (a_plan(name="amounts"), "once"),
        (a_plan(needs=["judge"]), "after"),
        (a_plan().replace('"document": 1', '"document": 2'), "another document"),
        (a_plan().replace('["letter", "charge"]', '["letter"]'), "after"),
    ],
)
def test_the_contract_refuses(answer: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        checked(1, answer)


def test_who_guesses_takes_what_there_is() -> None:
    assert guessed(1, "nonsense") == {"nodes": []}
    names = [each["name"] for each in guessed(1, a_plan(name="made up"))["nodes"]]
    assert names == list(WORK)[1:]


def test_naive_a_dead_supervisor_stops_all() -> None:
    run = dull(documents(HIERARCHICAL, NAIVE, faults=A_SUPERVISOR_DIES, instances=1))
    (account,) = books(run)
    assert (account.status, account.charged) == ("taken", ())
    assert "agent_failed" in {each.kind for each in run.findings}


def test_hardened_the_next_try_goes_on_from_what_was_noted() -> None:
    run = dull(documents(HIERARCHICAL, HARDENED, faults=A_SUPERVISOR_DIES, instances=1))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)]
    assert sum(PLAN in each.prompt for each in run.world.model.log) == 1


def test_naive_does_things_twice() -> None:
    assert kinds(documents(HIERARCHICAL, NAIVE, faults="3am"), 12)["duplicate_effect"]


def test_hardened_is_clean() -> None:
    assert found(documents(HIERARCHICAL, HARDENED, faults="3am"), 30) == []


def test_without_gates_a_wrong_plan_is_worked_with_again() -> None:
    careless = HARDENED.without("gates")
    run = dull(documents(HIERARCHICAL, careless, faults=wrong_plan("malformed"), instances=1))
    (account,) = books(run)
    assert (account.status, account.charged) == ("done", ())
