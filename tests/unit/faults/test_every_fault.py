"""Every fault of the catalogue fires, shows on the right side of the effect, and replays."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from support.counter import TWISTED, Counter, Told, adds, adds_in_sync_code

import pileup
from pileup.faults import CATALOGUE, Rule
from pileup.history import Event
from pileup.strategies import Dull, Random

WAYS = [
    *[(adds, backend) for backend in pileup.settings.BACKENDS],
    *[(adds_in_sync_code, backend) for backend in pileup.settings.BACKENDS],
]


class Expected(NamedTuple):
    """What one fault on the only call of one agent comes to."""

    value: int
    outcome: str | None
    seconds: float
    told: str | None = None
    returns: object = None


EXPECTED = {
    "error": Expected(0, "fail", 0, "error"),
    "timeout": Expected(0, "fail", 30, "timeout"),
    "refused": Expected(0, "fail", 0, "refused"),
    "throttled": Expected(0, "fail", 0, "throttled"),
    "unavailable": Expected(0, "fail", 0, "unavailable"),
    "full": Expected(0, "fail", 0, "full"),
    "denied": Expected(0, "fail", 0, "denied"),
    "lost": Expected(1, "info", 30, "lost"),
    "reset": Expected(1, "info", 0, "reset"),
    "late": Expected(1, "ok", 30, returns=1),
    "slow": Expected(1, "ok", 10, returns=1),
    "partition": Expected(0, "fail", 30, "timeout"),
    "skew": Expected(1, "ok", 0, returns=1),
    "pause": Expected(1, "ok", 60, returns=1),
    "crash": Expected(1, "info", 0),
    "restart": Expected(2, "info", 5, returns=2),
    **{name: Expected(100, "ok", 0, returns=100) for name in TWISTED},
}
ENDLESS = ("hang", "cancel")  # have tests of their own below


def once(agent: Callable[..., object], backend: str, *rules: Rule) -> pileup.Run:
    scenario = pileup.Scenario(agent, setup=Counter, agents=1, backend=backend, faults=rules)
    return scenario.explorer().once(Dull())


def struck(run: pileup.Run) -> Event:
    return next(event for event in run.history if event.name == "add")


def test_no_fault_is_left_out() -> None:
    assert {*EXPECTED, *ENDLESS} == CATALOGUE.keys()


@pytest.mark.parametrize(("agent", "backend"), WAYS)
@pytest.mark.parametrize("fault", EXPECTED)
def test_it_fires_on_its_side_of_the_effect(
    fault: str, agent: Callable[..., object], backend: str
) -> None:
    expected = EXPECTED[fault]
    run = once(agent, backend, Rule(fault, on="add", nth=1))
    event = struck(run)
    assert (event.fault, event.outcome) == (fault, expected.outcome)
    assert (run.world.value, run.seconds) == (expected.value, expected.seconds)
    assert next(iter(run.results.values()), None) == expected.returns
    told = [found.title for found in run.findings]
    assert [title.split("'")[1] for title in told] == ([expected.told] if expected.told else [])


@pytest.mark.parametrize(("agent", "backend"), WAYS)
@pytest.mark.parametrize("fault", CATALOGUE)
def test_it_replays_from_the_token_alone(
    fault: str, agent: Callable[..., object], backend: str
) -> None:
    def complain(counter: Counter) -> None:
        raise AssertionError(f"the counter is at {counter.value}")

    rule = Rule(fault, on="add", odds=0.9)
    found = pileup.explore(
        agent, setup=Counter, faults=rule, check=complain, runs=3, strategy="random",
        backend=backend, budgets=pileup.Budgets(seconds=1e4), shrink=False,
    )  # fmt: skip
    first = found.counterexample
    assert first is not None
    again = pileup.replay(first.token, agent, setup=Counter, check=complain)
    assert again.faithful
    assert fault in {event.fault for event in again.history} or fault == "hang"


@pytest.mark.parametrize(("agent", "backend"), WAYS)
def test_what_hangs_is_a_deadlock_with_its_line(agent: Callable[..., object], backend: str) -> None:
    run = once(agent, backend, Rule("hang"))
    assert [found.kind for found in run.findings] == ["deadlock"]
    assert "counter.py" in run.findings[0].explanation
    assert struck(run).fault == "hang"
    assert struck(run).outcome == "info"
    assert run.world.value == 0


@pytest.mark.parametrize(("agent", "backend"), WAYS)
def test_who_is_cancelled_has_not_called_and_is_no_finding(
    agent: Callable[..., object], backend: str
) -> None:
    run = once(agent, backend, Rule("cancel"))
    assert run.clean
    assert run.world.value == 0
    assert "cancel" in [event.name for event in run.history]


def test_a_history_with_faults_survives_its_json_lines() -> None:
    run = once(adds, "native", Rule("lost"))
    again = type(run.history).parse(run.history.lines())
    assert again.lines() == run.history.lines()
    assert struck(run).fault == "lost"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fault", ["crash", "restart", "pause"])
def test_an_agent_is_struck_before_or_after_the_effect(fault: str, moment: str) -> None:
    run = once(adds, "native", Rule(fault, nth=1, moment=moment))  # type: ignore[arg-type] # one of two
    effects = [event.outcome for event in run.history if event.name == "add"]
    assert (
        effects
        == {
            ("crash", "before"): [],
            ("crash", "after"): ["info"],
            ("restart", "before"): ["ok"],
            ("restart", "after"): ["info", "ok"],
            ("pause", "before"): ["ok"],
            ("pause", "after"): ["ok"],
        }[fault, moment]
    )


def test_a_fault_with_odds_fires_that_often() -> None:
    async def often(counter: Counter) -> None:
        for _ in range(2_000):
            await counter.port.perform(counter.adding())

    rule = Rule("wrong", odds=0.1)
    scenario = pileup.Scenario(often, setup=Counter, agents=1, faults=rule)
    run = scenario.explorer().once(Random(0))
    fired = sum(event.fault == "wrong" for event in run.history)
    assert 150 < fired < 250


def test_a_fault_that_is_not_certain_does_not_fire_in_the_dullest_run() -> None:
    run = once(adds, "native", Rule("lost", odds=0.99))
    assert run.world.value == 1
    assert struck(run).outcome == "ok"


def test_one_who_is_told_the_wrong_thing_can_go_on() -> None:
    async def tries_again(counter: Counter) -> object:
        try:
            return await adds(counter)
        except Told:
            return await adds(counter)

    run = once(tries_again, "native", Rule("lost", nth=1))
    assert run.world.value == 2
    assert [event.outcome for event in run.history if event.name == "add"] == ["info", "ok"]
