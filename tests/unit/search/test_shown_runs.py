"""The runs that are kept: one for each of the worst findings, each once, shrunk like the first."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import pileup
from pileup.fakes import World
from pileup.results import Exploration, Run
from pileup.scenarios.config_race import FIXED, RACE
from pileup.search.accounts.ledger import MOST_SHRUNK

MANY = "abcdefgh"


@cache
def raced() -> Exploration:
    return pileup.explore(RACE, runs=60)


async def counts_many(world: World) -> None:
    """Lose writes of many things, each of which is a finding of its own."""
    for thing in MANY:
        count = await world.memory.get(thing) or 0
        await world.memory.set(thing, count + 1)


def tokens(found: Exploration) -> list[str]:
    return [run.token for run in found.shown]


def told_by(found: Exploration, token: str) -> Run:
    (run,) = [run for run in found.shown if run.token == token]
    return run


def test_each_finding_is_shown_by_the_run_that_its_events_are_of() -> None:
    found = raced()
    assert len(found.findings) > len(found.shown) > 2
    for finding in found.findings:
        assert finding in told_by(found, finding.replay).findings


def test_the_counterexample_is_the_first_and_none_is_there_twice() -> None:
    found = raced()
    assert found.shown[0] is found.counterexample
    assert found.shown[1:] == found.others
    assert sorted(set(tokens(found))) == sorted(tokens(found))


def test_they_are_those_of_the_worst_findings_in_that_order() -> None:
    found = raced()
    assert tokens(found) == list(dict.fromkeys(each.replay for each in found.findings))


def test_each_is_shrunk_and_can_be_replayed() -> None:
    for run in raced().shown:
        assert run.shrunk is not None
        assert pileup.replay(run.token, RACE).history.digest == run.history.digest


def test_no_more_are_kept_than_are_shrunk() -> None:
    found = pileup.explore(counts_many, strategy="random", runs=60)
    assert len(found.findings) == len(MANY)
    assert len(found.shown) == MOST_SHRUNK
    assert [each.replay for each in found.findings[:MOST_SHRUNK]] == tokens(found)


@pytest.mark.parametrize("options", [{"workers": 2}, {"workers": 2, "shrink": False}])
def test_it_is_all_the_same_who_has_played_them(options: dict[str, Any]) -> None:
    alone = pileup.explore(RACE, runs=60, **(options | {"workers": 1}))
    found = pileup.explore(RACE, runs=60, **options)
    assert tokens(found) == tokens(alone)
    assert [run.shrunk for run in found.shown] == [run.shrunk for run in alone.shown]


def test_without_shrinking_they_are_kept_as_they_were_found() -> None:
    found = pileup.explore(RACE, runs=60, shrink=False)
    assert found.others
    assert [run.shrunk for run in found.shown] == [None] * len(found.shown)
    for finding in found.findings:
        kept = [run for run in found.shown if run.token == finding.replay]
        assert all(finding in run.findings for run in kept)


def test_what_is_clean_shows_no_run() -> None:
    assert pileup.explore(FIXED, runs=5).shown == ()
