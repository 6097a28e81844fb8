"""Orphaned locks: held by who is gone, while somebody waits; and locks that are all right."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import pileup
from pileup.detectors import detect, told
from pileup.fakes import World
from pileup.faults import Rule

ORPHANED = {
    "its holder ended": "a:acquire(c l1), a:end, b:acquire(c l)??",
    "its holder failed": "a:acquire(c l1), a:end!, b:acquire(c l)??",
    "its holder crashed": "a:acquire(c l1), a:end! ~crash, b:acquire(c l)??",
    "its holder crashed and began anew": (
        "a:acquire(c l1), a:crash ~crash, a.1:acquire(c l)??, a:end"
    ),
    "it was given back before": (
        "a:acquire(c l1), a:release(c l2), a:acquire(c l3), a:end, b:acquire(c l)??"
    ),
    "asked for again and again": (
        "a:try to lock(c l1), a:end, b:try to lock(r l1)!, b:try to lock(r l1)!"
    ),
    "a file of a crashed maker": (
        "a:create(c l1), a:end! ~crash, b:open(r l1)=FileExistsError!, "
        "b:open(r l1)=FileExistsError!"
    ),
    "a key of a crashed maker": "a:set(c l1), a:end! ~crash, b:set(r l1), b:set(r l1)",
}

RIGHT = {
    "it was given back": (
        "a:acquire(c l1), a:release(c l2), a:end, b:acquire(c l3), b:release(c l4)"
    ),
    "its holder is still there": "a:acquire(c l1), b:acquire(c l)??, a:wait?",
    "nobody waits": "a:acquire(c l1), a:end, b:r x1",
    "who waited had it": "a:acquire(c l1), a:end, c:release(c l2), b:acquire(c l3), b:end",
    "somebody else gave it back": (
        "a:acquire(c l1), a:end, c:release(c l2), b:acquire(c l3), b:r l3"
    ),
    "it went free with its holder": (
        "a:lock(c l1), a:exit(c l2), a:end! ~crash, b:lock(c l3), b:r l3"
    ),
    "a leader was elected": "a:try to acquire(c l1), a:end, b:try to acquire(r l1)",
    "each asked once": (
        "a:try to acquire(c l1), a:end, b:try to acquire(r l1), c:try to acquire(r l1)"
    ),
    "it was refused before": (
        "a:try to lock(c l1), b:try to lock(r l1)!, b:try to lock(r l1)!, a:end"
    ),
    "a mark that is kept": "a:set(c l1), a:end, b:set(r l1), b:set(r l1)",
    "a value that anybody may set": "a:set(w l1), a:end! ~crash, b:set(r l1), b:set(r l1)",
    "a file that is kept": (
        "a:create(c l1), a:end, b:open(r l1)=FileExistsError!, b:open(r l1)=FileExistsError!"
    ),
    "a lease runs out": "a:set(c l1) {lease=10.0}, a:end! ~crash, b:set(r l1), b:set(r l1)",
    "another lock": "a:acquire(c l1), a:end, b:acquire(c k)??",
    "it waited before and was not told": "a:acquire(c l1), b:acquire(c l)??, a:end",
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", ORPHANED.values(), ids=ORPHANED)
def test_a_lock_that_nobody_can_give_back_is_named(text: str) -> None:
    assert kinds(text) == ["orphaned_lock"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_a_lock_that_is_all_right_is_not(text: str) -> None:
    assert kinds(text) == []


def test_it_says_who_has_it_and_who_waits() -> None:
    (finding,) = detect(told(ORPHANED["its holder crashed"]))
    assert finding.title == "l is held by a, which has crashed"
    assert finding.explanation == (
        "a took l (event 0) and crashed without giving it back (event 1).\n"
        "b waited for it in vain (event 2).\n"
        "Nobody is left who could give it back."
    )
    assert finding.receipt == {"holder": "a", "waiter": "b", "crashed": True}
    assert finding.evidence == (0, 1, 2)


# Programs ----------------------------------------------------------------------------------------


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.seed("job", "")
    world.fixed = made()  # type: ignore[attr-defined] # a lock of the program's own
    return world


def made() -> Any:
    return threading.Lock()


def forgets(world: Any) -> None:
    world.fixed.acquire()
    world.memory.store("n", 1)
    if world.memory.load("n"):
        return
    world.fixed.release()


def remembers(world: Any) -> None:
    with world.fixed:
        world.memory.store("n", 1)


async def works(world: World) -> None:
    async with world.memory.lock():
        await world.memory.add("n", 1)


async def works_with_flock(world: World) -> None:
    async with world.files.lock("lock"):
        await world.memory.add("n", 1)


async def works_with_lock_file(world: World) -> None:
    for _ in range(5):
        try:
            await world.files.create("lock")
            break
        except FileExistsError:
            await pileup.sleep(1)
    else:
        return
    await world.memory.add("n", 1)
    await world.files.remove("lock")


CRASH = Rule("crash", on="add*", most=1)


def explored(agent: Any, **options: Any) -> list[str]:
    found = pileup.explore(agent, setup=start, agents=2, runs=40, **options)
    return [each.kind for each in found.findings]


def test_a_lock_that_is_not_given_back_is_found_and_the_deadlock_is_its_shadow() -> None:
    assert explored(forgets) == ["orphaned_lock"]
    assert explored(remembers) == []


@pytest.mark.parametrize("agent", [works, works_with_lock_file])
def test_so_is_one_whose_holder_crashed(agent: Any) -> None:
    assert explored(agent, faults=CRASH) == ["orphaned_lock"]
    assert explored(agent) == []


def test_a_lock_that_goes_with_its_holder_is_the_fixed_twin() -> None:
    assert explored(works_with_flock, faults=CRASH) == []


async def one_way(world: World) -> None:
    async with world.memory.lock("a"), world.memory.lock("b"):
        await world.memory.add("n", 1)


async def other_way(world: World) -> None:
    async with world.memory.lock("b"), world.memory.lock("a"):
        await world.memory.add("n", 1)


def test_a_deadlock_of_agents_that_are_there_stays_one() -> None:
    found = pileup.explore([one_way, other_way], setup=start, runs=40)
    assert [each.kind for each in found.findings] == ["deadlock"]
    assert len(found.findings[0].evidence) == 2
