"""Livelock and starvation: refused again and again, and who is only refused now and then."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from support.mutants import broken

import pileup
from pileup.detectors import detect, progress, refusals, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.history import History

STEP_BACK = (
    "a:set(c x), b:set(c y), a:set(r y), b:set(r x), a:del(w x), b:del(w y)"  # in both's way
)
RING = (
    "a:set(c x), b:set(c y), c:set(c z), a:set(r y), b:set(r z), c:set(r x), "
    "a:del(w x), b:del(w y), c:del(w z)"
)
TIMEOUTS = (
    "a:acquire(c x), b:acquire(c y), a:acquire(c y)??, b:acquire(c x)??, "
    "a:release(c x), b:release(c y)"
)
NOWAIT = (
    "a:select(c x) {unit=#}, a:update(c row) {unit=#}, b:select(c y) {unit=7}, "
    "a:select(c y)=LockNotAvailable! {unit=#}, "
    "b:select(c x)=LockNotAvailable! {unit=7}, a:rollback(c x), b:rollback(c y)"
)
OVERTAKEN = "b:read(r x), a:read(r x), a:swap(c x)=1, b:swap(r x)=0"
GOT_ON = [
    f"{who}:set(c x), {who}:set(c y), {who}:w done, {who}:del(w x), {who}:del(w y)" for who in "ab"
]
LOCKED_OUT = "a:set(c l), b:set(r l), a:del(w l)"


def times(count: int, text: str) -> str:
    return ", ".join(text.replace("#", str(number + 20)) for number in range(count))


LIVELOCKS = {
    "each takes the other's second lock": times(10, STEP_BACK),
    "three in a ring": times(10, RING),
    "locks that are waited for, in vain": times(10, TIMEOUTS),
    "rows that are locked": times(10, NOWAIT),
    "files in one folder": times(10, STEP_BACK.replace("set(c x)", "set(c x u folder)")),
    "with pauses": times(10, f"{STEP_BACK}, a:sleep, b:sleep"),
    "somebody else gets on": times(10, f"{STEP_BACK}, c:w done"),
    "after some work": f"a:w done1, b:w done2, {times(10, STEP_BACK)}",
}

STARVATIONS = {
    "overtaken each time": times(10, OVERTAKEN),
    "overtaken while it thinks": times(10, f"{OVERTAKEN}, b:complete(u model)"),
    "after some work": f"b:w done, {times(10, OVERTAKEN)}",
    "locked out each time": times(10, LOCKED_OUT),
    "after it had it once": f"b:set(c l), b:del(w l), {times(10, LOCKED_OUT)}",
    "and the run ended": f"{times(10, OVERTAKEN)}, b:end(w agent[b])",
}

RIGHT = {
    "nine times": times(9, STEP_BACK),
    "they add something each time": times(10, f"{STEP_BACK}, a:add(u sum), b:add(u sum)"),
    "nine times overtaken": times(9, OVERTAKEN),
    "one gets on now and then": ", ".join([times(6, STEP_BACK), *GOT_ON] * 3),
    "it got there in the end": f"{times(12, OVERTAKEN)}, b:read(r x), b:swap(c x)=1",
    "it had the lock in the end": f"{times(12, LOCKED_OUT)}, b:set(c l)",
    "one has it and works": f"a:set(c l), {times(12, 'a:w done, b:set(r l), c:set(r l)')}",
    "one has it and does nothing": f"a:set(c l), {times(12, 'b:set(r l), c:set(r l)')}",
    "a lease that is made longer": times(12, "a:set(c l), b:set(r l)"),
    "others had it, each once": ", ".join(
        f"w{letter}:set(c l), b:set(r l), w{letter}:del(w l)" for letter in "abcdefghijkl"
    ),
    "answers that are no": times(12, "a:get(r x)=0, b:get(r x)=0, a:w x, b:w x"),
    "it was there": times(12, "a:create(c l), b:create(r l)=3, a:del(w l)"),
    "nothing fits": times(12, "a:update(c x)=1, b:update(r x)=0, a:del(w x)"),
    "faults": times(12, "a:set(c x), b:set(r x) ~lost, a:del(w x)"),
    "errors of its own": times(12, "a:insert(c x), b:insert(c x)=TypeError!, a:del(w x)"),
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", LIVELOCKS.values(), ids=LIVELOCKS)
def test_agents_in_each_others_way_are_named(text: str) -> None:
    assert kinds(text) == ["livelock"]


@pytest.mark.parametrize("text", STARVATIONS.values(), ids=STARVATIONS)
def test_one_that_never_has_its_turn_is_named(text: str) -> None:
    assert kinds(text) == ["starvation"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_who_gets_on_or_waits_is_not(text: str) -> None:
    assert {"livelock", "starvation"}.isdisjoint(kinds(text))


def test_it_says_who_is_in_whose_way() -> None:
    (finding,) = detect(told(times(10, STEP_BACK)))
    assert finding.title == "a and b keep each other from getting on"
    assert finding.explanation == (
        "a and b asked for x, y 20 times and were refused each time, because another of them was "
        "in the way (from event 2 to event 57).\n"
        "The last refusal was that of b (event 57).\n"
        "All of them are busy, and none of them did any work in all that time."
    )


def test_it_says_who_gets_what_the_other_never_gets() -> None:
    (finding,) = detect(told(times(10, LOCKED_OUT)))
    assert finding.title == "b never got l, while a got it 9 times"
    assert finding.explanation == (
        "b asked for l 10 times and was refused each time, the last time (event 28).\n"
        "Meanwhile a got it 9 times (event 27).\n"
        "b has not got it to the end."
    )
    assert finding.receipt == {"refusals": 10, "other": "a", "got": 9}


def test_a_history_that_was_written_and_read_again_says_the_same() -> None:
    history = told(f"{times(10, STEP_BACK)}, {times(10, OVERTAKEN)}")
    again = History.parse(history.lines())
    assert detect(again) == detect(history) != []


# Programs ----------------------------------------------------------------------------------


async def swaps(world: World) -> None:
    for _ in range(3):
        while True:
            count = await world.memory.get("count")
            if await world.memory.swap("count", count, (count or 0) + 1):
                break


async def locks_with_a_lease(world: World) -> None:
    for _ in range(3):
        async with world.cache.lock("l", timeout=600):
            await pileup.sleep(5)


@pytest.mark.parametrize("agent", [swaps, locks_with_a_lease])
def test_a_crowd_that_gets_there_is_not_accused(agent: Any) -> None:
    pileup.explore(agent, agents=4, runs=20, timed=agent is locks_with_a_lease).assert_clean()


# Mutations ---------------------------------------------------------------------------------

MUTATIONS = [
    ("AGAIN: Final = 10", "AGAIN: Final = 9"),
    ("AGAIN: Final = 10", "AGAIN: Final = 11"),
    ("MORE: Final = 3", "MORE: Final = 1"),
    ("    if not touches or row[10] is not None:", "    if not touches:"),
    ("_wanted(row) if detail in CONFLICTS else None", "_wanted(row)"),
    ("_wanted(row) if detail in CONFLICTS else None", "None"),
    ("if not versions and name in TAKING else None", "if False else None"),
    ("and detail in (False, None, 0) else None", "else None"),
    ("if row[8] == OK and row[0] not in ASKING:", "if False:"),
    ("        if gets_on(row, locks):\n            streaks.pop(strand, None)\n", ""),
    ("any(item not in locks and not", "any(not"),
    ("(of_lock and access == UPDATE)", "False"),
    ("(of_lock and access == UPDATE)", "(access == UPDATE)"),
    ('    if note is not None and note.unit is not None and row[0] != "commit":', "    if False:"),
    ("or not each.to_blame <= group.keys()", ""),
    ('row[0] != "end" and gets_on', "gets_on"),
    ("or worked.get(strand, -1) > turn.rows[-AGAIN]", ""),
    ("            turns.pop(strand, None)", "            pass"),
    ("for turn in turns.values() if free else ():", "for turn in turns.values():"),
    ("            free = True  # who reads what", "            free = False  # who reads what"),
    ("            free = True  # given back", "            free = False  # given back"),
]


def judged(module: ModuleType) -> list[object]:
    """Say what the detector finds in all of the histories above."""
    return [
        [(each.kind, each.receipt) for each in module.no_progress(Case(told(text)))]
        for text in (*LIVELOCKS.values(), *STARVATIONS.values(), *RIGHT.values())
    ]


@pytest.mark.parametrize(("old", "new"), MUTATIONS)
def test_each_condition_is_needed(old: str, new: str) -> None:
    assert judged(broken((progress, refusals), old, new)) != judged(progress)
