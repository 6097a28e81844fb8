"""Jobs: what they come to depends on nothing but themselves."""

from __future__ import annotations

import pytest

import pileup
from pileup.comparison.hall import do_all
from pileup.comparison.jobs import Job, do, scenario_of

STORM = Job("single agent", "naive", "storm", 12)
DAY = Job("single agent", "hardened", "usual day", 1)


def test_two_processes_come_to_the_same_as_one() -> None:
    told: list[tuple[int, int]] = []
    jobs = [STORM, DAY, Job("supervisor", "naive", "storm", 6)]
    alone = do_all(jobs, 1, lambda done, of: told.append((done, of)))
    assert do_all(jobs, 2) == alone
    assert list(alone) == jobs
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_another_seed_is_another_result() -> None:
    assert do(Job("single agent", "naive", "storm", 12, seed=1)).kinds != do(STORM).kinds


def test_a_token_of_a_job_shows_what_it_says() -> None:
    done = do(STORM)
    assert done.kinds
    for kind, seen in done.kinds.items():
        run = pileup.replay(seen.token, scenario_of(STORM))
        assert kind in {finding.kind for finding in run.findings}


def test_a_kind_is_counted_once_for_each_run() -> None:
    found = pileup.explore(scenario_of(STORM), runs=STORM.runs, seed=STORM.seed, shrink=False)
    counted = {kind: seen.times for kind, seen in do(STORM).kinds.items()}
    assert counted == {kind: found.stats.kinds[kind] for kind in counted}
    assert max(counted.values()) <= STORM.runs


def test_a_day_is_measured_run_by_run() -> None:
    done = do(DAY)
    (day,), (token,) = done.measured, done.tokens
    assert day.documents == len(day.seconds) == 20
    run = pileup.replay(token, scenario_of(DAY))
    assert run.world.model.usage.cost == day.dollars


@pytest.mark.parametrize(
    "name", ["single agent, naive", "nobody, naive, storm", "supervisor, a b, storm"]
)
def test_a_name_that_is_none_says_what_names_are_like(name: str) -> None:
    from pileup.scenarios.catalogue import scenario_named

    with pytest.raises(pileup.UsageError):
        scenario_named(name)
