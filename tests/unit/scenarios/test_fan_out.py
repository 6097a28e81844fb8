"""Fan-out: what becomes of a result when one of its five parts never comes."""

from __future__ import annotations

import pytest
from support.document_work import books, dull, found, kinds

from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.fan_out import FAN_OUT, SPECIALISTS, STOCK_LETTER

NAIVE, HARDENED = Controls(), Controls.all()
NO_LETTER = [Rule("error", on="complete*", by="letter")]


@pytest.mark.parametrize("controls", [NAIVE, HARDENED], ids=str)
def test_one_after_another_all_is_right(controls: Controls) -> None:
    run = dull(documents(FAN_OUT, controls, faults="none"))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)] * 2


def test_all_specialists_are_asked_at_once() -> None:
    run = dull(documents(FAN_OUT, HARDENED, faults="none", instances=1))
    theirs = [each for each in run.history if each.agent.rpartition("-")[0] in SPECIALISTS]
    started = [each.invoked for each in theirs if each.name == "start"]
    ended = [each.number for each in theirs if each.name == "end"]
    assert len(started) == len(ended) == 5
    assert max(started) < min(ended)


def test_naive_a_part_that_failed_is_left_out_and_nobody_is_told() -> None:
    assert kinds(documents(FAN_OUT, NAIVE, faults="3am"), 60)["silent_partial"]


def test_naive_a_letter_that_never_came_is_made_up() -> None:
    run = dull(documents(FAN_OUT, NAIVE, faults=NO_LETTER, instances=1))
    (account,) = books(run)
    assert (account.status, account.letters) == ("done", (STOCK_LETTER,))


def test_the_books_find_a_letter_with_the_reference_of_another_customer() -> None:
    naive, hardened = (dull(documents(FAN_OUT, each, faults="none")) for each in (NAIVE, HARDENED))
    assert [each.are_letters_its_own for each in books(naive)] == [True, False]
    assert [each.are_letters_its_own for each in books(hardened)] == [True, True]
    assert any("got another one's letter" in each.title for each in naive.findings)


def test_hardened_says_what_is_missing_and_takes_no_money() -> None:
    run = dull(documents(FAN_OUT, HARDENED, faults=NO_LETTER, instances=1))
    (account,) = books(run)
    assert (account.status, account.charged, account.letters) == ("partial", (), ())
    (outcome,) = (each for name, each in run.results.items() if name.startswith("fan-out"))
    assert isinstance(outcome, Outcome)
    assert outcome.missing == ("letter",)


def test_hardened_keeps_what_came_for_the_next_try() -> None:
    once = [Rule("error", on="complete*", by="letter", nth=1)]
    run = dull(documents(FAN_OUT, HARDENED, faults=once, instances=1))
    assert books(run)[0].is_right
    by_role = run.world.model.usage.by_role
    assert {role: used.calls for role, used in by_role.items()} == {
        **dict.fromkeys(SPECIALISTS, 1),
        "risk": 2,
    }


def test_hardened_is_clean() -> None:
    assert found(documents(FAN_OUT, HARDENED, faults="3am"), 30) == []


def test_without_a_policy_parts_are_left_out_again() -> None:
    no_risk = Rule("error", on="complete*", by="risk")
    careless = HARDENED.without("partial_policy")
    run = dull(documents(FAN_OUT, careless, faults=no_risk, instances=1))
    assert [each.kind for each in run.findings] == ["silent_partial"]
    assert books(run)[0].status == "done"
