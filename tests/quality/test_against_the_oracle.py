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
    "a deadlock that no attempt gets past": Generated(
        "database",
        "serializable",
        (
            (("derive", "x", 1014), ("read for update", "y")),
            (("read for update", "y"), ("read for update", "x")),
        ),
        True,
    ),
}
"""The smallest program of each disagreement that there was."""


@pytest.mark.parametrize("name", KEPT)
def test_they_agree_where_they_once_did_not(name: str) -> None:
    assert not disagreement(KEPT[name])
