"""Plans that Hypothesis draws, and what it leaves of them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import find, given, settings
from support.counter import Counter, Told

import pileup
from pileup.faults import CATALOGUE, Plan, Rule
from pileup.faults.drawn import BY_CHANCE, plans, rules
from pileup.strategies import Dull


async def adds_until_told_that_it_worked(counter: Counter) -> None:
    for _ in range(3):
        for _ in range(10):
            try:
                await counter.port.perform(counter.adding())
            except Told:
                continue
            break


def added(plan: Plan) -> int:
    scenario = pileup.Scenario(adds_until_told_that_it_worked, setup=Counter, agents=1, faults=plan)
    value = scenario.explorer().once(Dull()).world.value
    assert isinstance(value, int)
    return value


@given(plans())
def test_a_drawn_plan_can_be_written_down(plan: Plan) -> None:
    assert Plan.from_json(plan.to_json()) == plan


@given(plans(faults=["error", "refused"], on=["add"]))
@settings(max_examples=30)
def test_retrying_is_right_where_nothing_has_happened(plan: Plan) -> None:
    assert added(plan) <= 3


def test_what_is_left_of_a_plan_is_the_one_fault_that_it_takes() -> None:
    drawn = plans(faults=["error", "lost", "slow"], on=["add"])
    smallest = find(drawn, lambda plan: added(plan) > 3)
    assert smallest == Plan((Rule("lost", on="add", nth=1),))


def test_what_is_left_of_a_crash_is_its_call_alone() -> None:
    smallest = find(plans(faults=["pause", "crash"]), lambda plan: added(plan) == 2)
    assert smallest == Plan((Rule("crash", nth=2),))


@pytest.mark.parametrize("seed", range(20))
def test_whatever_it_comes_from_no_rule_is_left_over(seed: int) -> None:
    """With more numbers drawn for a rule one of four kept a rule that it did not need."""
    smallest = find(
        plans(faults=["slow", "pause", "crash"]),
        lambda plan: added(plan) < 3,
        random=Random(seed),
        settings=settings(database=None, deadline=None),
    )
    assert smallest == Plan((Rule("crash", nth=1),))


def test_every_fault_that_comes_by_chance_is_drawn() -> None:
    assert set(BY_CHANCE) == CATALOGUE.keys() - {"full", "denied"}
    find(rules(), lambda rule: rule.fault == BY_CHANCE[-1])


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"faults": "lost"}, r"faults=\['lost'\]"),
        ({"on": "POST*"}, r"on=\['POST\*'\]"),
        ({"by": []}, r"by=\['worker-\*'\]"),
        ({"faults": ["lots"]}, "no fault 'lots'; there are error, "),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(given_: dict[str, list[str]], said: str) -> None:
    with pytest.raises(pileup.UsageError, match=said):
        plans(**given_)  # type: ignore[arg-type] # wrong on purpose
