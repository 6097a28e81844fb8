"""Each way to fail that is known of agents in company is found, and hardened none of them is.

Naive topologies are searched as `pileup compare` searches them, with fewer runs. Most kinds come
up in one run of ten or more (60 runs miss those with 0.2%), an endless loop, a contamination and
a torn read in one of 15 to 60; the seed is fixed, so that it is not a matter of luck.
"""

from __future__ import annotations

import pytest

from pileup.comparison.ablations import away
from pileup.comparison.jobs import Job, do
from pileup.comparison.places import PLACES
from pileup.comparison.terms import HARDENED, Contender, Terms
from pileup.scenarios.catalogue import HOMES
from pileup.scenarios.controls import CONTROLS

FAILURES = {
    "retry_amplification": ("single agent", "silence", 1),
    "lost_write": ("single agent", "storm", 30),
    "duplicate_effect": ("supervisor", "storm", 30),
    "session_leak": ("single agent", "usual day", 1),
    "torn_read": ("supervisor", "storm", 60),
    "contamination": ("pipeline", "storm", 60),
    "silent_partial": ("fan-out", "storm", 60),
    "endless_loop": ("chaining", "storm", 30),
    "deadlock": ("peers", "storm", 10),
    "lost_work": ("mesh", "storm", 30),
    "rate_limit_storm": ("supervisor", "stampede", 1),
    "check_failed": ("single agent", "storm", 30),
}
"""Each kind, where it is looked for, and in how many runs."""

STANDING = [name for name in HOMES if name not in ("crew", "peers", "chaining")]


@pytest.mark.parametrize("kind", FAILURES)
def test_every_way_to_fail_is_found_in_a_naive_topology(kind: str) -> None:
    topology, day, runs = FAILURES[kind]
    assert kind in do(Job(topology, "naive", day, runs)).kinds


@pytest.mark.parametrize("topology", STANDING)
def test_hardened_they_weather_any_storm(topology: str) -> None:
    assert do(Job(topology, "hardened", "storm", 60)).kinds == {}


@pytest.mark.parametrize("topology", STANDING)
def test_hardened_they_do_a_usual_day_right(topology: str) -> None:
    (day,) = do(Job(topology, "hardened", "usual day", 1)).measured
    assert (day.done, day.right, day.duplicates) == (day.documents, day.documents, 0)


REDUNDANT = {"money_cap", "turn_caps"}
"""Where tools are called until it is done there are three caps, and a loop detector before them."""

ALL = Terms(tuple(map(Contender, HOMES)), tuple(CONTROLS))


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_that_is_taken_away_is_missed(control: str) -> None:
    place = PLACES[control][0]
    jobs = [ALL.at(place, HARDENED), ALL.at(place, f"without {control}")]
    missed = list(away(ALL, place, control, {job: do(job) for job in jobs}))
    assert bool(missed) == (control not in REDUNDANT), missed


def test_a_hundred_careless_agents_do_each_thing_several_times() -> None:
    (careless,) = do(Job("single agent", "naive", "crowd of 100", 1)).measured
    (careful,) = do(Job("single agent", "hardened", "crowd of 100", 1)).measured
    assert careless.right < 100
    assert careless.duplicates > 200
    assert (careful.right, careful.duplicates) == (100, 0)
