"""Endless loops: the same state again and again, and what only looks like it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from support.mutants import broken

import pileup
from pileup.detectors import detect, handing, loops, states, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.history import History


def times(count: int, text: str) -> str:
    return ", ".join([text] * count)


def numbered(count: int, text: str) -> str:
    return ", ".join(text.replace("#", str(number + 1)) for number in range(count))


ASK = 'a:complete(u model)="more -> no" {intent=m cost=0.1}'
ANSWER = 'a:complete(u model)="less -> no" {intent=n cost=0.1}'
GROWN = 'a:complete(u model)="more -> no" {intent=m# cost=0.#}'
LOOK = "a:r doc1=text"
POST = "a:POST(u charges)=201 {effect intent=p}"


def to_and_fro(rounds: int, there: str = "", back: str = "") -> str:
    """Tell of a piece of work that goes from a to b and back: each takes it from its queue."""
    events = ["s:publish(c bus[y])=y {effect intent=y_7 message=y0}"]
    for number in range(rounds):
        events += [
            f"a:claim(c bus[y] c bus[y#{number}]) {{message=y{number}}}",
            there.replace("#", str(number)),
            f"a:publish(c bus[x])=x {{effect intent=x_7 message=x{number}}}",
            f"b:claim(c bus[x] c bus[x#{number}]) {{message=x{number}}}",
            back.replace("#", str(number)),
            f"b:publish(c bus[y])=y {{effect intent=y_7 message=y{number + 1}}}",
        ]
    return "; ".join(event for event in events if event)


ENDLESS = {
    "one question": times(3, ASK),
    "a debate of two": times(3, f"{ASK}, {ANSWER}"),
    "a question and a look": times(3, f"{ASK}, {LOOK}"),
    "the same effect": times(3, POST),
    "it begins later": f"a:start, {LOOK}, a:w x1, {times(3, f'{ASK}, {LOOK}')}",
    "cut off in the middle": f"{times(3, f'{ASK}, {ANSWER}')}, {ASK}",
    "its last question was still open": f"{times(3, ASK)}, a:complete(u model)??",
    "others do something": times(3, f"{ASK}, b:u x"),
    "so often that its end is no excuse": f"{times(10, f'{ASK}, {ANSWER}')}, a:end(w agent[a])",
    "a conversation that only grows": numbered(10, f"{LOOK}, {GROWN.replace('0.#', '#')}"),
    "time passes, now more and now less": ", ".join(
        f'a:complete(u model)="x -> y" @{second} {{intent=m cost=0.1}}' for second in (1, 4, 6)
    ),
    "handed to and fro": to_and_fro(3),
    "with the same done each time": to_and_fro(3, ASK, "b:r doc1=text"),
}

RIGHT = {
    "samples by way of a client": f"{times(12, f'{ASK}, a:receive')}, a:end(w agent[a])",
    "twice": times(2, f"{ASK}, {ANSWER}"),
    "asked by three": ", ".join(ASK.replace("a:", f"{who}:") for who in "abc"),
    "answers that change": numbered(5, 'a:complete(u model)="more -> no #" {intent=m}'),
    "other questions": numbered(12, 'a:complete(u model)="more -> no" {intent=m# cost=0.1}'),
    "other things beneath": numbered(9, f"a:r doc[#]=text, {GROWN.replace('0.#', '#')}"),
    "failures": times(5, 'a:complete(u model)="E"! {intent=m}'),
    "refusals": times(5, "a:POST(r charges)=503 {effect intent=p refused=503}"),
    "faults": times(5, "a:POST(u charges)=201 ~wrong {effect intent=p}"),
    "nobody heard of it": times(5, "a:POST(u charges)=201 {effect intent=p unheard}"),
    "it waits": times(5, f"{ASK}, a:sleep"),
    "it waits unseen": ", ".join(
        f'a:complete(u model)="x -> y" @{second}.0 {{intent=m cost=0.1}}' for second in range(5)
    ),
    "it waits longer each time": ", ".join(
        f'a:complete(u model)="x -> y" @{2**second}.0 {{intent=m cost=0.1}}' for second in range(5)
    ),
    "polling": times(20, "a:r flag0=off"),
    "nothing but reads": times(20, "a:GET(r status)=200 {intent=g}"),
    "samples": f"{times(12, ASK)}, a:end(w agent[a])",
    "a bounded debate": f"{times(9, f'{ASK}, {ANSWER}')}, a:end(w agent[a])",
    "it went on to something else": f"{times(5, ASK)}, a:w x1",
    "a list grows": numbered(12, f"{ASK}, a:append(u log)=x"),
    "each on a task of its own": numbered(5, ASK.replace("a:", "a.#:")),
    "handed to and fro twice": to_and_fro(2),
    "a token, while the work gets on": to_and_fro(5, "a:add(u lines)=#", "b:add(u lines)=#"),
    "a token, while something is read": to_and_fro(5, "a:r text=#", "b:r text=#"),
    "a token, while something is appended": to_and_fro(5, "a:append(u log)=x"),
    "sent to oneself": ", ".join(
        f"a:claim(c bus[x] c bus[x#{number}]) {{message=x{number}}}, "
        f"a:publish(c bus[x])=x {{effect intent=x_7 message=x{number + 1}}}, "
        "a:publish(c bus[log])=x {effect intent=log}"
        for number in range(6)
    ),
    "alike, but not the same work": ", ".join(
        "a:publish(c bus[x])=x {effect intent=x_7 message=x1}, "
        "b:publish(c bus[y])=y {effect intent=y_7 message=y1}"
        for _ in range(2)
    ),
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_the_same_again_and_again_is_named(text: str) -> None:
    assert kinds(text) == ["endless_loop"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_gets_on_or_ends_is_not(text: str) -> None:
    assert "endless_loop" not in kinds(text)


def test_it_says_what_is_done_over_and_over() -> None:
    (finding,) = detect(told(times(4, f"{ASK}, {ANSWER}")))
    assert finding.title == "a did the same 4 times in a row"
    assert finding.explanation == (
        "a did this 4 times in a row, and got the same answers each time:\n"
        "  complete model: more -> no (event 0)\n"
        "  complete model: less -> no (event 1)\n"
        "Nothing that it goes by changed in between, so the next round will be no different."
    )
    assert finding.receipt == {"agent": "a", "rounds": 4, "operations": 2}


def test_it_says_who_hands_what_to_and_fro() -> None:
    (finding,) = detect(told(to_and_fro(3)))
    assert finding.title == "b and a handed the same work to and fro 3 times"
    assert finding.agents == ("b", "a")


def test_the_same_loop_has_the_same_fingerprint_wherever_it_is_met_first() -> None:
    one = detect(told(times(3, f"{ASK}, {LOOK}")))
    other = detect(told(f"{LOOK}, {times(4, f'{ASK}, {LOOK}')}".replace("a:", "a2:")))
    assert one[0].fingerprint == other[0].fingerprint


def test_a_history_that_was_written_and_read_again_says_the_same() -> None:
    history = told(f"{times(3, ASK)}; {to_and_fro(3)}")
    again = History.parse(history.lines())
    assert detect(again) == detect(history) != []


# Programs ----------------------------------------------------------------------------------


def advised(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.answer("proposal", "no")
    return world


async def insists(world: World) -> None:
    while (await world.model.complete("proposal")).text != "yes":
        await world.memory.set("state", "waiting")


def insists_in_sync_code(world: World) -> None:
    while world.model.sync.complete("proposal").text != "yes":
        world.memory.store("state", "waiting")


async def asks_now_and_then(world: World) -> None:
    for _ in range(12):
        await world.model.complete("proposal")
        await pileup.sleep(1)


async def asks_with_all_that_was_said(world: World) -> None:
    talk = "proposal"
    for _ in range(12):
        talk += (await world.model.complete(talk)).text


@pytest.mark.parametrize("agent", [insists, insists_in_sync_code])
def test_the_loop_is_named_and_the_spent_budget_is_not(agent: Any) -> None:
    budgets = pileup.Budgets(events=300)
    found = pileup.explore(agent, setup=advised, agents=2, runs=5, budgets=budgets)
    assert [finding.kind for finding in found.findings] == ["endless_loop"]


def test_that_calls_take_time_is_no_waiting() -> None:
    budgets = pileup.Budgets(events=300)
    found = pileup.explore(
        insists, setup=advised, runs=5, budgets=budgets, timed=True, shrink=False
    )
    assert "endless_loop" in [finding.kind for finding in found.findings]


@pytest.mark.parametrize("agent", [asks_now_and_then, asks_with_all_that_was_said])
def test_who_waits_or_says_more_each_time_is_not_accused(agent: Any) -> None:
    pileup.explore(agent, setup=advised, agents=2, runs=20).assert_clean()


# Mutations ---------------------------------------------------------------------------------

MUTATIONS = [
    ("ROUNDS: Final = 3", "ROUNDS: Final = 2"),
    ("ROUNDS: Final = 3", "ROUNDS: Final = 4"),
    ("MANY: Final = 10", "MANY: Final = 9"),
    ("MANY: Final = 10", "MANY: Final = 11"),
    ("if row[8] != OK or row[10] is not None:", "if row[10] is not None:"),
    ("if row[8] != OK or row[10] is not None:", "if row[8] != OK:"),
    ("(note.refused is not None or note.unheard)", "note.unheard"),
    ("(note.refused is not None or note.unheard)", "note.refused is not None"),
    ("if not counted and any(access == UPDATE", "if False and any(access == UPDATE"),
    ('or any(row[0] == "sleep" for row in first)', ""),
    ("or waits(_times(case, each)):", ":"),
    ("each.times >= MANY and _only_grows(case, each)", "each.times >= MANY"),
    ("each.times >= MANY and _only_grows(case, each)", "False"),
    ("    if not _asks_the_same(case, each):", "    if False:"),
    ("(each.times >= MANY and several)", "each.times >= MANY"),
    ("_goes_on(case, each, rows) or (", "(True or ("[:0] + "("),
    ("row[0] == name and row[8] == INFO and not row[2]", "False"),
    ("gaps[0] > 0 and all(", "all("),
    (" or before is last:", ":"),
    (
        "hand = Hand(number, None if None in desk.done else known, desk.work)",
        "hand = Hand(number, known, desk.work)",
    ),
    ("intent(row), *desk.done)", "intent(row))"),
]


def judged(module: ModuleType) -> list[object]:
    """Say what the detector finds in all of the histories above."""
    return [
        [finding.receipt for finding in module.endless_loops(Case(told(text)))]
        for text in (*ENDLESS.values(), *RIGHT.values())
    ]


@pytest.mark.parametrize(("old", "new"), MUTATIONS)
def test_each_condition_is_needed(old: str, new: str) -> None:
    assert judged(broken((loops, handing, states), old, new)) != judged(loops)
