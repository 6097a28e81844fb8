"""What Hypothesis draws of a run, and who answers so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from support.asked import Parked, who, who_of

import pileup
from pileup.choices import UNATTENDED, Point
from pileup.fakes import World
from pileup.results import Run
from pileup.strategies.hypothesis import Deviations, Drawn, Moment, Switch, deviations

QUIET = settings(
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


async def adds(world: World) -> None:
    count = await world.memory.get("n") or 0
    await world.memory.set("n", count + 1)


async def holds_a_lease(world: World, me: pileup.Agent) -> None:
    if await world.cache.set("lease", me.name, nx=True, px=1000):
        before = await world.memory.get("holders") or ()
        await world.memory.set("holders", (*before, me.name))


def once(agent: Any, drawn: Deviations, agents: int = 2) -> Run:
    return pileup.Scenario(agent, agents=agents).explorer().once(Drawn(drawn))


def asked(switches: dict[Moment, Switch], *points: Point) -> list[int]:
    strategy = Drawn(Deviations(switches))
    strategy.begin(0)
    return [strategy.choose(point) for point in points]


def test_all_is_dull_where_nothing_is_drawn() -> None:
    assert once(adds, Deviations()).tape.deviations == 0


def test_a_moment_is_an_agent_and_how_often_it_was_its_turn_before() -> None:
    switches: dict[Moment, Switch] = {(1, 1): 1}
    turns = [who(at=0), who(at=1), who(at=0), who(at=1), who(at=1)]
    assert asked(switches, *turns) == [0, 0, 0, 1, 0]


def test_a_switch_goes_so_many_places_further_on_and_never_stays() -> None:
    for places, option in [(1, 1), (2, 2), (3, 1), (256, 2)]:
        assert asked({(0, 0): places}, who()) == [option]
        assert asked({(0, 0): places}, who(jump=True)) == [option]


def test_time_passes_where_nobody_else_could_go() -> None:
    assert asked({(0, 0): 1}, who([0], jump=True)) == [1]


def test_the_clock_goes_first_only_if_there_is_a_deadline() -> None:
    assert asked({(0, 0): "clock"}, who(jump=True)) == [3]
    assert asked({(0, 0): "clock"}, who()) == [0]


def test_what_comes_of_an_early_deadline_happens_and_then_another_agent_goes_on() -> None:
    expiry = who_of([Parked(0), Parked(1), Parked(UNATTENDED)])
    answers = asked({(0, 0): "clock"}, who(range(2), jump=True), expiry, who(range(2)), who())
    assert answers == [2, 2, 1, 0]


def test_an_event_loop_that_could_go_on_stands_for_who_comes_after_it() -> None:
    assert asked({(0, 0): 1}, who([-1, 0, 1])) == [1]


def test_what_is_certain_happens_unless_it_is_drawn_otherwise() -> None:
    strategy = Drawn(Deviations(strikes={1: 7}))
    certain = Point("faults", 2, "lost", odds=1.0)
    assert [strategy.choose(certain) for _ in range(3)] == [1, 0, 1]


def test_a_draw_comes_to_something_else_than_usual() -> None:
    strategy = Drawn(Deviations(draws={0: 1, 1: 5}))
    assert [strategy.choose(Point("data", 3)) for _ in range(3)] == [1, 1, 0]
    assert strategy.choose(Point("faults", 2)) == 0


@QUIET
@given(deviations(), st.integers(1, 4))
def test_the_same_deviations_are_the_same_run(drawn: Deviations, agents: int) -> None:
    one, other = (once(adds, drawn, agents) for _ in range(2))
    assert one.history.digest == other.history.digest


@QUIET
@given(deviations())
def test_what_is_drawn_is_in_order_and_says_nothing_that_is_usual(drawn: Deviations) -> None:
    for each in drawn:
        assert list(each) == sorted(each)
        assert all(answer == "clock" or int(answer) >= 1 for answer in each.values())


def test_hardly_any_run_is_drawn_twice_but_for_the_plainest() -> None:
    seen: list[str] = []
    settings(QUIET, max_examples=500, phases=[Phase.generate])(
        given(deviations())(lambda drawn: seen.append(repr(drawn)))
    )()
    others = [each for each in seen if each.count("(") > 2]
    assert len(others) > 0.7 * len(seen)
    assert len(set(others)) > 0.95 * len(others)


@pytest.mark.parametrize("moment", [(0, 0), (0, 2), (0, 17), (1, 3), (3, 1)], ids=str)
def test_one_switch_is_what_is_left_wherever_it_has_to_be(moment: Moment) -> None:
    found = find(
        deviations(),
        lambda drawn: moment in drawn.switches,
        settings=settings(QUIET, max_examples=3000),
    )
    assert found == Deviations({moment: 1})


def test_all_that_is_left_of_a_race_is_one_switch() -> None:
    found = find(deviations(), lambda drawn: not once(adds, drawn, 5).clean, settings=QUIET)
    assert found == Deviations({(0, 2): 1})  # it has begun and has read, and is to write


def test_hardly_more_is_left_of_a_lease_that_runs_out_than_one_early_deadline() -> None:
    found = find(deviations(), lambda drawn: not once(holds_a_lease, drawn).clean, settings=QUIET)
    assert list(found.switches.values()).count("clock") == 1
    assert len(found.switches) <= 2
    assert not found.strikes
    assert not found.draws


def test_a_switch_that_many_in_a_row_must_make_is_found_and_nothing_else_is_left() -> None:
    wanted = {(0, 1), (0, 2), (1, 1), (1, 2)}
    found = find(
        deviations(),
        lambda drawn: wanted <= set(drawn.switches),
        settings=settings(QUIET, max_examples=2000),
    )
    assert found == Deviations(dict.fromkeys(sorted(wanted), 1))
