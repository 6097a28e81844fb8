"""Detectors against ground truth: random programs, in many orders, judged by the serial oracle.

Where a result is impossible one after another, a detector names why; where no
order of a program is wrong, none speaks. PILEUP_PROGRAMS says how many
programs are tried; each on which the two once disagreed is kept below.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from support.generated import MEDIA, Generated, by_number, programs
from support.judging import disagreement, judged

PROGRAMS = int(os.environ.get("PILEUP_PROGRAMS", "200"))
FIRST = int(os.environ.get("PILEUP_FIRST_PROGRAM", "0"))
CHUNKS = 20


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_detectors_and_oracle_agree(chunk: int) -> None:
    for number in range(FIRST + chunk, FIRST + PROGRAMS, CHUNKS):
        program = by_number(number)
        said = disagreement(program)
        assert not said, f"program {number}: {said}\n{program}"


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(programs())
def test_they_agree_on_what_hypothesis_draws(program: Generated) -> None:
    assert not disagreement(program)


def test_the_programs_are_of_all_sorts() -> None:
    """A sample in which nothing is ever wrong, or everything, would show nothing."""
    told = [(by_number(number), judged(by_number(number), 20)) for number in range(40)]
    assert {program.medium for program, _ in told} == set(MEDIA)
    wrong = sum(bool(each.wrong) for _, each in told)
    assert 10 < wrong < 35, wrong
    assert any(each.accused for _, each in told)


KEPT = {
    "a write after an update that told its agent nothing": Generated(
        "database",
        "none",
        ((("derive", "x", 1007),), (("add", "x", 2000), ("derive", "x", 1))),
        True,
    ),
    "a write by who has read nothing but what it wrote itself": Generated(
        "memory",
        "none",
        (
            (("write", "y", 1000), ("read", "y"), ("derive", "y", 1021)),
            (("write", "y", 2000),),
        ),
        True,
    ),
    "the same over an increment": Generated(
        "database",
        "none",
        (
            (("derive", "x", 1000), ("read for update", "x"), ("derive", "x", 1014)),
            (("add", "x", 2007),),
        ),
        True,
    ),
    "an increment by who had read what was there before": Generated(
        "memory", "step", ((("write", "x", 1007),), (("read", "x"), ("add", "x", 2007)))
    ),
    "the same in transactions": Generated(
        "database",
        "read committed",
        ((("read", "y"), ("add", "y", 1007)), (("add", "y", 2007), ("read", "y"))),
        True,
    ),
    "an increment and a look under a lock, of what was read without it": Generated(
        "cache",
        "step",
        (
            (("write", "y", 2000),),
            (("read", "y"), ("lock", "lock 1", (("add", "y", 3147), ("read", "y")))),
        ),
        True,
    ),
    "a unit that has read once without the lock and once under it": Generated(
        "cache",
        "step",
        (
            (("read", "y"), ("lock", "lock 1", (("read", "y"), ("derive", "y", 1084)))),
            (("write", "y", 3000),),
        ),
        True,
    ),
    "a transaction that has read without a lock first": Generated(
        "database",
        "read committed",
        (
            (("read", "x"), ("read for update", "x"), ("derive", "x", 1014)),
            (("derive", "x", 2007),),
        ),
    ),
    "a swap between a look and an increment": Generated(
        "memory",
        "step",
        (
            (("lock", "lock 0", (("read", "x"),)), ("add", "x", 1014)),
            (("swap", "x", 2014),),
        ),
    ),
    "a row that waited for a transaction which was then refused": Generated(
        "database",
        "serializable",
        (
            (("read for update", "y"),),
            (("add", "x", 3007),),
            (("add", "y", 4000), ("read", "x")),
        ),
        True,
    ),
    "a deadlock that no attempt gets past": Generated(
        "database",
        "serializable",
        (
            (("derive", "x", 1014), ("read for update", "y")),
            (("read for update", "y"), ("read for update", "x")),
        ),
        True,
    ),
    "an increment of one value that two have written": Generated(
        "memory", "step", ((("write", "y", 1),), (("write", "y", 1), ("add", "y", 4007))), True
    ),
    "one value that two have written, and nobody has read": Generated(
        "cache",
        "step",
        (
            (("derive", "x", 1000), ("write", "y", 1)),
            (("derive", "x", 2007), ("write", "y", 1)),
        ),
        True,
    ),
    "a change back to what was read last, after another had been read": Generated(
        "shared",
        "step",
        (
            (("read", "y"), ("read", "y"), ("derive", "y", 1084)),
            (("write", "y", 1), ("write", "y", 1)),
        ),
        True,
    ),
    "increments that come to what another writes": Generated(
        "cache",
        "step",
        ((("add", "y", 1000), ("add", "y", 1007), ("read", "y")), (("write", "y", 2007),)),
    ),
    "a write by who has read what another put there, the same as itself before": Generated(
        "database",
        "none",
        (
            (("write", "y", 1), ("read", "y"), ("write", "y", 1014)),
            (("write", "y", 1), ("read", "x"), ("derive", "y", 2014), ("write", "x", 2021)),
        ),
    ),
    "an increment that comes to what is written over it": Generated(
        "database",
        "none",
        (
            (("add", "y", 1), ("write", "y", 1)),
            (("read", "y"), ("write", "x", 1), ("write", "y", 1)),
        ),
        True,
    ),
    "commits of several rows, of which one is alike": Generated(
        "database",
        "read committed",
        (
            (("read", "y"), ("derive", "y", 1)),
            (("read", "x"), ("add", "x", 1), ("write", "y", 1)),
        ),
        True,
    ),
    "a commit that puts back what was read": Generated(
        "database",
        "read committed",
        (
            (("read", "x"), ("write", "x", 1), ("read for update", "x")),
            (("read for update", "y"), ("write", "y", 1), ("derive", "x", 0)),
        ),
        True,
    ),
    "what is erased is written again in the end": Generated(
        "memory",
        "step",
        (
            (("write", "x", 1), ("write", "x", 1)),
            (("swap", "x", 1), ("derive", "x", 1), ("write", "x", 2), ("derive", "x", 1)),
        ),
    ),
}
"""The smallest program of each disagreement that there was."""


@pytest.mark.parametrize("name", KEPT)
def test_they_agree_where_they_once_did_not(name: str) -> None:
    assert not disagreement(KEPT[name])
