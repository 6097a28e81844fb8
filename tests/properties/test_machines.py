"""A machine whose rules hand actions out to agents, which then act at once."""

from __future__ import annotations

import unittest
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import pileup
from pileup.fakes import World
from pileup.faults import Plan, Rule
from pileup.hypothesis import Found, Machine, Schedule, action, plans

QUIET = settings(
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    derandomize=True,
    print_blob=False,  # which is another thing where CI is set
    stateful_step_count=10,
    suppress_health_check=list(HealthCheck),
)


async def sell(world: World, _: pileup.Agent, amount: int) -> int:
    till = await world.memory.get("till") or 0
    await world.memory.set("till", till + amount)
    return amount


async def sell_at_once(world: World, amount: int) -> int:
    await world.memory.add("till", amount)
    return amount


def look_and_block(world: World, amount: int) -> int:
    world.cache.sync.incr("looks")
    return amount


async def refund(world: World, amount: int) -> None:
    await world.memory.add("till", -amount)


FEW = settings(QUIET, max_examples=25)
"""For what does not depend on what is drawn."""


class Till(Machine):
    sells = action(sell, amount=st.integers(1, 9))

    @invariant()
    def nothing_is_lost(self) -> None:
        sold: list[Any] = [each.given["amount"] for each in self.done]
        assert (self.world.memory.peek("till") or 0) == sum(sold)


class OwnCheckOnly(Till):
    ignore = ("lost_write",)


class RightTill(Till):
    sells = action(sell_at_once, amount=st.integers(1, 9))
    blocks = action(look_and_block, amount=st.just(0))


def failure(machine: type[RuleBasedStateMachine], kind: type[BaseException]) -> tuple[str, str]:
    """Let a machine fail; return what it raised, and the program that Hypothesis shows."""
    with pytest.raises(kind) as raised:
        run_state_machine_as_test(machine, settings=QUIET)
    notes = "\n".join(raised.value.__notes__)
    return str(raised.value) + notes, notes


def test_a_race_is_found_and_shown_as_a_short_program() -> None:
    text, program = failure(Till, Found)
    assert "lost_write (critical)" in text
    assert "round 1 done" in text
    assert program.splitlines()[-5:] == [
        "state = Till()",
        "state.sells(amount=1)",
        "state.sells(amount=1)",
        "state.go(order=Schedule({(0, 2): 1}))",
        "state.teardown()",
    ]


def test_a_failing_invariant_tells_the_run_that_led_to_it() -> None:
    text, program = failure(OwnCheckOnly, AssertionError)
    assert "assert" in text
    assert "In the order in which things happened" in text
    assert "pileup.replay" not in text  # because it takes the machine as well
    assert "state.nothing_is_lost()" in program


def test_a_machine_that_is_right_is_clean() -> None:
    run_state_machine_as_test(RightTill, settings=QUIET)


def test_it_is_a_test_case_as_any_state_machine_is() -> None:
    class Few(RightTill):
        pass

    Few.TestCase.settings = settings(Few.TestCase.settings, max_examples=FEW.max_examples)
    result = unittest.TestResult()
    Few.TestCase("runTest").run(result)
    assert result.wasSuccessful()


def test_agents_act_only_when_all_go_and_rounds_follow_each_other() -> None:
    machine = Till()
    sells: Any = machine.sells
    sells(amount=1)
    sells(amount=2)
    assert machine.world.memory.peek("till") is None
    machine.go(order=Schedule())
    assert machine.world.memory.peek("till") == 3
    sells(amount=4)
    machine.go(order=Schedule())
    assert machine.world.memory.peek("till") == 7
    assert [each.result for each in machine.done] == [1, 2, 4]


def test_each_round_has_an_order_of_its_own() -> None:
    machine = OwnCheckOnly()
    sells: Any = machine.sells
    for order in (Schedule(), Schedule({(0, 2): 1})):
        sells(amount=1)
        sells(amount=1)
        machine.go(order=order)
    assert machine.world.memory.peek("till") == 3


class Sales(Machine):
    """Sales whose results are handed on, with a model of what is to be there."""

    sales: Bundle[Any] = Bundle("sales")
    sells = action(sell_at_once, target=sales, amount=st.integers(1, 9))
    refunds = action(refund, amount=sales)

    def __init__(self) -> None:
        super().__init__()
        self.counted = 0

    @precondition(lambda self: self.world.memory.peek("till"))
    @rule()
    def count(self) -> None:
        assert self.world.memory.peek("till") != 0
        self.counted += 1

    @rule(sale=sales)
    def look(self, sale: Any) -> None:
        assert not sale.is_done or sale.result == sale.given["amount"]


def test_bundles_preconditions_and_rules_of_its_own_work_beside_it() -> None:
    run_state_machine_as_test(Sales, settings=FEW)


def test_an_action_waits_for_the_result_that_it_is_given_also_in_its_own_round() -> None:
    machine = Sales()
    sells: Any = machine.sells
    refunds: Any = machine.refunds
    sale = sells(amount=5)
    refunds(amount=sale)
    machine.go(order=Schedule({(0, 0): 1}))  # the one that refunds would go first
    assert machine.world.memory.peek("till") == 0


def test_a_result_is_not_there_before_its_round() -> None:
    sells: Any = Sales().sells
    with pytest.raises(pileup.UsageError, match="sell_at_once has returned nothing yet"):
        _ = sells(amount=1).result


class Crashing(Machine):
    """What an agent has done that crashed is not in the model, and may be in the world."""

    sells = action(sell_at_once, amount=st.just(1))

    @initialize(plan=plans(faults=["crash"], most=1))
    def weather(self, plan: Plan) -> None:
        self.faults = plan

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.world.memory.peek("till") == len(self.done)


def test_faults_are_drawn_by_a_rule_like_any() -> None:
    _, program = failure(Crashing, AssertionError)
    assert "state.weather(plan=Plan((Rule('crash', nth=1),)))" in program
    assert program.count("state.sells(amount=1)") == 1


def test_an_agent_that_crashed_has_returned_nothing() -> None:
    machine = Crashing()
    machine.faults = Rule("crash", nth=1)
    sells: Any = machine.sells
    sells(amount=1)
    sells(amount=1)
    machine.go(order=Schedule())
    assert [each.result for each in machine.done] == [1]


def test_a_round_is_full_at_some_point() -> None:
    class Pair(RightTill):
        at_once = 2

        @invariant()
        def no_more_than_two_act(self) -> None:
            assert all(len(each.jobs) <= 2 for each in self._rounds)

    run_state_machine_as_test(Pair, settings=FEW)


def test_an_action_that_does_not_take_what_is_drawn_is_refused_where_it_is_declared() -> None:
    with pytest.raises(pileup.UsageError, match=r"async def sell\(world, me, price\)"):
        action(sell, price=st.integers())
