"""Budget overruns: more of a model was used than was allowed, and what stays within it."""

from __future__ import annotations

from types import ModuleType

import pytest
from support.mutants import mutant

import pileup
from pileup.detectors import budgets, detect, told
from pileup.detectors.case import Case
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.history import History


def call(who: str, prompt: str, caps: str = "", cost: str = "0.5", rest: str = "") -> str:
    """Tell of one call, which uses ten tokens."""
    declared = f" caps={caps}" if caps else ""
    return f"{who}:complete(u model[m])=x{rest} {{intent={prompt} tokens=10 cost={cost}{declared}}}"


def calls(caps: str, *prompts: str) -> str:
    """Tell of calls, each `a1` by who asks it; the first has what is allowed."""
    first, *others = prompts
    told_of = [call(first[0], first, caps), *(call(each[0], each) for each in others)]
    return ", ".join(told_of)


OVERRUN = {
    "calls": calls("calls:3:run", "a1", "b1", "a2", "b2"),
    "tokens": calls("tokens:30:run", "a1", "b1", "a2", "b2"),
    "dollars": calls("dollars:1.5:run", "a1", "b1", "a2", "b2"),
    "by one alone": calls("calls:3:run", "a1", "a2", "a3", "a4"),
    "of an agent": calls("calls:1:agent", "b1", "a1", "a2"),
    "of a session": f"{call('a', 'a1', 'calls:1:session')}, {call('b(a)', 'b1')}",
    "two looked while there was room for one": (
        f"a:start, b:start, {calls('dollars:0.9:run', 'a1', 'b1')}"
    ),
    "two tasks of one agent": (
        f"a.1:start, a.2:start, {call('a.1', 'a1', 'dollars:0.9:agent')}, {call('a.2', 'a2')}"
    ),
    "a call in between that is not counted": (
        f"{call('a', 'a1', 'calls:1:run')}, {call('b', 'b1', rest='!')}, {call('b', 'b2')}"
    ),
}

RIGHT = {
    "no budget": calls("", "a1", "b1", "a2", "b2"),
    "just used up": calls("calls:4:run", "a1", "b1", "a2", "b2"),
    "just used up, in dollars": calls("dollars:2.0:run", "a1", "b1", "a2", "b2"),
    "each agent its own": calls("calls:2:agent", "a1", "b1", "a2", "b2"),
    "each session its own": calls("calls:2:session", "a1", "b1", "a2", "b2"),
    "the last one was larger than what was left": calls("dollars:1.2:run", "a1", "a2", "a3"),
    "it had looked after the others": (
        f"{call('a', 'a1', 'dollars:0.9:run')}, b:r spent0, {call('b', 'b1')}"
    ),
    "another model": (
        f"{call('a', 'a1', 'calls:1:run')}, {call('b', 'b1').replace('model[m]', 'other[m]')}"
    ),
    "refused": f"{call('a', 'a1', 'calls:1:run')}, {call('b', 'b1', rest='!')}",
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", OVERRUN.values(), ids=OVERRUN)
def test_what_was_used_beyond_a_budget_is_named(text: str) -> None:
    assert kinds(text) == ["budget_overrun"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_stays_within_it_is_not(text: str) -> None:
    assert kinds(text) == []


def test_it_says_who_passed_it_and_by_how_much() -> None:
    (finding,) = detect(told(OVERRUN["two looked while there was room for one"]))
    assert finding.title == "$1 were used where $0.9 were allowed"
    assert finding.explanation == (
        "The budget for model is $0.9.\n"
        "b made the call that went beyond it (event 3).\n"
        "Before that call a had called as well, after b had last seen anything.\n"
        "Each of them saw that something was left, and all of them used it.\n"
        "In the end $1 were used, $0.1 too much."
    )
    assert finding.agents == ("b", "a")
    assert finding.receipt == {
        "unit": "dollars",
        "budget": 0.9,
        "used": 1.0,
        "per": "run",
        "agents": 2,
    }


def test_two_budgets_are_two_findings() -> None:
    assert kinds(calls("calls:1:run+tokens:10:run", "a1", "b1")) == ["budget_overrun"] * 2


def test_a_history_that_was_written_and_read_again_says_the_same() -> None:
    history = told(OVERRUN["calls"])
    again = History.parse(history.lines())
    assert detect(again) == detect(history) != []


# Programs ----------------------------------------------------------------------------------


def with_two_calls_each(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.budget(calls=2, per="agent")
    return world


async def asks_three_times(world: World) -> None:
    for number in range(3):
        await world.model.complete(f"question {number}")


async def asks_twice(world: World) -> None:
    for number in range(2):
        await world.model.complete(f"question {number}")


def test_each_agent_may_have_its_own() -> None:
    found = pileup.explore(asks_three_times, setup=with_two_calls_each, runs=5)
    assert [finding.kind for finding in found.findings] == ["budget_overrun"]
    assert "asks_three_times-" in found.findings[0].explanation.partition("\n")[0]
    pileup.explore(asks_twice, setup=with_two_calls_each, runs=5).assert_clean()


def test_a_budget_of_nothing_is_refused() -> None:
    def declares(sim: pileup.Sim) -> World:
        world = World(sim)
        world.model.budget()
        return world

    with pytest.raises(UsageError, match="budget of nothing"):
        pileup.explore(asks_twice, setup=declares, runs=1)


# Mutations ---------------------------------------------------------------------------------

MUTATIONS = [
    ("if unseen or left <= 0:", "if unseen:"),
    ("if unseen or left <= 0:", "if left <= 0:"),
    ("if unseen or left <= 0:", "if True:"),
    ("round(used - left, DIGITS) <= 0", "round(used - left, DIGITS) < 0"),
    ("or row[8] == FAIL or", "or"),
    ("if row[1][0].item.resource != cap.resource:", "if False:"),
    ("while place > 0 and rows[place - 1] > seen:", "while place > 0:"),
    ('{"run": "", "session": who.session, "agent": who.name}[per]', '""'),
    ('{"run": "", "session": who.session, "agent": who.name}[per]', "who.name"),
    ("    purse.spent += used\n", "    purse.spent = used\n"),
]


def judged(module: ModuleType) -> list[object]:
    """Say what the detector finds in all of the histories above."""
    return [
        [finding.receipt for finding in module.budget_overruns(Case(told(text)))]
        for text in (*OVERRUN.values(), *RIGHT.values())
    ]


@pytest.mark.parametrize(("old", "new"), MUTATIONS)
def test_each_condition_is_needed(old: str, new: str) -> None:
    assert judged(mutant(budgets, old, new)) != judged(budgets)
