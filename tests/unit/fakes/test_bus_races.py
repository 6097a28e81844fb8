"""What a search finds in workers on a bus: work done twice, work lost; and the right twins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes import Memory
from pileup.fakes.bus import Bus, ReceiptExpired
from pileup.faults import Rule

RUNS = 120


class Shop:
    """A bus with jobs in it, and a memory of what was done."""

    def __init__(self, sim: pileup.Sim, *, jobs: int = 1, **promises: Any) -> None:
        self.bus = Bus(sim)
        self.bus.queue("jobs", **promises)
        self.bus.seed("jobs", *range(jobs))
        self.memory = Memory(sim)
        self.done: list[int] = []
        self.jobs = jobs


def shop(**options: Any) -> Callable[[pileup.Sim], Shop]:
    return lambda sim: Shop(sim, **options)


def each_job_is_done_once(shop: Shop) -> None:
    assert Counter(shop.done) == Counter(range(shop.jobs))


def no_job_is_lost(shop: Shop) -> None:
    """A job is done, or still there to be done: a connection may be known dead only late."""
    assert {*shop.done, *shop.bus.peek("jobs")} == set(range(shop.jobs))


def each_job_is_done(shop: Shop) -> None:
    assert set(shop.done) == set(range(shop.jobs))


async def do(shop: Shop, job: int) -> None:
    await shop.memory.add(f"done {job}", 1)
    shop.done.append(job)


# Work that takes longer than the visibility timeout ------------------------------------------


async def works_for_long(shop: Shop) -> None:
    message = await shop.bus.claim("jobs", wait=50)
    if message is not None:
        await pileup.sleep(45)
        await do(shop, message.body)
        await message.ack()


async def works_and_extends(shop: Shop) -> None:
    """Stop when the message is lost, and look whether it is still held before the effect."""
    while (message := await shop.bus.claim("jobs", wait=50)) is not None:
        try:
            for _ in range(3):
                await pileup.sleep(15)
                await message.extend(30)
            shop.done.append(message.body)
            await message.ack()
        except ReceiptExpired:
            continue


async def works_if_it_was_not_done(shop: Shop) -> None:
    while (message := await shop.bus.claim("jobs", wait=50)) is not None:
        if await shop.memory.get(message.id) != "done":
            await pileup.sleep(45)
            if await shop.memory.swap(message.id, None, "done"):
                shop.done.append(message.body)
        await message.ack()


def explored(agent: Any, check: Any, **options: Any) -> pileup.Exploration:
    setup = options.pop("setup", shop(jobs=2))
    return pileup.explore(agent, setup=setup, check=check, **{"runs": RUNS, **options})


def test_work_that_takes_longer_than_the_visibility_timeout_is_done_twice() -> None:
    found = explored(works_for_long, each_job_is_done_once)
    assert not found.clean
    counterexample = found.counterexample
    assert counterexample is not None
    names = [event.name for event in counterexample.history if event.agent == "world"]
    assert "expire" in names


def test_a_worker_that_knows_what_was_done_does_each_job_once() -> None:
    explored(works_if_it_was_not_done, each_job_is_done_once).assert_clean()


@pytest.mark.parametrize("agent", [works_for_long, works_and_extends])
def test_extending_helps_as_long_as_calls_are_quick(agent: Any) -> None:
    """It is no promise: between the last extension and the effect any time may pass."""
    quick = explored(agent, each_job_is_done_once, setup=shop(), timed=True)
    assert quick.clean == (agent is works_and_extends)
    assert not explored(works_and_extends, each_job_is_done_once, runs=RUNS * 5).clean


def test_no_order_at_all_makes_the_idempotent_worker_do_a_job_twice() -> None:
    async def works_once(shop: Shop) -> None:
        message = await shop.bus.claim("jobs", wait=50)
        if message is not None:
            if await shop.memory.swap(message.id, None, "done"):
                shop.done.append(message.body)
            await message.ack()

    scenario = pileup.Scenario(works_once, setup=shop(), agents=2)
    counts = [Counter(run.world.done) for run in all_runs(scenario.explorer())]
    assert set(map(str, counts)) == {str(Counter([0]))}


# Acknowledged before the work ----------------------------------------------------------------


async def acks_before_the_work(shop: Shop) -> None:
    while (message := await shop.bus.claim("jobs", wait=50)) is not None:
        await message.ack()
        await do(shop, message.body)


async def acks_after_the_work(shop: Shop) -> None:
    while (message := await shop.bus.claim("jobs", wait=50)) is not None:
        await do(shop, message.body)
        await message.ack()


CRASH = [Rule("crash", odds=0.1, most=1)]


@pytest.mark.parametrize("visibility", [30.0, None])
def test_a_crash_after_an_early_acknowledgement_loses_the_job(visibility: float | None) -> None:
    setup = shop(jobs=2, visibility=visibility)
    found = explored(acks_before_the_work, no_job_is_lost, setup=setup, faults=CRASH)
    assert not found.clean


@pytest.mark.parametrize(
    ("visibility", "check"), [(30.0, each_job_is_done), (None, no_job_is_lost)]
)
def test_a_late_acknowledgement_loses_no_job(visibility: float | None, check: Any) -> None:
    setup = shop(jobs=2, visibility=visibility)
    explored(acks_after_the_work, check, setup=setup, faults=CRASH).assert_clean()


# Poison --------------------------------------------------------------------------------------


async def chokes_on_one(shop: Shop) -> None:
    while (message := await shop.bus.claim("jobs", wait=50)) is not None:
        if message.body == 0:
            await message.nack(delay=1)
            continue
        await do(shop, message.body)
        await message.ack()


def poison_is_buried(shop: Shop) -> None:
    assert [entry.body for entry in shop.bus.dead("jobs")] == [0]
    assert [entry.body for entry in shop.bus.delivered].count(0) == 3
    assert 1 in shop.done


def test_a_poison_message_ends_in_the_dead_letters() -> None:
    setup = shop(jobs=2, max_deliveries=3)
    explored(chokes_on_one, poison_is_buried, setup=setup).assert_clean()


def test_a_poison_message_without_a_limit_comes_for_ever() -> None:
    budgets = pileup.Budgets(steps=2_000)
    found = pileup.explore(chokes_on_one, setup=shop(jobs=2), budgets=budgets, runs=2)
    assert "steps" in found.findings[0].explanation


# Duplicates ----------------------------------------------------------------------------------


def publishes_again(dedup: str | None) -> Callable[[Shop], Any]:
    async def publishes(shop: Shop) -> None:
        for _ in range(3):
            try:
                await shop.bus.publish("jobs", 0, dedup=dedup)
            except TimeoutError:
                continue
            return

    return publishes


LOST = [Rule("lost", on="publish*", odds=0.5)]


def test_an_answer_that_is_lost_makes_a_publisher_publish_twice() -> None:
    setup = shop(jobs=0)
    found = pileup.explore(
        [publishes_again(None)], setup=setup, faults=LOST, check=published_once, runs=RUNS
    )
    assert not found.clean


def test_a_deduplication_id_makes_that_one_message() -> None:
    setup = shop(jobs=0)
    pileup.explore(
        [publishes_again("order 7")], setup=setup, faults=LOST, check=published_once, runs=RUNS
    ).assert_clean()


def published_once(shop: Shop) -> None:
    assert len(shop.bus.published) == 1


# Order ---------------------------------------------------------------------------------------


async def applies_in_order(shop: Shop) -> None:
    while (message := await shop.bus.claim("jobs")) is not None:
        await do(shop, message.body)
        await message.ack()


def in_order(shop: Shop) -> None:
    assert shop.done == sorted(shop.done)


def test_two_workers_do_not_keep_the_order_of_a_queue() -> None:
    assert not explored(applies_in_order, in_order, setup=shop(jobs=3)).clean


def test_a_fifo_queue_keeps_the_order_of_a_key() -> None:
    promises = {"fifo": True, "visibility": None}  # else a slow worker's job is done after others
    explored(applies_in_order, in_order, setup=shop(jobs=3, **promises)).assert_clean()


# Every runtime -------------------------------------------------------------------------------


def works_in_sync_code(shop: Shop) -> None:
    while (message := shop.bus.sync.claim("jobs", wait=50)) is not None:
        shop.memory.store(f"done {message.body}", 1)
        message.ack()


async def works(shop: Shop) -> None:
    while (message := await shop.bus.claim("jobs", wait=50)) is not None:
        await shop.memory.set(f"done {message.body}", 1)
        await message.ack()


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("agent", [works, works_in_sync_code])
def test_every_runtime_does_the_same_in_the_same_runs(agent: Any, backend: str) -> None:
    def rows(under: str) -> list[Any]:
        explorer = pileup.Scenario(agent, setup=shop(jobs=1), agents=2, backend=under).explorer()
        return [
            [(event.agent, event.name, event.detail) for event in run.history]
            for run, _ in zip(all_runs(explorer), range(200), strict=False)
        ]

    assert rows(backend) == rows("native")
