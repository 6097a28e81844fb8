"""Customer support: whose data is answered with, what is paid twice, who hands on for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.document_work import dull

import pileup
from pileup import Finding, Run, Scenario
from pileup.faults import Plan, Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.support import to_and_fro
from pileup.scenarios.support.books import Account, accounts
from pileup.scenarios.support.tickets import HARDENED as ALL_NIGHT
from pileup.scenarios.support.tickets import support

NAIVE, HARDENED = Controls(), Controls.all()
ANSWERED_WRONGLY = Rule("invented", on="complete*", by="respond*", nth=1)


def books(run: Run) -> list[Account]:
    return accounts(run.world)


def found(scenario: Scenario, runs: int) -> list[Finding]:
    return [*pileup.explore(scenario, runs=runs, shrink=False).findings]


# When nothing goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("controls", [NAIVE, HARDENED], ids=str)
def test_customers_who_ask_different_things_are_answered_rightly(controls: Controls) -> None:
    run = dull(support(controls, faults="none", tickets=2))
    assert [each.is_right and each.is_classified_rightly for each in books(run)] == [True, True]
    assert run.clean


def test_hardened_the_same_question_is_answered_with_ones_own_data() -> None:
    run = dull(support(HARDENED, faults="none", tickets=4))
    assert [each.is_right for each in books(run)] == [True] * 4
    assert run.clean


def test_hardened_is_clean() -> None:
    assert [each for each in found(ALL_NIGHT, 50) if not is_false(each)] == []


def is_false(finding: Finding) -> bool:
    """Whether it comes of a detector that takes giving back different messages for one call."""
    about = finding.title.partition("[")[0]
    return (finding.kind, about) == ("retry_amplification", "one call, nack bus")


def test_timed_it_takes_virtual_time() -> None:
    run = dull(support(HARDENED, faults="none", timed=True))
    assert run.clean
    assert run.seconds > 10


# What goes wrong, and the control that helps ----------------------------------------------------


def test_naive_the_next_customer_gets_what_the_one_before_has_said() -> None:
    run = dull(support(NAIVE, faults="none"))
    third = books(run)[2]
    assert "ORD-1002" in third.replies[0]
    assert not third.is_answered_rightly
    assert "session_leak" in {each.kind for each in run.findings}


def test_without_a_private_cache_secrets_leak_again() -> None:
    run = dull(support(HARDENED.without("private_cache"), faults="none"))
    assert "session_leak" in {each.kind for each in run.findings}
    assert books(run)[2].status == "escalated"  # because the gate still sees a foreign order


LOST_REFUND = Rule("lost", on="POST http[/refunds]", nth=1)


def test_naive_a_refund_whose_acknowledgement_is_lost_is_paid_twice() -> None:
    run = dull(support(NAIVE, faults=LOST_REFUND, tickets=1))
    assert books(run)[0].refunds == (2000, 2000)
    assert "duplicate_effect" in {each.kind for each in run.findings}


@pytest.mark.parametrize(("without", "paid"), [((), (2000,)), (("idempotency",), (2000, 2000))])
def test_a_key_for_each_refund_is_what_helps(without: tuple[str, ...], paid: object) -> None:
    run = dull(support(HARDENED.without(*without), faults=LOST_REFUND, tickets=1))
    assert books(run)[0].refunds == paid
    assert run.clean == (not without)


def test_naive_the_dashboard_loses_tickets() -> None:
    findings = found(support(NAIVE, faults="none"), 30)
    assert any(
        each.kind == "lost_write" and "database[dashboard" in each.title for each in findings
    )


def test_without_exclusion_the_dashboard_loses_tickets_again() -> None:
    scenario = support(HARDENED.without("exclusion"), faults="none")
    lost = [each for each in found(scenario, 25) if "database[dashboard" in each.title]
    assert "lost_write" in {each.kind for each in lost}


def test_naive_what_is_made_up_is_sent() -> None:
    run = dull(support(NAIVE, faults=ANSWERED_WRONGLY, tickets=1))
    assert "contamination" in {each.kind for each in run.findings}
    assert not books(run)[0].is_right


def test_hardened_what_is_made_up_is_asked_again() -> None:
    run = dull(support(HARDENED, faults=ANSWERED_WRONGLY, tickets=1))
    assert run.clean
    assert books(run)[0].is_right


def test_without_gates_what_is_made_up_is_sent_again() -> None:
    run = dull(support(HARDENED.without("gates"), faults=ANSWERED_WRONGLY, tickets=1))
    assert {"contamination", "check_failed"} <= {each.kind for each in run.findings}


def test_what_is_above_the_limit_a_human_decides() -> None:
    last = books(dull(support(HARDENED, faults="none", tickets=5)))[4]
    assert (last.status, last.refunds, last.is_right) == ("escalated", (), True)


def test_naive_what_is_above_the_limit_is_paid() -> None:
    last = books(dull(support(NAIVE, faults="none", tickets=5)))[4]
    assert last.refunds == (90_000,)


def test_naive_two_specialists_hand_a_ticket_to_and_fro() -> None:
    assert "endless_loop" in {each.kind for each in dull(to_and_fro.NAIVE).findings}


def test_hardened_who_has_had_it_twice_does_not_get_it_again() -> None:
    run = dull(to_and_fro.HARDENED)
    assert run.clean
    assert books(run)[0].is_right
    assert run.world.model.usage.calls < 10


def test_without_loop_detection_they_hand_it_to_and_fro_again() -> None:
    run = dull(to_and_fro.night(HARDENED.without("loop_detection")))
    assert "endless_loop" in {each.kind for each in run.findings}


def test_an_unclear_classification_alone_makes_them_do_so() -> None:
    unclear = Rule("malformed", on="complete*", nth=1)
    assert "endless_loop" in {
        each.kind for each in dull(support(NAIVE, faults=unclear, tickets=1)).findings
    }
    assert dull(support(HARDENED, faults=unclear, tickets=1)).clean


# Where tickets come in --------------------------------------------------------------------------


def crash_of(step: str) -> Plan:
    return Plan((Rule("crash", on=step, nth=1),))


def test_naive_a_ticket_is_lost_with_its_worker() -> None:
    run = dull(support(NAIVE, faults=crash_of("ack*"), tickets=1))
    assert "lost_work" in {each.kind for each in run.findings}
    assert books(run)[0].status == "new"


def test_hardened_another_takes_it_over() -> None:
    run = dull(support(HARDENED, faults=crash_of("POST http[/replies]"), tickets=1))
    assert run.clean
    assert books(run)[0].is_right


def test_books_say_what_is_wrong() -> None:
    run = dull(support(HARDENED, faults="none", tickets=1))
    (account,) = books(run)
    assert account.is_right
    for wrong in (
        replace(account, refunds=()),
        replace(account, refunds=(2000, 2000)),
        replace(account, replies=()),
        replace(account, replies=(account.replies[0].replace("ORD-1001", "ORD-1002"),)),
        replace(account, status="escalated"),
    ):
        assert not wrong.is_right
