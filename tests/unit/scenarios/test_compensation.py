"""What is taken back where the rest cannot be done, and what comes of it where that fails too."""

from __future__ import annotations

import pileup
from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.books import accounts, check_in_full
from pileup.scenarios.documents.intake import MOST_WITHDRAWALS
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.single import SINGLE
from pileup.strategies import make

NO_POST = Rule("error", on="POST*letters*")
NO_MONEY_BACK = Rule("unavailable", on="POST*withdrawals*")


def ended(*faults: Rule) -> pileup.Run:
    scenario = documents(
        SINGLE,
        Controls.all(),
        faults=list(faults),
        instances=1,
        timed=True,
        check=check_in_full,
    )
    return scenario.explorer().once(make("random", 0))


def test_what_was_paid_is_taken_back_and_a_human_goes_on() -> None:
    run = ended(NO_POST)
    (account,) = accounts(run.world)
    assert (account.status, account.charged, run.findings) == ("escalated", (), ())


def test_where_it_cannot_be_taken_back_a_human_is_told_so_after_a_while() -> None:
    run = ended(NO_POST, NO_MONEY_BACK)
    (account,) = accounts(run.world)
    tried = [event for event in run.history if event.fault == "unavailable"]
    assert (account.status, len(tried), run.findings) == ("stuck", MOST_WITHDRAWALS, ())
