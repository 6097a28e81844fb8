"""The public race programs: found as soon as in print, by what is meant to be good at it.

The trials are seeded, so each of these tests always passes or always fails.
How likely a right implementation is to fail by its draws: the runs to the first
hit are close to geometric (their spread is about their mean), so a mean of 20
trials exceeds twice the published figure once in 5,000 if the true mean is
the published one, once in 100 at 1.25 times that, and once in 13 at 1.5 times.
The published figures are means of 20 trials themselves, off by a fifth or so,
and where the true mean can be reckoned (see `support.races`) it is up to 1.2
times the published one.
"""

from __future__ import annotations

from statistics import mean

import pytest
from support.races import RACES, Race, hits, runs_to_first_hit

import pileup
from pileup.strategies import Dull

TRIALS = 20
CAP = 10_000
ONLY_IN_THE_TABLE = ("reorder_50", "reorder_100", "twostage_100")
"""They take minutes."""

REQUIRED = [race for race in RACES.values() if race.name not in ONLY_IN_THE_TABLE]
IN_ORDER = [race for race in REQUIRED if race.in_order]
RACING = [race for race in REQUIRED if not race.in_order]


def by_name(race: Race) -> str:
    return race.name


@pytest.mark.parametrize("strategy", ["surw", "auto"])
@pytest.mark.parametrize("race", REQUIRED, ids=by_name)
def test_it_is_found_within_twice_the_published_runs(race: Race, strategy: str) -> None:
    runs = [runs_to_first_hit(race, strategy, seed, CAP) for seed in range(TRIALS)]
    found = [number for number in runs if number is not None]
    assert len(found) == TRIALS, runs
    assert mean(found) <= 2 * race.published["surw"].mean, runs


def test_a_random_walk_does_not_find_the_hard_one() -> None:
    """Else the port would be easier than the original, where 20 times 10,000 runs show nothing.

    Measured: with 2, 3 and 4 setters once in 69, 770 and 7,500 runs, ten times as rarely for each
    that is added, because each has to be held back while main spawns all that come after it.
    With the nine of reorder_10 that makes less than one chance in 100,000 for 6,000 runs.
    """
    assert [runs_to_first_hit(RACES["reorder_10"], "random", seed, 2_000) for seed in range(3)] == [
        None
    ] * 3


@pytest.mark.parametrize("race", RACING, ids=by_name)
def test_the_dull_run_does_not_show_it(race: Race) -> None:
    assert not hits(race, pileup.Scenario(race.main, agents=1).explorer().once(Dull()))


@pytest.mark.parametrize("race", RACING, ids=by_name)
def test_under_one_lock_it_cannot_happen(race: Race) -> None:
    found = pileup.explore(race.guarded, agents=1, runs=100, strategy="random")
    assert not any(map(race.found, found.findings)), str(found)


@pytest.mark.parametrize("race", IN_ORDER, ids=by_name)
def test_where_only_the_order_is_wrong_no_lock_helps(race: Race) -> None:
    found = pileup.explore(race.guarded, agents=1, runs=300, strategy="random")
    assert any(map(race.found, found.findings))
