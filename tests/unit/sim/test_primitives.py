"""The loops' own primitives, unmodified, in virtual time: each does what it does on a real loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

import pileup
from pileup.fakes import World

Program = Callable[[World], Awaitable[None]]


async def trio_nursery_and_sleep(world: World) -> None:
    async def later(seconds: float) -> None:
        await trio.sleep(seconds)
        await world.memory.add("slept", seconds)

    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(later, 3)
        nursery.start_soon(later, 2)
    assert trio.current_time() >= start + 3


async def trio_move_on_after(world: World) -> None:
    with trio.move_on_after(5) as scope:
        await world.memory.add("before", 1)
        await trio.sleep_forever()
    assert scope.cancelled_caught


async def trio_fail_after(_: World) -> None:
    with pytest.raises(trio.TooSlowError):
        with trio.fail_after(1):
            await trio.sleep(100)


async def trio_shield(world: World) -> None:
    with trio.move_on_after(1):
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(5)
                await world.memory.add("cleaned", 1)
    assert await world.memory.get("cleaned")


async def trio_channel(world: World) -> None:
    send, receive = trio.open_memory_channel[int](0)

    async def produce() -> None:
        async with send:
            for number in range(3):
                await world.memory.add("produced", 1)
                await send.send(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce)
        assert [number async for number in receive] == [0, 1, 2]


async def trio_event_lock_semaphore(world: World) -> None:
    event, lock, seats = trio.Event(), trio.Lock(), trio.Semaphore(1)
    inside = 0

    async def enter() -> None:
        nonlocal inside
        async with lock, seats:
            inside += 1
            await world.memory.add("entered", 1)
            assert inside == 1
            inside -= 1
        event.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(enter)
        nursery.start_soon(enter)
        await event.wait()


async def trio_start(_: World) -> None:
    async def serve(task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        await trio.sleep(1)
        task_status.started("ready")
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        assert await nursery.start(serve) == "ready"
        nursery.cancel_scope.cancel()


async def trio_wait_all_tasks_blocked(world: World) -> None:
    event = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(event.wait)
        await trio.testing.wait_all_tasks_blocked()
        event.set()
    await world.memory.add("n", 1)


async def asyncio_task_group(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(world.memory.add("n", 1)) for _ in range(3)]
    assert all(task.done() for task in tasks)


async def asyncio_task_group_cancels_siblings(world: World) -> None:
    async def fails() -> None:
        await world.memory.add("n", 1)
        raise ValueError("on purpose")

    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            for _ in range(5):
                group.create_task(asyncio.sleep(100))

    with pytest.raises(ExceptionGroup):
        await together()


async def asyncio_timeout(_: World) -> None:
    start = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await asyncio.sleep(100)
    assert asyncio.get_running_loop().time() >= start + 5


async def asyncio_wait_for(_: World) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(50), 1)


async def asyncio_queue(world: World) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(1)

    async def produce() -> None:
        for number in range(3):
            await world.memory.add("produced", 1)
            await queue.put(number)

    task = asyncio.create_task(produce())
    assert [await queue.get() for _ in range(3)] == [0, 1, 2]
    await task


async def asyncio_lock_event_condition(world: World) -> None:
    lock, event, condition = asyncio.Lock(), asyncio.Event(), asyncio.Condition()

    async def wait() -> None:
        async with condition:
            await condition.wait_for(event.is_set)

    waiter = asyncio.create_task(wait())
    async with lock:
        await world.memory.add("n", 1)
    event.set()
    async with condition:
        condition.notify_all()
    await waiter


async def asyncio_gather_and_wait(world: World) -> None:
    await asyncio.gather(world.memory.add("n", 1), world.memory.add("n", 1))
    tasks = [asyncio.create_task(asyncio.sleep(delay)) for delay in (1, 2)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert tasks[0] in done
    assert len(done) + len(pending) == 2


async def asyncio_as_completed(world: World) -> None:
    async def later(seconds: float) -> float:
        await asyncio.sleep(seconds)
        await world.memory.add("n", 1)
        return seconds

    found = [await each for each in asyncio.as_completed([later(2), later(1)])]
    assert sorted(found) == [1, 2]


async def asyncio_to_thread(world: World) -> None:
    def work() -> int:
        time.sleep(5)
        with world.memory.lock():
            value = world.memory.load("n") or 0
            world.memory.store("n", value + 1)
        return 7

    assert await asyncio.to_thread(work) == 7
    assert await asyncio.get_running_loop().run_in_executor(None, work) == 7


async def asyncio_call_later(_: World) -> None:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(3, future.set_result, "called")
    assert await future == "called"


PROGRAMS = [
    trio_nursery_and_sleep,
    trio_move_on_after,
    trio_fail_after,
    trio_shield,
    trio_channel,
    trio_event_lock_semaphore,
    trio_start,
    trio_wait_all_tasks_blocked,
    asyncio_task_group,
    asyncio_task_group_cancels_siblings,
    asyncio_timeout,
    asyncio_wait_for,
    asyncio_queue,
    asyncio_lock_event_condition,
    asyncio_gather_and_wait,
    asyncio_as_completed,
    asyncio_to_thread,
    asyncio_call_later,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_primitive_works_in_virtual_time_and_the_loop_is_found(program: Program) -> None:
    started = time.monotonic()
    found = pileup.explore(program, agents=2, runs=40)
    found.assert_clean()
    assert found.stats.backend == program.__name__.partition("_")[0]
    assert time.monotonic() - started < 30  # hours of virtual time, seconds of real


# Outside of its loop asyncio makes these two another, which nobody runs or closes.
LOOPLESS = (asyncio_gather_and_wait, asyncio_as_completed)
NEEDY = [program for program in PROGRAMS if program not in LOOPLESS]


@pytest.mark.parametrize("program", NEEDY, ids=lambda program: program.__name__)
def test_the_wrong_backend_is_an_error_that_names_the_right_one(program: Program) -> None:
    right = program.__name__.partition("_")[0]
    wrong = "trio" if right == "asyncio" else "asyncio"
    with pytest.raises(pileup.UsageError, match=f"backend='{right}'"):
        pileup.explore(program, agents=1, runs=1, backend=wrong)
    with pytest.raises(pileup.UsageError, match=f"backend='{right}'"):
        pileup.explore(program, agents=1, runs=1, backend="native")


class Plain(World):
    seen = 0
    order = ""


async def counts_on_trio(world: Plain) -> None:
    value = world.seen
    await trio.lowlevel.checkpoint()
    world.seen = value + 1


def test_a_race_on_a_plain_object_across_a_trio_checkpoint_is_found() -> None:
    def check(world: Plain) -> None:
        assert world.seen == 2

    found = pileup.explore(counts_on_trio, setup=Plain, check=check, runs=40)
    assert [finding.kind for finding in found.findings] == ["check_failed"]


def test_a_trio_task_may_starve() -> None:
    """Three checkpoints of one task may pass before another task goes at all."""

    async def three(world: Plain) -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            world.order += "a"

    async def one(world: Plain) -> None:
        await trio.lowlevel.checkpoint()
        world.order += "b"

    orders = set()
    pileup.explore(
        [three, one], setup=Plain, runs=200, check=lambda world: orders.add(world.order)
    ).assert_clean()
    assert orders == {"aaab", "aaba", "abaa", "baaa"}


def test_asyncio_keeps_its_own_order_of_ready_callbacks() -> None:
    async def orderly(world: Plain) -> None:
        async def note(letter: str) -> None:
            world.order += letter

        await asyncio.gather(note("a"), note("b"), note("c"))

    def check(world: Plain) -> None:
        assert world.order == "abc"

    pileup.explore(orderly, setup=Plain, agents=1, runs=50, check=check).assert_clean()
