"""One loop serves many runs, and nothing is left over from one to the next."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
from collections.abc import Awaitable, Callable

import pytest
import sniffio
import trio

import pileup
from pileup.fakes import World
from pileup.search.explorer import Explorer
from pileup.settings import Budgets
from pileup.strategies import Random

Agent = Callable[[World, pileup.Agent], Awaitable[None]]
BACKENDS = ("native", "trio", "asyncio")
visitor: contextvars.ContextVar[str] = contextvars.ContextVar("visitor", default="nobody")


async def raises(world: World) -> None:
    await world.memory.add("n", 1)
    raise ValueError("on purpose")


async def exits(world: World) -> None:
    await world.memory.add("n", 1)
    sys.exit("on purpose")


async def polls_for_ever(world: World) -> None:
    while await world.memory.get("never") is None:
        pass


async def waits_for_ever(world: World) -> None:
    async with world.memory.lock("a"), world.memory.lock("a"):
        pass


async def refuses_to_end(world: World) -> None:
    while True:
        with contextlib.suppress(BaseException):  # the very thing that agents should not do
            await world.memory.get("never")


async def cleans_up(world: World) -> None:
    try:
        await polls_for_ever(world)
    finally:
        await pileup.sleep(1)
        await world.memory.set("cleaned", True)


ABUSES = [raises, exits, polls_for_ever, waits_for_ever, refuses_to_end, cleans_up]


async def behaves(world: World, me: pileup.Agent) -> None:
    assert visitor.get() == "nobody"
    visitor.set(me.name)
    await world.memory.set(me.name, (await world.memory.get(me.name) or 0) + 1)
    await pileup.sleep(1)
    assert visitor.get() == me.name


def explorer(backend: str, *agents: Callable[..., object]) -> Explorer:
    budgets = Budgets(steps=300)
    return pileup.Scenario(list(agents), backend=backend, budgets=budgets).explorer()


def history(backend: str, *agents: Callable[..., object], before: list[str]) -> list[str]:
    """Run the agents in a loop in which other things may have happened before."""
    subject = explorer(backend, *agents)
    try:
        for name in before:
            abusive = next(each for each in ABUSES if each.__name__ == name)
            other = explorer(backend, abusive, abusive)
            other.runtime = subject.runtime
            other.run(Random(1), 5)
        return subject.run(Random(2), 5).history.lines()
    finally:
        subject.runtime.close()


@pytest.mark.parametrize("abuse", [each.__name__ for each in ABUSES])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_after_abuse_is_like_a_first_run(backend: str, abuse: str) -> None:
    fresh = history(backend, behaves, behaves, before=[])
    assert history(backend, behaves, behaves, before=[abuse, abuse]) == fresh


@pytest.mark.parametrize("abuse", ABUSES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_abuse_is_a_finding_and_never_hangs(backend: str, abuse: Agent) -> None:
    found = pileup.explore(
        [abuse, abuse], runs=3, backend=backend, budgets=Budgets(steps=300), strategy="random"
    )
    kinds = {"raises": "agent_failed", "exits": "agent_failed", "waits_for_ever": "deadlock"}
    assert {each.kind for each in found.findings} == {kinds.get(abuse.__name__, "overrun")}


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_loop_is_visible_between_runs_or_after(backend: str) -> None:
    def check(_: World) -> None:
        assert sniffio.thread_local.name is None
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        assert trio.run(trio.lowlevel.checkpoint) is None

    found = pileup.explore(behaves, runs=3, backend=backend, check=check)
    found.assert_clean()
    check(World(pileup.Sim(Random(0))))


def test_the_source_of_trio_is_put_back() -> None:
    from trio._core import _run  # the very thing that must be untouched

    before = _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING
    pileup.explore(behaves, runs=3, backend="trio")
    assert (_run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING) == before


def test_explore_works_inside_a_running_trio_loop() -> None:
    async def main() -> bool:
        found = pileup.explore(behaves, runs=3, backend="trio")
        await trio.lowlevel.checkpoint()
        return found.clean

    assert trio.run(main)


def test_explore_works_inside_a_running_asyncio_loop() -> None:
    async def main() -> bool:
        found = [pileup.explore(behaves, runs=3, backend=backend).clean for backend in BACKENDS]
        await asyncio.sleep(0)
        return all(found)

    assert asyncio.run(main())


async def leaks_a_task(world: World) -> None:
    async def background() -> None:
        while True:
            await world.memory.add("ticks", 1)
            await asyncio.sleep(1)

    asyncio.get_running_loop().create_task(background())
    await asyncio.sleep(3)


def test_a_leaked_task_ends_with_its_run() -> None:
    subject = explorer("asyncio", leaks_a_task)
    try:
        first, second = (subject.run(Random(1), 5).history.lines() for _ in range(2))
    finally:
        subject.runtime.close()
    assert first == second


def test_keyboard_interrupt_reaches_the_user() -> None:
    async def interrupted(world: World) -> None:
        await world.memory.add("n", 1)
        raise KeyboardInterrupt

    for backend in BACKENDS:
        with pytest.raises(KeyboardInterrupt):
            pileup.explore(interrupted, backend=backend)
    pileup.explore(behaves, runs=2).assert_clean()
