"""Locks made in a run park: who gets one is a choice, and a deadlock is found at once."""

# ruff: noqa: PLW0108 - a lambda looks the name up in the run, as an agent does

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock as CapturedLock
from typing import Any

import pytest
import tenacity

import pileup
from pileup.errors import LoopBlocked
from pileup.fakes import World
from pileup.strategies import Dull

Make = Callable[[], Any]
KINDS = pytest.mark.parametrize(
    "make", [lambda: threading.Lock(), lambda: threading.RLock()], ids=["Lock", "RLock"]
)


class Shelf:
    """A world of one counter behind a lock."""

    def __init__(self, sim: pileup.Sim, make: Make | None = None) -> None:
        self.memory = World(sim).memory
        self.lock = (make or threading.Lock)()
        self.memory.seed(n=0)

    def add(self) -> None:
        """Add one, in two steps."""
        self.memory.store("n", self.memory.load("n") + 1)


def count_to(number: int) -> Callable[[Shelf], None]:
    def check(world: Shelf) -> None:
        assert world.memory.peek("n") == number

    return check


def add_locked(world: Shelf) -> None:
    with world.lock:
        world.add()


def add_unlocked(world: Shelf) -> None:
    world.add()


def test_a_lock_keeps_agents_apart() -> None:
    result = pileup.explore(add_locked, setup=Shelf, agents=3, runs=50, check=count_to(3))
    result.assert_clean()


def test_without_the_lock_the_same_check_fails() -> None:
    assert not pileup.explore(add_unlocked, setup=Shelf, agents=3, runs=50, check=count_to(3)).clean


def test_a_reentrant_lock_keeps_agents_apart_and_may_be_taken_again() -> None:
    def agent(world: Shelf) -> None:
        with world.lock, world.lock:
            world.add()
        with pytest.raises(RuntimeError):
            world.lock.release()

    def setup(sim: pileup.Sim) -> Shelf:
        return Shelf(sim, threading.RLock)

    pileup.explore(agent, setup=setup, agents=3, runs=50, check=count_to(3)).assert_clean()


def test_a_deadlock_names_who_holds_what() -> None:
    def setup(_: pileup.Sim) -> list[Any]:
        return [threading.Lock(), threading.Lock()]

    def forth(world: list[Any]) -> None:
        with world[0], world[1]:
            pass

    def back(world: list[Any]) -> None:
        with world[1], world[0]:
            pass

    found = pileup.explore([forth, back], setup=setup, runs=50).findings
    assert [each.kind for each in found] == ["deadlock"]
    assert "forth-0 waits to acquire lock[setup in test_locks.py" in found[0].explanation
    assert "held by back-1" in found[0].explanation


def test_a_lock_that_is_taken_twice_is_a_deadlock() -> None:
    def agent() -> None:
        lock = CapturedLock()
        lock.acquire()
        lock.acquire()

    assert [each.kind for each in pileup.explore(agent, agents=1, runs=1).findings] == ["deadlock"]


def test_a_lock_may_be_released_by_another_but_not_when_it_is_free() -> None:
    def agent() -> None:
        lock = CapturedLock()
        with pytest.raises(RuntimeError):
            lock.release()
        assert lock.acquire()
        assert lock.locked()
        lock.release()
        assert not lock.locked()

    pileup.explore(agent, agents=1, runs=1).assert_clean()


@KINDS
def test_acquiring_without_blocking_says_no_while_another_has_it(make: Make) -> None:
    def holder(world: Any) -> None:
        with world:
            time.sleep(1)

    def other(world: Any) -> None:
        time.sleep(0.5)
        assert not world.acquire(blocking=False)
        assert not world.acquire(True, 0)
        time.sleep(1)
        assert world.acquire(blocking=False)

    result = pileup.explore([holder, other], setup=lambda _: make(), runs=1)
    result.assert_clean()


@KINDS
@pytest.mark.parametrize(("patience", "gets_it"), [(0.5, False), (2, True)])
def test_acquiring_with_a_timeout_waits_in_virtual_time(
    make: Make, patience: float, gets_it: bool
) -> None:
    def holder(world: Any) -> None:
        with world:
            time.sleep(1)

    def other(world: Any) -> None:
        time.sleep(0.1)
        assert world.acquire(timeout=patience) is gets_it
        assert time.monotonic() == pytest.approx(1 if gets_it else 0.1 + patience)

    pileup.explore([holder, other], setup=lambda _: make(), runs=1).assert_clean()


def test_a_deadline_may_pass_before_a_lock_that_is_free_is_taken() -> None:
    answers: set[bool] = set()

    def agent() -> None:
        answers.add(CapturedLock().acquire(timeout=1))

    pileup.explore(agent, agents=1, runs=200, strategy="random")
    assert answers == {True, False}


def test_a_deadline_is_forgotten_once_the_lock_is_taken() -> None:
    def agent() -> None:
        lock = CapturedLock()
        lock.acquire(timeout=50)
        lock.acquire()

    run = pileup.explore(agent, agents=1, runs=1).counterexample
    assert run is not None
    assert run.seconds == 0


@pytest.mark.parametrize(("blocking", "timeout"), [(False, 1), (True, -2)])
def test_what_the_real_lock_refuses_is_refused(blocking: bool, timeout: float) -> None:
    def agent() -> None:
        with pytest.raises(ValueError, match="timeout"):
            CapturedLock().acquire(blocking, timeout)

    pileup.explore(agent, agents=1, runs=1).assert_clean()


def test_a_queue_hands_over_between_agents_in_every_order() -> None:
    def producer(world: queue.Queue[int]) -> None:
        for number in range(3):
            world.put(number)

    def consumer(world: queue.Queue[int]) -> None:
        assert [world.get() for _ in range(3)] == [0, 1, 2]

    pileup.explore(
        [consumer, producer], setup=lambda _: queue.Queue(maxsize=1), runs=100
    ).assert_clean()


def test_a_queue_times_out_in_virtual_time() -> None:
    def agent(world: queue.Queue[int]) -> None:
        with pytest.raises(queue.Empty):
            world.get(timeout=30)
        assert time.monotonic() >= 30

    pileup.explore(agent, agents=2, setup=lambda _: queue.Queue(), runs=20).assert_clean()


def test_an_event_and_a_barrier_bring_agents_together() -> None:
    def setup(_: pileup.Sim) -> tuple[threading.Event, threading.Barrier]:
        return threading.Event(), threading.Barrier(2)

    def waiter(world: tuple[threading.Event, threading.Barrier]) -> None:
        world[0].wait()
        world[1].wait()

    def setter(world: tuple[threading.Event, threading.Barrier]) -> None:
        world[0].set()
        world[1].wait()

    pileup.explore([waiter, setter], setup=setup, runs=100).assert_clean()


def test_a_semaphore_lets_in_as_many_as_it_says() -> None:
    def setup(_: pileup.Sim) -> tuple[threading.Semaphore, list[int]]:
        return threading.Semaphore(2), []

    def agent(world: tuple[threading.Semaphore, list[int]], me: pileup.Agent) -> None:
        with world[0]:
            world[1].append(me.index)
            time.sleep(1)
            assert len(world[1]) <= 2
            world[1].remove(me.index)

    pileup.explore(agent, agents=4, setup=setup, runs=50).assert_clean()


def test_an_event_that_nobody_sets_is_a_deadlock() -> None:
    found = pileup.explore(lambda: threading.Event().wait(), agents=1, runs=1).findings
    assert [each.kind for each in found] == ["deadlock"]


@pytest.mark.parametrize("backend", ["native", "asyncio", "trio"])
def test_async_code_takes_a_free_lock_at_once(backend: str) -> None:
    async def agent(world: Any) -> None:
        with world:
            assert world.locked()
            assert not world.acquire(timeout=2)
            assert time.monotonic() >= 2
        await pileup.checkpoint()

    pileup.explore(
        agent, agents=2, setup=lambda _: CapturedLock(), runs=20, backend=backend
    ).assert_clean()


def test_sync_code_gets_the_lock_that_async_code_lets_go() -> None:
    got: list[str] = []

    async def holder(world: Any) -> None:
        with world:
            await pileup.sleep(1)

    def waiter(world: Any) -> None:
        time.sleep(0.5)
        with world:
            got.append("it")

    pileup.explore([holder, waiter], setup=lambda _: CapturedLock(), runs=1).assert_clean()
    assert got


def test_a_condition_gives_back_all_that_it_holds_and_takes_it_all_again() -> None:
    def waiter(world: threading.Condition) -> None:
        with world, world:
            world.wait()

    def waker(world: threading.Condition) -> None:
        time.sleep(1)
        with world, world:
            world.notify_all()

    result = pileup.explore([waiter, waker], setup=lambda _: threading.Condition(), runs=1)
    result.assert_clean()


def test_async_code_that_would_block_the_loop_for_ever_is_an_error() -> None:
    async def agent(world: Any) -> None:
        with suppress(Exception), world:
            await pileup.checkpoint()

    with pytest.raises(LoopBlocked, match=r"held the only thread for ever .*test_locks.py:"):
        pileup.explore(agent, setup=lambda _: CapturedLock(), strategy="round_robin", runs=1)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_locks_park_in_threads_that_an_event_loop_starts(backend: str) -> None:
    import asyncio

    import trio

    async def agent(world: Shelf) -> None:
        if backend == "asyncio":
            await asyncio.gather(*(asyncio.to_thread(add_locked, world) for _ in range(2)))
        else:
            await trio.to_thread.run_sync(add_locked, world)

    count = 4 if backend == "asyncio" else 2
    pileup.explore(
        agent, setup=Shelf, agents=2, runs=30, check=count_to(count), backend=backend
    ).assert_clean()


def test_a_lock_that_outlives_its_run_is_real_afterwards_and_free_in_the_next() -> None:
    kept: list[Any] = []

    def agent() -> None:
        if not kept:
            kept.append(CapturedLock())
        assert kept[0].acquire(timeout=0)

    pileup.explore(agent, agents=1, runs=3, strategy="round_robin").assert_clean()
    assert kept[0].acquire(timeout=0)
    assert not kept[0].acquire(timeout=0.01)
    kept[0]._at_fork_reinit()
    assert not kept[0].locked()


def test_locks_are_of_the_real_kind_outside_of_runs_and_in_other_threads() -> None:
    before = threading.Lock, threading.RLock, CapturedLock
    kinds: list[type] = []

    def agent() -> None:
        thread = threading.Thread(target=lambda: kinds.append(type(CapturedLock())))
        thread.start()
        thread.join()
        kinds.append(type(CapturedLock()))

    pileup.explore(agent, agents=1, runs=1, allow_real={"thread"}).assert_clean()
    assert set(kinds) == {type(threading.Lock())}
    assert (threading.Lock, threading.RLock, CapturedLock) == before


def test_a_lock_of_a_run_is_known_by_its_type() -> None:
    def agent(world: Any) -> None:
        assert isinstance(world, threading.RLock)
        assert isinstance(world, type(threading.RLock()))

    pileup.explore(agent, agents=1, setup=lambda _: threading.RLock(), runs=1).assert_clean()


# Locks that a library makes for itself -----------------------------------------------------------


class Futures:
    """A world with a future, whose locks are the library's, and a lock of the user's own."""

    def __init__(self, sim: pileup.Sim) -> None:
        self.world = World(sim)
        self.memory = self.world.memory
        self.future: Future[str] = Future()
        self.lock = threading.Lock()
        self.world.http.route("GET", "/", lambda *_: 200)


async def tries_again(world: Futures) -> None:
    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(3), sleep=pileup.sleep, reraise=True
    )
    with suppress(ValueError):
        await retrying(fails, world)


async def fails(world: Futures) -> None:
    await world.memory.get("n")
    raise ValueError("again")


async def locks(world: Futures) -> None:
    with world.lock:
        world.future.done()


def gives(world: Futures) -> None:
    world.future.set_result("given")


def takes(world: Futures) -> str:
    return world.future.result()


def locked(agents: Any, backend: str) -> list[str]:
    scenario = pileup.Scenario(agents, setup=Futures, agents=1, backend=backend)
    rows = scenario.explorer().once(Dull()).history
    return [each.name for each in rows if any("lock" in seen.resource for seen in each.items)]


@pytest.mark.parametrize("backend", ["native", "asyncio", "trio"])
def test_what_a_library_locks_for_itself_is_no_operation_of_async_code(backend: str) -> None:
    assert locked(tries_again, backend) == []
    assert locked(locks, backend) == ["try to acquire", "release"]


def test_a_future_of_sync_agents_is_waited_for() -> None:
    result = pileup.explore([takes, gives], setup=Futures, runs=40)
    assert result.clean, str(result)
    run = pileup.Scenario([takes, gives], setup=Futures).explorer().once(Dull())
    assert run.results["takes-0"] == "given"
    for who in ("takes-0", "gives-1"):  # both have taken the future's own lock
        assert "acquire" in [each.name for each in run.history if each.agent == who]


def test_a_future_that_nobody_fulfils_is_a_deadlock() -> None:
    found = pileup.explore(takes, setup=Futures, agents=1, runs=3).findings
    assert [each.kind for each in found] == ["deadlock"]


async def fulfils(world: Futures) -> None:
    await world.memory.get("n")
    world.future.set_result("given")


def test_a_future_that_async_code_fulfils_wakes_whoever_waits_for_it() -> None:
    scenario = pileup.Scenario([takes, fulfils], setup=Futures)
    assert scenario.explorer().once(Dull()).results["takes-0"] == "given"


async def keeps_it(world: Futures) -> None:
    with world.future._condition:  # as a library might
        await world.memory.set("kept", value=True)
        await pileup.sleep(1)


def asks_meanwhile(world: Futures) -> bool:
    while not world.memory.load("kept"):
        time.sleep(0.1)
    return world.future.done()


@pytest.mark.parametrize("backend", ["native", "asyncio", "trio"])
def test_who_waits_for_what_a_library_has_locked_hears_when_it_is_free(backend: str) -> None:
    agents = [keeps_it, asks_meanwhile]
    pileup.explore(agents, setup=Futures, runs=20, backend=backend).assert_clean()
