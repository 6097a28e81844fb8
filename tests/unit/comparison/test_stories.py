"""Runs that show what a comparison has found, made plain."""

from __future__ import annotations

import pytest

from pileup.comparison.hall import do_all, do_each
from pileup.comparison.jobs import Done, Job, Sighting
from pileup.comparison.stories import Showing, show, showings, shown
from pileup.comparison.terms import HARDENED, NAIVE, Contender, Terms
from pileup.findings import SYMPTOMS

TERMS = Terms((Contender("mesh"), Contender("single agent")), (), storms=12, days=1, outages=1)


def storms(**kinds: tuple[str, str]) -> dict[Job, Done]:
    """Return storms in which each kind was found where it is said: in which, and how it was."""
    return {
        job: Done(
            job,
            {kind: Sighting(1, f"{kind} there", kind) for kind, at in kinds.items() if at == where},
        )
        for contender in TERMS.contenders
        for controls in (NAIVE, HARDENED)
        for where in [(contender.name, controls)]
        for job in TERMS.of(contender, controls)
    }


def test_a_kind_is_shown_where_the_fewest_agents_take_part() -> None:
    found = storms(lost_work=("mesh", NAIVE), lost_write=("single agent", NAIVE))
    told = [(each.job.topology, each.kind) for each in showings(TERMS, found)]
    assert told == [("single agent", "lost_write"), ("mesh", "lost_work")]


def test_whatever_a_hardened_one_has_is_shown_first() -> None:
    found = storms(lost_write=("mesh", HARDENED), deadlock=("single agent", NAIVE))
    told = [(each.job.controls, each.kind) for each in showings(TERMS, found)]
    assert told == [(HARDENED, "lost_write"), (NAIVE, "deadlock")]


@pytest.mark.parametrize("kind", SYMPTOMS)
def test_a_symptom_is_not_shown(kind: str) -> None:
    assert list(showings(TERMS, storms(**{kind: ("mesh", NAIVE)}))) == []


def test_what_is_shown_is_the_kind_made_plain_in_any_process() -> None:
    single = Contender("single agent")
    alone = Terms((single,), (), storms=12, days=1, outages=1)
    storm = next(alone.of(single, NAIVE))
    clean = Job("single agent", HARDENED, "storm", 12)
    results = do_all([storm], 1) | {clean: Done(clean)}
    asked = [each for each in showings(alone, results) if each.kind == "lost_write"]
    here, there = do_each(show, asked, 1), do_each(show, asked, 2)
    assert here == there
    _expect_plain(asked[0], here[asked[0]])


def _expect_plain(asked: Showing, page: str) -> None:
    (found,) = shown({asked: page})
    assert (found.topology, found.controls, found.kind) == ("single agent", NAIVE, "lost_write")
    assert found.kind in {finding.kind for finding in found.run.findings}
    assert found.run.shrunk is not None
    assert found.run.shrunk.after.deviations < found.run.shrunk.before.deviations
