"""The bus for one or two agents: what each call does, under every runtime and in sync code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.errors import UsageError
from pileup.fakes.bus import Bus, Empty, Message, ReceiptExpired, SyncMessage
from pileup.faults import Rule
from pileup.results import Run
from pileup.strategies import Dull

BACKENDS = ["native", "trio", "asyncio"]


def with_queue(name: str = "jobs", **promises: Any) -> Callable[[pileup.Sim], Bus]:
    def setup(sim: pileup.Sim) -> Bus:
        bus = Bus(sim)
        bus.queue(name, **promises)
        return bus

    return setup


def with_topic(*groups: str, **promises: Any) -> Callable[[pileup.Sim], Bus]:
    def setup(sim: pileup.Sim) -> Bus:
        bus = Bus(sim)
        bus.topic("news", *groups, **promises)
        return bus

    return setup


def once(*agents: Any, setup: Any = Bus, **options: Any) -> Run:
    run = pileup.Scenario(list(agents), setup=setup, **options).explorer().once(Dull())
    for finding in run.findings:
        raise AssertionError(f"{finding.title}\n{finding.explanation}")
    return run


def some(message: Message | None) -> Message:
    assert message is not None
    return message


# What a message is ---------------------------------------------------------------------------


async def works(bus: Bus) -> list[Any]:
    number = await bus.publish("jobs", {"order": 7})
    message = some(await bus.claim("jobs"))
    told = [number, message.id, message.body, message.deliveries, message.receipt, message.queue]
    return [*told, await bus.depth("jobs"), await message.ack(), await bus.claim("jobs")]


def works_in_sync_code(bus: Bus) -> list[Any]:
    number = bus.sync.publish("jobs", {"order": 7})
    message = bus.sync.claim("jobs")
    assert message is not None
    told = [number, message.id, message.body, message.deliveries, message.receipt, message.queue]
    return [*told, bus.sync.depth("jobs"), message.ack(), bus.sync.claim("jobs")]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("agent", [works, works_in_sync_code])
def test_a_message_is_published_claimed_and_acknowledged(agent: Any, backend: str) -> None:
    run = once(agent, backend=backend)
    told = ["jobs#1", "jobs#1", {"order": 7}, 1, "jobs#1/1", "jobs", 0, True, None]
    assert list(run.results.values()) == [told]
    assert [event.name for event in run.history if event.items][:4] == [
        *("publish", "claim", "depth", "ack"),
    ]


def test_the_history_tells_messages_by_their_ids_and_bodies() -> None:
    details = {event.name: event.detail for event in once(works).history if event.name != "claim"}
    assert details["publish"] == "jobs#1: {'order': 7}"
    assert details["ack"] == "jobs#1"


def test_a_claim_touches_the_queue_and_the_message_and_finding_nothing_only_looks() -> None:
    touched = [
        [(item.name, item.access) for item in event.items]
        for event in once(works).history
        if event.name == "claim"
    ]
    assert touched == [
        [("bus[jobs]", "change"), ("bus[jobs#1]", "change")],
        [("bus[jobs]", "read")],
    ]


def test_publisher_and_consumers_share_nothing() -> None:
    async def shares(bus: Bus) -> None:
        body = {"parts": [1], "more": ({"deep": [2]},)}
        await bus.publish("jobs", body)
        body["parts"].append(9)  # type: ignore[attr-defined]
        first = some(await bus.claim("jobs"))
        first.body["parts"].append(8)
        first.body["more"][0]["deep"].append(7)
        await first.nack()
        second = some(await bus.claim("jobs"))
        assert second.body == {"parts": [1], "more": ({"deep": [2]},)}
        assert bus.delivered[0].body == second.body

    once(shares)


def test_what_is_published_is_copied_when_the_call_is_made() -> None:
    async def changes_meanwhile(bus: Bus) -> None:
        body = [1]
        sending = bus.publish("jobs", body)
        await sending
        body.append(2)
        assert some(await bus.claim("jobs")).body == [1]

    once(changes_meanwhile)


@pytest.mark.parametrize("body", [None, "text", 7, b"raw", [], {"set": {1}}, ("a", ["b"])])
def test_a_body_is_anything_that_can_be_copied(body: Any) -> None:
    async def sends(bus: Bus) -> None:
        await bus.publish("jobs", body)
        assert some(await bus.claim("jobs")).body == body

    once(sends)


def test_a_long_or_strange_body_is_a_fingerprint_in_the_history() -> None:
    async def sends(bus: Bus) -> None:
        await bus.publish("jobs", {"text": "x" * 1000})
        await bus.publish("jobs", {"set": {3, 1}})

    details = [str(e.detail) for e in once(sends).history if e.name == "publish"]
    assert len(details[0].split(": #")[1]) == 16
    assert details[1] == "jobs#2: {'set': set(1, 3)}"


# Waiting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_claim_waits_until_somebody_publishes(backend: str) -> None:
    async def waits(bus: Bus) -> object:
        return some(await bus.claim("jobs", wait=None)).body

    async def publishes(bus: Bus) -> None:
        await bus.publish("jobs", "work")

    explorer = pileup.Scenario([waits, publishes], setup=Bus, backend=backend).explorer()
    for run in all_runs(explorer):
        assert run.findings == ()
        assert run.results["waits-0"] == "work"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_claim_gives_up_in_virtual_time(backend: str) -> None:
    async def waits(bus: Bus, me: pileup.Agent) -> None:
        assert await bus.claim("jobs", wait=2.5) is None
        assert me._sim.now == 2.5

    once(waits, backend=backend)


def test_a_claim_gives_up_in_sync_code() -> None:
    def waits(bus: Bus, me: pileup.Agent) -> None:
        assert bus.sync.claim("jobs", wait=2.5) is None
        assert me._sim.now == 2.5

    once(waits)


def test_of_two_who_wait_either_gets_the_message_and_the_other_waits_on() -> None:
    async def waits(bus: Bus, me: pileup.Agent) -> object:
        message = await bus.claim("jobs", wait=5)
        if message is None:
            assert me._sim.now >= 5
            return None
        await message.ack()
        return message.body

    async def publishes(bus: Bus) -> None:
        await pileup.sleep(1)
        await bus.publish("jobs", "work")

    # With a visibility timeout both could get it, because an acknowledgement may take long.
    scenario = pileup.Scenario([waits, waits, publishes], setup=with_queue(visibility=None))
    got = [run.results for run in all_runs(scenario.explorer())]
    assert {(each["waits-0"], each["waits-1"]) for each in got} == {
        *(("work", None), (None, "work"), (None, None)),
    }


def test_a_claim_that_was_cancelled_leaves_no_deadline_behind() -> None:
    async def gives_up(bus: Bus, me: pileup.Agent) -> None:
        with pytest.raises(TimeoutError):
            async with pileup.timeout(1):
                await bus.claim("jobs", wait=1000)
        assert me._sim.timers.next() == float("inf")

    for backend in BACKENDS:
        once(gives_up, backend=backend)


def test_who_waits_for_ever_is_named_with_who_has_the_message() -> None:
    async def holds(bus: Bus) -> None:
        await bus.claim("jobs")
        await bus.claim("empty", wait=None)

    async def waits(bus: Bus) -> None:
        await pileup.sleep(1)
        await bus.claim("jobs", wait=None)

    def setup(sim: pileup.Sim) -> Bus:
        bus = with_queue(visibility=None)(sim)
        bus.seed("jobs", "work")
        return bus

    run = pileup.Scenario([holds, waits], setup=setup).explorer().once(Dull())
    (finding,) = run.findings
    assert finding.kind == "deadlock"
    assert "claim bus[jobs], held by holds-0" in finding.explanation
    assert "claim bus[empty]" in finding.explanation


# Time ----------------------------------------------------------------------------------------


def test_a_message_that_is_not_settled_comes_back_after_its_visibility_timeout() -> None:
    async def forgets(bus: Bus, me: pileup.Agent) -> None:
        await bus.publish("jobs", "work")
        first = some(await bus.claim("jobs"))
        await pileup.sleep(29)
        assert await bus.claim("jobs") is None
        second = some(await bus.claim("jobs", wait=20))
        assert (me._sim.now, second.id, second.deliveries) == (30, first.id, 2)
        assert second.receipt != first.receipt

    once(forgets, setup=with_queue(visibility=30))


def test_extending_counts_from_now() -> None:
    async def extends(bus: Bus, me: pileup.Agent) -> None:
        await bus.publish("jobs", "work")
        message = some(await bus.claim("jobs"))
        await pileup.sleep(20)
        await message.extend(30)
        assert await bus.claim("jobs", wait=29) is None
        assert await bus.claim("jobs", wait=29) is not None
        assert me._sim.now == 50

    once(extends, setup=with_queue(visibility=30))


def test_a_delayed_message_comes_when_it_is_due_and_behind_those_before_it() -> None:
    async def delays(bus: Bus, me: pileup.Agent) -> None:
        await bus.publish("jobs", "late", delay=10)
        await bus.publish("jobs", "soon")
        assert await bus.depth("jobs") == 1
        assert some(await bus.claim("jobs")).body == "soon"
        assert some(await bus.claim("jobs", wait=None)).body == "late"
        assert me._sim.now == 10

    once(delays)


@pytest.mark.parametrize("delay", [0.0, 7.0])
def test_a_message_that_is_given_back_stands_where_it_stood(delay: float) -> None:
    async def gives_back(bus: Bus) -> None:
        await bus.publish("jobs", "one")
        await bus.publish("jobs", "two")
        assert await some(await bus.claim("jobs")).nack(delay=delay)
        await pileup.sleep(delay + 1)
        assert [some(await bus.claim("jobs")).body for _ in "ab"] == ["one", "two"]

    once(gives_back)


# Receipts ------------------------------------------------------------------------------------


def redelivered(sim: pileup.Sim) -> Bus:
    bus = Bus(sim)
    bus.queue("jobs", visibility=10)
    bus.seed("jobs", "work")
    return bus


def test_acknowledging_twice_is_like_acknowledging_once() -> None:
    async def acks_twice(bus: Bus) -> None:
        message = some(await bus.claim("jobs"))
        assert [await message.ack(), await message.ack()] == [True, True]
        assert len(bus.acked) == 1

    once(acks_twice, setup=redelivered)


def test_an_acknowledgement_after_the_time_is_over_counts_until_somebody_else_has_it() -> None:
    async def acks_late(bus: Bus) -> None:
        message = some(await bus.claim("jobs"))
        await pileup.sleep(11)
        assert await bus.depth("jobs") == 1
        assert await message.ack()
        assert await bus.depth("jobs") == 0

    once(acks_late, setup=redelivered)


def test_an_acknowledgement_after_another_delivery_changes_nothing() -> None:
    async def acks_too_late(bus: Bus) -> None:
        first = some(await bus.claim("jobs"))
        second = some(await bus.claim("jobs", wait=None))
        assert not await first.ack()
        assert bus.peek("jobs") == ["work"]
        assert await second.ack()
        assert not await first.ack()
        assert (bus.peek("jobs"), len(bus.acked)) == ([], 1)

    once(acks_too_late, setup=redelivered)


def test_what_was_given_back_can_be_settled_no_more() -> None:
    async def gives_back(bus: Bus) -> None:
        message = some(await bus.claim("jobs"))
        assert await message.nack()
        assert not await message.nack()
        assert not await message.ack()
        assert await bus.depth("jobs") == 1

    once(gives_back, setup=redelivered)


def test_who_has_lost_a_message_is_told_when_it_wants_more_time() -> None:
    async def extends_too_late(bus: Bus) -> None:
        message = some(await bus.claim("jobs"))
        await pileup.sleep(11)
        with pytest.raises(ReceiptExpired, match=r"jobs#1 is no longer with this consumer"):
            await message.extend(10)
        assert not await message.nack()
        again = some(await bus.claim("jobs"))
        with pytest.raises(ReceiptExpired):
            await message.extend(10)
        await again.extend(10)
        await again.ack()
        with pytest.raises(ReceiptExpired):
            await again.extend(10)

    once(extends_too_late, setup=redelivered)


def test_settling_works_in_sync_code() -> None:
    def settles(bus: Bus) -> None:
        message = bus.sync.claim("jobs")
        assert isinstance(message, SyncMessage)
        message.extend(5)
        assert message.nack(delay=3)
        again = bus.sync.claim("jobs", wait=4)
        assert again is not None
        assert [again.deliveries, again.ack()] == [2, True]

    once(settles, setup=redelivered)


# Blocks --------------------------------------------------------------------------------------


async def fails_in_a_block(bus: Bus) -> None:
    with pytest.raises(ValueError, match="no"):
        async with bus.claimed("jobs"):
            raise ValueError("no")
    async with bus.claimed("jobs") as message:
        assert message.deliveries == 2
    with pytest.raises(Empty, match=r"no message came to 'jobs' within 5 s"):
        async with bus.claimed("jobs", wait=5):
            pass


def fails_in_a_block_in_sync_code(bus: Bus) -> None:
    with pytest.raises(ValueError, match="no"), bus.sync.claimed("jobs"):
        raise ValueError("no")
    with bus.sync.claimed("jobs") as message:
        assert message.deliveries == 2
    with pytest.raises(Empty), bus.sync.claimed("jobs", wait=5):
        pass


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("agent", [fails_in_a_block, fails_in_a_block_in_sync_code])
def test_a_block_acknowledges_at_its_end_and_gives_back_what_failed(
    agent: Any, backend: str
) -> None:
    run = once(agent, setup=redelivered, backend=backend)
    assert len(run.world.acked) == 1
    assert "nack" in [event.name for event in run.history]


def test_a_block_that_is_cancelled_keeps_its_message_until_the_time_is_over() -> None:
    async def gives_up(bus: Bus) -> None:
        with pytest.raises(TimeoutError):
            async with pileup.timeout(4), bus.claimed("jobs"):
                await pileup.sleep(100)
        assert await bus.claim("jobs") is None
        assert some(await bus.claim("jobs", wait=7)).deliveries == 2

    for backend in BACKENDS:
        once(gives_up, setup=redelivered, backend=backend)


# Topics --------------------------------------------------------------------------------------


async def reads_news(bus: Bus) -> list[str]:
    heard = []
    async for message in await bus.subscribe("news", group="writers", wait=1):
        heard.append(message.body)
        await message.ack()
    return heard


def reads_news_in_sync_code(bus: Bus) -> list[str]:
    heard = []
    for message in bus.sync.subscribe("news", group="writers", wait=1):
        heard.append(message.body)
        message.ack()
    return heard


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("agent", [reads_news, reads_news_in_sync_code])
def test_members_of_a_group_share_its_messages(agent: Any, backend: str) -> None:
    async def tells(bus: Bus) -> None:
        assert await bus.publish("news", "a") == "news#1"
        assert await bus.publish("news", "b") == "news#2"

    run = once(tells, agent, agent, setup=with_topic("writers"), backend=backend)
    name = agent.__name__
    heard = [*run.results[f"{name}-1"], *run.results[f"{name}-2"]]  # type: ignore[misc]
    assert sorted(heard) == ["a", "b"]


def test_each_group_gets_every_message() -> None:
    async def tells_and_reads(bus: Bus) -> None:
        await bus.publish("news", "a")
        for group in ("writers", "readers"):
            subscription = await bus.subscribe("news", group=group)
            message = some(await subscription.claim())
            assert (message.id, message.queue, message.body) == ("news#1", f"news/{group}", "a")
            assert await message.ack()

    run = once(tells_and_reads, setup=with_topic("writers", "readers"))
    assert [entry.queue for entry in run.world.delivered] == ["news/writers", "news/readers"]
    assert [entry.queue for entry in run.world.published] == ["news"]


def test_who_subscribes_after_a_message_was_published_does_not_get_it() -> None:
    async def tells(bus: Bus) -> None:
        await bus.publish("news", "a")

    scenario = pileup.Scenario([tells, reads_news], setup=with_topic())
    heard = [run.results["reads_news-1"] for run in all_runs(scenario.explorer())]
    assert {len(each) for each in heard if isinstance(each, list)} == {0, 1}


def test_what_is_published_to_nobody_is_gone() -> None:
    async def tells_nobody(bus: Bus) -> None:
        assert await bus.publish("news", "a") == "news#1"
        assert await (await bus.subscribe("news", group="writers")).claim() is None

    once(tells_nobody, setup=with_topic())


def test_a_call_that_is_given_up_before_its_effect_was_not_made() -> None:
    async def gives_up(bus: Bus) -> None:
        with pytest.raises(TimeoutError):
            async with pileup.timeout(1):
                await bus.publish("jobs", "a")

    slow = [Rule("slow", on="publish*")]
    assert once(gives_up, faults=slow).world.published == []


# Order, and doing without duplicates ---------------------------------------------------------


def test_in_fifo_order_only_one_message_of_a_key_is_under_way() -> None:
    async def claims_all(bus: Bus) -> None:
        for body, key in (("a1", "a"), ("a2", "a"), ("b1", "b")):
            await bus.publish("jobs", body, key=key)
        first, other = some(await bus.claim("jobs")), some(await bus.claim("jobs"))
        assert [(each.body, each.key) for each in (first, other)] == [("a1", "a"), ("b1", "b")]
        assert await bus.claim("jobs") is None
        await first.nack()
        again = some(await bus.claim("jobs"))
        assert again.body == "a1"
        await again.ack()
        assert some(await bus.claim("jobs")).body == "a2"

    once(claims_all, setup=with_queue(fifo=True))


def test_a_delayed_return_keeps_the_rest_of_its_key_waiting() -> None:
    async def delays(bus: Bus, me: pileup.Agent) -> None:
        for body in ("a1", "a2"):
            await bus.publish("jobs", body, key="a")
        await some(await bus.claim("jobs")).nack(delay=5)
        assert await bus.claim("jobs") is None
        assert (some(await bus.claim("jobs", wait=9)).body, me._sim.now) == ("a1", 5)

    once(delays, setup=with_queue(fifo=True))


def test_a_claim_hears_of_a_key_that_became_free() -> None:
    async def works_on_one(bus: Bus) -> None:
        message = some(await bus.claim("jobs"))
        await pileup.sleep(5)
        await message.ack()

    async def waits(bus: Bus, me: pileup.Agent) -> None:
        await pileup.sleep(1)
        assert (some(await bus.claim("jobs", wait=9)).body, me._sim.now) == ("a2", 5)

    def setup(sim: pileup.Sim) -> Bus:
        bus = with_queue(fifo=True)(sim)
        bus.seed("jobs", "a1", "a2", key="a")
        return bus

    once(works_on_one, waits, setup=setup)


@pytest.mark.parametrize("setup", [Bus, with_topic("writers")])
def test_a_deduplication_id_is_known_for_a_while(setup: Any) -> None:
    async def repeats(bus: Bus) -> list[str]:
        numbers = [await bus.publish("news", "a", dedup="one") for _ in "ab"]
        numbers.append(await bus.publish("news", "b", dedup="other"))
        await pileup.sleep(300)
        return [*numbers, await bus.publish("news", "a", dedup="one")]

    run = once(repeats, setup=setup)
    assert list(run.results.values()) == [["news#1", "news#1", "news#2", "news#3"]]
    assert [entry.id for entry in run.world.published] == ["news#1", "news#2", "news#3"]
    known = [event for event in run.history if "known as news#1" in str(event.detail)]
    assert [[item.access for item in event.items] for event in known] == [["read"]]


# Dead letters --------------------------------------------------------------------------------


def test_a_message_that_is_delivered_too_often_goes_to_the_dead_letters() -> None:
    async def fails(bus: Bus) -> None:
        await bus.publish("jobs", "poison")
        await some(await bus.claim("jobs")).nack()
        some(await bus.claim("jobs"))  # and its time runs out
        assert await bus.claim("jobs", wait=100) is None
        letter = some(await bus.claim("jobs.dead"))
        assert (letter.id, letter.body, letter.deliveries) == ("jobs#1", "poison", 1)
        await letter.ack()

    run = once(fails, setup=with_queue(max_deliveries=2))
    (dead,) = run.world.dead("jobs")
    assert (dead.body, dead.delivery, dead.time) == ("poison", 2, 30)
    assert run.world.peek("jobs") == run.world.peek("jobs.dead") == []


def test_who_had_a_dead_letter_before_cannot_settle_it() -> None:
    async def settles_too_late(bus: Bus) -> None:
        message = some(await bus.claim("jobs"))
        await pileup.sleep(31)
        assert not await message.ack()
        assert await bus.depth("buried") == 1

    def setup(sim: pileup.Sim) -> Bus:
        bus = with_queue(max_deliveries=1, dead_letter="buried")(sim)
        bus.seed("jobs", "poison")
        return bus

    once(settles_too_late, setup=setup)


def test_dead_letters_of_a_fifo_queue_keep_their_keys() -> None:
    async def fails(bus: Bus) -> None:
        await bus.publish("jobs", "poison", key="a")
        await bus.publish("jobs", "next", key="a")
        await some(await bus.claim("jobs")).nack()
        assert some(await bus.claim("jobs.dead")).key == "a"
        message = some(await bus.claim("jobs"))
        assert message.body == "next"
        await message.nack()
        assert await bus.claim("jobs.dead") is None  # because of one key, one at a time

    once(fails, setup=with_queue(max_deliveries=1, fifo=True))


# Connections ---------------------------------------------------------------------------------


def test_without_a_visibility_timeout_a_message_stays_until_its_consumer_ends() -> None:
    async def takes(bus: Bus) -> None:
        await bus.claim("jobs")
        await pileup.sleep(10_000)

    async def takes_over(bus: Bus, me: pileup.Agent) -> None:
        await pileup.sleep(1)
        message = some(await bus.claim("jobs", wait=None))
        assert (message.deliveries, me._sim.now) == (2, 10_000)

    def setup(sim: pileup.Sim) -> Bus:
        bus = with_queue(visibility=None)(sim)
        bus.seed("jobs", "work")
        return bus

    run = once(takes, takes_over, setup=setup)
    assert ("return", "world") in [(event.name, event.agent) for event in run.history]


# Wrong use -----------------------------------------------------------------------------------


def declares_twice(bus: Bus) -> None:
    bus.queue("jobs", visibility=5)
    bus.queue("jobs", visibility=6)


def declares_after_use(bus: Bus) -> None:
    bus.seed("jobs", "work")
    bus.queue("jobs", fifo=True)


def makes_a_topic_of_a_queue(bus: Bus) -> None:
    bus.seed("jobs", "work")
    bus.topic("jobs")


def makes_a_queue_of_a_topic(bus: Bus) -> None:
    bus.topic("jobs")
    bus.queue("jobs")


def declares_a_topic_twice(bus: Bus) -> None:
    bus.topic("jobs")
    bus.topic("jobs", fifo=True)


SETUPS: list[tuple[Callable[[Bus], None], str]] = [
    (declares_twice, r"there already, with visibility=5, .* now it was declared with visibility=6"),
    (declares_after_use, r"declare each once, in setup"),
    (makes_a_topic_of_a_queue, r"'jobs' is a queue already"),
    (makes_a_queue_of_a_topic, r"'jobs' is a topic.*await bus.subscribe\('jobs'"),
    (declares_a_topic_twice, r"The topic 'jobs' is there already"),
    (lambda bus: bus.queue("q", visibility=0), r"'q' cannot have visibility=0: .* above 0"),
    (lambda bus: bus.queue("q", max_deliveries=0), r"write max_deliveries=5"),
    (lambda bus: bus.queue("q", dead_letter="d"), r"write max_deliveries=5, dead_letter='q.dead'"),
    (lambda bus: bus.queue("q", max_deliveries=1, dead_letter="q"), r"it names another queue"),
    (lambda bus: bus.queue("q", dedup_window=-1), r"300 if left out"),
    (lambda bus: bus.topic("t", visibility=-1), r"'t' cannot have visibility=-1"),
]


@pytest.mark.parametrize(("declare", "advice"), SETUPS)
def test_a_declaration_that_cannot_be_is_refused_with_advice(declare: Any, advice: str) -> None:
    def setup(sim: pileup.Sim) -> Bus:
        bus = Bus(sim)
        declare(bus)
        return bus

    with pytest.raises(UsageError, match=advice):
        once(works, setup=setup)


def test_the_same_declaration_again_is_no_mistake() -> None:
    def setup(sim: pileup.Sim) -> Bus:
        bus = with_queue(max_deliveries=3)(sim)
        bus.queue("jobs", max_deliveries=3, dead_letter="jobs.dead")
        bus.topic("news", "writers")
        bus.topic("news", "writers")
        bus.queue("news/writers")
        return bus

    once(works, setup=setup)


CALLS: list[tuple[Callable[[Bus], Any], str]] = [
    (lambda bus: bus.claim("news"), r"'news' is a topic, from which nobody claims directly"),
    (lambda bus: bus.subscribe("jobs", "g"), r"no topic 'jobs'; there are news. Declare it"),
    (lambda bus: bus.publish("jobs", 1, key="k"), r"bus.queue\('jobs', fifo=True\)"),
    (lambda bus: bus.claim("jobs", wait=-1), r"waits for 0 seconds or more"),
    (lambda bus: bus.publish("jobs", 1, delay=-1), r"delay=-1"),
]


@pytest.mark.parametrize(("call", "advice"), CALLS)
def test_a_call_that_cannot_be_ends_the_run_with_advice_even_if_swallowed(
    call: Any, advice: str
) -> None:
    async def swallows(bus: Bus) -> None:
        with pytest.raises(UsageError, match=advice):
            await call(bus)

    with pytest.raises(UsageError, match=advice):
        once(swallows, setup=with_topic())


def test_extending_where_there_is_no_time_to_run_out_is_refused() -> None:
    async def extends(bus: Bus) -> None:
        await bus.publish("jobs", "work")
        await some(await bus.claim("jobs")).extend(5)

    with pytest.raises(UsageError, match=r"bus.queue\('jobs', visibility=30.0\)"):
        once(extends, setup=with_queue(visibility=None))
