"""Unbounded tool chaining: how long it goes on, what that costs, and what ends it."""

from __future__ import annotations

import pytest
from support.document_work import books, dull, found, kinds

import pileup
from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.chaining import CHAINING, PLUG
from pileup.scenarios.topologies.single import SINGLE

NAIVE, HARDENED = Controls(), Controls.all()
ENDS = ("turn_caps", "loop_detection", "money_cap")
AMPLE = 100_000


def chaining(controls: Controls, faults: str | Rule = "none") -> pileup.Scenario:
    return documents(CHAINING, controls, faults=faults, quota=AMPLE)


def test_naive_a_high_risk_has_the_same_document_read_until_somebody_pulls_the_plug() -> None:
    run = dull(chaining(NAIVE))
    assert run.world.model.usage.by_agent["chaining-3"].calls == PLUG + 2  # extract, and judge
    reads = [each for each in run.history if any(item.key == "inbox/2.txt" for item in each.items)]
    assert len(reads) > PLUG - 10
    assert "endless_loop" in [each.kind for each in run.findings]
    assert [each.status for each in books(run)] == ["done", "taken"]


def test_naive_it_costs_hundreds_of_times_what_one_agent_takes() -> None:
    alone = dull(documents(SINGLE, NAIVE, faults="none")).world.model.usage.cost
    assert dull(chaining(NAIVE)).world.model.usage.cost > 300 * alone


def test_naive_every_order_shows_the_loop() -> None:
    assert kinds(chaining(NAIVE), 2)["endless_loop"]


def test_hardened_what_turns_in_circles_is_left_to_a_human() -> None:
    run = dull(chaining(HARDENED))
    assert [each.status for each in books(run)] == ["done", "escalated"]
    assert not books(run)[1].charged
    assert run.clean


def test_hardened_is_clean() -> None:
    assert found(chaining(HARDENED, "3am"), 25) == []


@pytest.mark.parametrize("end", ENDS)
def test_each_of_three_controls_ends_it_alone(end: str) -> None:
    others = [each for each in ENDS if each != end]
    run = dull(chaining(HARDENED.without(*others)))
    assert books(run)[1].status == "escalated"
    (row,) = run.world.database.rows("escalations")
    assert row["reason"].startswith("CapReached")


def test_without_any_of_them_it_goes_on() -> None:
    run = dull(chaining(HARDENED.without(*ENDS)))
    assert run.world.model.usage.by_agent["chaining-3"].calls > PLUG


def test_naive_who_is_refused_takes_nothing_for_done() -> None:
    run = dull(chaining(NAIVE, Rule("refusal", on="complete*", nth=1)))
    assert books(run)[0].status == "done"
    assert not books(run)[0].charged


def test_without_gates_hardened_does_so_too() -> None:
    refused = Rule("refusal", on="complete*", nth=1)
    assert books(dull(chaining(HARDENED, refused)))[0].is_right
    assert not books(dull(chaining(HARDENED.without("gates"), refused)))[0].is_right
