"""Hypothesis as a strategy: it finds a race among drawn agents, and shrinks all of it at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import pileup
from pileup.choices import Point
from pileup.fakes import World
from pileup.faults import Rule
from pileup.strategies import Dull
from pileup.strategies.hypothesis import Hypothesis

QUIET = settings(
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


async def adds(world: World) -> None:
    count = await world.memory.get("n") or 0
    await world.memory.set("n", count + 1)


def explored(data: st.DataObject, agents: int, **options: Any) -> pileup.Exploration:
    return pileup.explore(
        adds, agents=agents, runs=1, strategy=Hypothesis(data), shrink=False, **options
    )


def test_it_finds_a_race_and_shrinks_agents_and_order_together() -> None:
    seen: list[tuple[int, int]] = []

    @QUIET
    @given(st.integers(2, 6), st.data())
    def nothing_is_lost(agents: int, data: st.DataObject) -> None:
        found = explored(data, agents)
        if found.counterexample is not None:
            seen.append((agents, found.counterexample.tape.deviations))
        found.assert_clean()

    with pytest.raises(AssertionError, match="lost_write"):
        nothing_is_lost()
    assert seen[-1] == (2, 1)  # to the other agent after the read


def test_it_shrinks_a_fault_away_that_is_not_needed() -> None:
    def loses(data: st.DataObject) -> bool:
        rule = Rule("slow", on="write*", odds=0.5)
        run = explored(data, 2, faults=[rule]).counterexample
        return run is not None and not any(event.fault for event in run.history)

    find(st.data(), loses, settings=QUIET)


@QUIET
@given(st.data())
def test_the_same_data_is_the_same_run(data: st.DataObject) -> None:
    strategy = Recording(data)
    scenario = pileup.Scenario(adds, agents=3)
    first = scenario.explorer().once(strategy)
    again = scenario.explorer().once(Repeating(strategy.answers))
    assert again.history.digest == first.history.digest


class Recording(Hypothesis):
    """Note what was drawn."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__(data)
        self.answers: list[int] = []

    def choose(self, point: Point) -> int:
        self.answers.append(super().choose(point))
        return self.answers[-1]


class Repeating(Dull):
    """Answer the same again."""

    def __init__(self, answers: list[int]) -> None:
        self._answers = iter(answers)

    def choose(self, point: Point) -> int:
        return next(self._answers)


def test_what_is_certain_happens_unless_it_is_drawn_otherwise() -> None:
    @settings(QUIET, max_examples=20)
    @given(st.data())
    def certain(data: st.DataObject) -> None:
        strategy = Hypothesis(data, length=1)
        strategy.begin(0)
        strategy.choose(Point("faults", 2, "lost", odds=1.0))
        assert strategy.choose(Point("faults", 2, "lost", odds=1.0)) == 1

    certain()
