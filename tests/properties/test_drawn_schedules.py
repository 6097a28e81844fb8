"""A drawn order: how it is played, printed and shrunk, and what is said where it cannot be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import property_agents as shops

import pileup
from pileup.fakes import World
from pileup.faults import Plan, Rule
from pileup.hypothesis import Found, Played, Schedule, mistakes, plans, schedules

QUIET = settings(
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
LOSING = Schedule({(0, 2): 1})


def smallest(test: Callable[..., Played], **drawn: Any) -> dict[str, Any]:
    """Let Hypothesis shrink what fails, and return what it was left with."""
    last: dict[str, Any] = {}

    def fails(**given_: Any) -> None:
        played = test(**given_)
        if not played.clean:
            last.clear()
            last.update(given_)
        played.assert_clean()

    with pytest.raises(Found):
        QUIET(given(**drawn)(fails))()
    return last


# What it is shrunk to ---------------------------------------------------------------------------


def test_a_lost_write_is_two_agents_no_faults_and_one_switch() -> None:
    found = smallest(
        lambda order, agents, faults: order.play(shops.adds, agents=agents, faults=faults),
        order=schedules(),
        agents=st.integers(2, 6),
        faults=plans(faults=["slow", "late"]),
    )
    assert found == {"order": LOSING, "agents": 2, "faults": Plan()}


def test_a_double_charge_is_one_agent_one_lost_answer_and_no_switch() -> None:
    found = smallest(
        lambda order, agents, faults: order.play(
            shops.pays_until_told, agents=agents, faults=faults, setup=shops.shop
        ),
        order=schedules(),
        agents=st.integers(1, 4),
        faults=plans(faults=["lost", "timeout", "refused"], on=["POST*"]),
    )
    assert found["order"] == Schedule()
    assert found["agents"] == 1
    assert found["faults"] == Plan((Rule("lost", on="POST*", nth=1),))


def test_write_skew_is_one_switch() -> None:
    found = smallest(
        lambda order: order.play(shops.LEAVING, setup=shops.on_call), order=schedules()
    )
    assert len(found["order"].switches) == 1


def test_a_fault_of_some_odds_strikes_where_it_is_drawn_and_nowhere_else() -> None:
    rule = Rule("lost", on="POST*", odds=0.05)
    found = smallest(
        lambda order: order.play(shops.pays_until_told, agents=1, faults=rule, setup=shops.shop),
        order=schedules(),
    )
    assert found["order"] == Schedule(strikes={0: 1})


def test_a_models_mistake_is_one_rule() -> None:
    async def relays(world: World) -> None:
        answer = await world.model.complete("asks: what is it worth?")
        await world.memory.set("worth", answer.text)

    found = smallest(
        lambda order, behaviour: order.play(
            relays, agents=1, setup=shops.answers, faults=behaviour
        ),
        order=schedules(),
        behaviour=mistakes(),
    )
    assert found["order"] == Schedule()
    assert len(found["behaviour"].rules) == 1
    assert found["behaviour"].rules[0].nth == 1


# How it is played -------------------------------------------------------------------------------


def test_the_dullest_is_one_agent_after_another() -> None:
    played = Schedule().play(shops.adds, agents=3)
    assert played.clean
    assert played.world.memory.peek("n") == 3
    assert list(played.results.values()) == [1, 2, 3]


def test_the_same_schedule_is_the_same_run_as_often_as_it_is_played() -> None:
    first, second = (LOSING.play(shops.adds) for _ in range(2))
    assert first.history.digest == second.history.digest
    assert str(first) == str(second)


def test_it_takes_a_scenario_as_it_is() -> None:
    scenario = pileup.Scenario(shops.adds, agents=3)
    assert LOSING.play(scenario).history.digest == LOSING.play(shops.adds, agents=3).history.digest


def test_several_plans_are_one() -> None:
    never, lost = Plan((Rule("slow", nth=9),)), Plan((Rule("lost", nth=1),))
    played = Schedule().play(
        shops.pays_until_told, agents=1, setup=shops.shop, faults=[never, lost]
    )
    assert [tally.struck for tally in played.faults] == [0, 1]
    assert not played.clean


def test_what_fails_tells_its_story_and_can_be_replayed() -> None:
    with pytest.raises(Found) as raised:
        LOSING.play(shops.adds).assert_clean()
    text = str(raised.value)
    assert "lost_write (critical)" in text
    assert "In the order in which things happened" in text
    token = text.split('pileup.replay("')[1].split('"', maxsplit=1)[0]
    assert [each.kind for each in pileup.replay(token, shops.adds).findings] == ["lost_write"]


def test_ignored_kinds_do_not_fail() -> None:
    LOSING.play(shops.adds).assert_clean(ignore=["lost_write"])


def test_each_kind_is_a_failure_of_its_own_so_that_hypothesis_keeps_them_apart() -> None:
    def failure(**conditions: Any) -> Found:
        with pytest.raises(Found) as raised:
            LOSING.play(**conditions).assert_clean()
        return raised.value

    def check(_: World) -> None:
        raise AssertionError("not right")

    lost, wrong = failure(agent=shops.adds), failure(agent=shops.adds_at_once, check=check)
    assert [type(lost).__name__, type(wrong).__name__] == ["LostWrite", "CheckFailed"]
    assert type(lost) is type(failure(agent=shops.adds))


def test_the_plainest_run_is_seen_again_so_what_is_not_deterministic_does_not_pass() -> None:
    calls: list[int] = []

    async def counts_its_calls(world: World) -> None:
        calls.append(1)
        await world.memory.set("n", len(calls))

    with pytest.raises(pileup.PileupError, match=r"not deterministic|different"):
        Schedule().play(counts_its_calls, agents=1)


def test_hypothesis_tracer_rests_in_a_run_and_others_do_not() -> None:
    class Tracer:
        def trace(self, *_: object) -> None:
            return None

    seen: list[bool] = []

    async def looks(world: World) -> None:
        seen.append(sys.gettrace() is None)
        await world.memory.get("n")

    before = sys.gettrace()
    try:
        for module, rests in [("hypothesis.internal.scrutineer", True), ("coverage", False)]:
            Tracer.__module__ = module
            seen.clear()
            sys.settrace(Tracer().trace)
            Schedule({(0, 9): 1}).play(looks, agents=1)
            assert sys.gettrace() is not None
            sys.settrace(before)
            assert seen == [rests]
    finally:
        sys.settrace(before)


# How it is printed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(),
        LOSING,
        Schedule({(0, 2): 1, (1, 0): "clock"}, strikes={0: 1}, draws={2: 3}),
        Schedule(draws={0: 1}),
    ],
    ids=str,
)
def test_it_prints_as_what_makes_it_again(schedule: Schedule) -> None:
    assert eval(repr(schedule), {"Schedule": Schedule}) == schedule


def test_hypothesis_prints_all_that_is_drawn_as_what_makes_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @settings(QUIET)
    @given(
        order=schedules(),
        faults=plans(faults=["lost", "crash"], on=["POST*"]),
        behaviour=mistakes(),
    )
    def fails(order: Schedule, faults: Plan, behaviour: Plan) -> None:  # noqa: ARG001 - printed
        assert len(faults.rules) < 2

    with pytest.raises(AssertionError) as raised:
        fails()
    text = " ".join("\n".join(raised.value.__notes__).split())
    assert "order=Schedule()," in text
    rule = "Rule('lost', on='POST*', nth=1)"
    assert f"faults=Plan(({rule}, {rule}))," in text.replace("( ", "(").replace(", )", ")")
    assert "behaviour=Plan()," in text
    assert capsys.readouterr().out == ""


# What cannot be ---------------------------------------------------------------------------------


def test_a_strategy_is_no_order_yet() -> None:
    with pytest.raises(pileup.UsageError, match=r"@given\(order=schedules\(\)\)"):
        schedules().play(shops.adds)  # type: ignore[attr-defined] # wrong on purpose


@pytest.mark.parametrize("name", ["faults", "agents"])
def test_what_has_not_been_drawn_is_refused(name: str) -> None:
    wrong: Any = {name: plans()}
    with pytest.raises(pileup.UsageError, match=rf"`{name}` is a strategy.*@given\({name}="):
        Schedule().play(shops.adds, **wrong)


def test_a_scenario_and_conditions_are_one_too_many() -> None:
    with pytest.raises(pileup.UsageError, match=r"agents was given beside it.*replace\(scenario"):
        Schedule().play(pileup.Scenario(shops.adds), agents=3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"switches": {2: 1}},
        {"switches": {(0, -1): 1}},
        {"switches": {(0, 2): 0}},
        {"switches": {(0, 2): "time"}},
        {"switches": [1, 2]},
        {"strikes": {0: "clock"}},
        {"draws": {0: True}},
    ],
    ids=str,
)
def test_a_schedule_that_cannot_be_says_how_to_write_one(wrong: dict[str, Any]) -> None:
    with pytest.raises(pileup.UsageError, match=r"Write Schedule\(\{\(0, 2\): 1\}\)"):
        Schedule(**wrong)


def test_nothing_is_drawn_while_a_run_is_on() -> None:
    @QUIET
    @given(schedules(), st.data())
    def draws_too_late(order: Schedule, data: st.DataObject) -> None:
        async def draws(world: World) -> None:
            await world.memory.set("n", data.draw(st.integers()))

        order.play(draws)

    with pytest.raises(pileup.UsageError, match=r"`data\.draw` was called while a run was on"):
        draws_too_late()


def test_before_and_after_a_run_data_can_be_drawn() -> None:
    @QUIET
    @given(schedules(), st.data())
    def draws_around(order: Schedule, data: st.DataObject) -> None:
        order.play(shops.adds_at_once, agents=data.draw(st.integers(1, 3))).assert_clean()
        data.draw(st.integers())

    draws_around()
