"""A mesh: what becomes of an event whose agent is gone, and of events that meet another's."""

from __future__ import annotations

import pytest
from support.document_work import books, dull, found, kinds

from pileup import Run
from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.mesh import MESH

NAIVE, HARDENED = Controls(), Controls.all()
THE_JUDGE_DIES = Rule("crash", on="complete*", by="judge", most=1, moment="before")
AN_EVENT_COMES_TWICE = Rule("duplicated", on="*document.recorded*", most=1)
THE_ANSWER_IS_LOST = Rule("lost", on="publish*", by="cashier", most=1)


def said(run: Run) -> list[str]:
    """Return the events, without whose they are."""
    return [each.queue.partition(" of ")[0] for each in run.world.bus.published]


@pytest.mark.parametrize("controls", [NAIVE, HARDENED], ids=str)
def test_one_after_another_all_is_right(controls: Controls) -> None:
    run = dull(documents(MESH, controls, faults="none"))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)] * 2


def test_one_event_leads_to_the_next() -> None:
    run = dull(documents(MESH, HARDENED, faults="none", instances=1))
    words = ("read", "extracted", "judged", "recorded", "charged", "told")
    assert said(run) == [f"document.{each}" for each in words]


def test_naive_events_carry_what_is_private_and_hardened_they_do_not() -> None:
    naive, hardened = (dull(documents(MESH, each, faults="none")) for each in (NAIVE, HARDENED))
    assert all("canary-" in str(each.body) for each in naive.world.bus.published)
    assert not any("canary-" in str(each.body) for each in hardened.world.bus.published)


def test_naive_the_work_of_an_agent_that_dies_is_lost_and_all_wait_for_it() -> None:
    run = dull(documents(MESH, NAIVE, faults=THE_JUDGE_DIES, instances=1))
    assert {"lost_work", "deadlock"} <= {each.kind for each in run.findings}


def test_hardened_it_is_done_by_the_next_try() -> None:
    run = dull(documents(MESH, HARDENED, faults=THE_JUDGE_DIES, instances=1))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)]
    assert said(run).count("document.extracted") == 1


def test_naive_events_of_several_documents_meet() -> None:
    scenario = documents(MESH, NAIVE, faults="none")
    assert any("done, but not as it says" in each.title for each in found(scenario, 15))


def test_naive_an_event_is_worked_on_again() -> None:
    assert any(
        each.kind == "duplicate_effect" and "one message was handled more than once" in each.title
        for each in found(documents(MESH, NAIVE, faults=AN_EVENT_COMES_TWICE), 8)
    )


def test_hardened_is_clean() -> None:
    assert found(documents(MESH, HARDENED, faults="3am"), 30) == []


def test_acknowledged_at_once_work_is_lost_again() -> None:
    run = dull(documents(MESH, HARDENED.without("checkpoints"), faults=THE_JUDGE_DIES, instances=1))
    assert [(each.status, each.letters) for each in books(run)] == [("partial", ())]


def test_without_keys_an_event_is_said_twice_again() -> None:
    careless = HARDENED.without("idempotency")
    run = dull(documents(MESH, careless, faults=THE_ANSWER_IS_LOST, instances=1))
    assert said(run).count("document.charged") > 1
    assert kinds(documents(MESH, careless, faults=THE_ANSWER_IS_LOST), 10)["duplicate_effect"]


def test_without_timeouts_all_wait_for_ever_again() -> None:
    run = dull(documents(MESH, HARDENED.without("timeouts"), faults=THE_JUDGE_DIES, instances=1))
    assert "deadlock" in {each.kind for each in run.findings}
