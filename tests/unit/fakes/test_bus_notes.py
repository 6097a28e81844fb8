"""What detectors are told of messages: which one, for how long, and what was published."""

from __future__ import annotations

from typing import Any

import pileup
from pileup.fakes.bus import Bus
from pileup.history import Event
from pileup.strategies import Dull


def events(*agents: Any, setup: Any = Bus) -> list[Event]:
    run = pileup.Scenario(list(agents), setup=setup).explorer().once(Dull())
    return [event for event in run.history if event.items and event.name != "end"]


def pages(*agents: Any, setup: Any = Bus) -> list[tuple[str, dict[str, object]]]:
    found = events(*agents, setup=setup)
    return [(event.name, event.note.page() if event.note else {}) for event in found]


async def publishes(bus: Bus) -> None:
    await bus.publish("jobs", {"order": 7}, dedup="seven")
    await bus.publish("jobs", {"order": 7}, dedup="seven")
    await bus.publish("jobs", "a")


async def settles(bus: Bus) -> None:
    first = await bus.claim("jobs")
    assert first is not None
    await first.extend(9.0)
    await first.nack()
    again = await bus.claim("jobs")
    assert again is not None
    await again.ack()
    assert await bus.claim("jobs") is None


def one_job(sim: pileup.Sim) -> Bus:
    bus = Bus(sim)
    bus.seed("jobs", "a")
    return bus


def kept_until_its_end(sim: pileup.Sim) -> Bus:
    bus = Bus(sim)
    bus.queue("jobs", visibility=None)
    bus.seed("jobs", "a")
    return bus


def test_what_is_published_is_an_effect_unless_it_is_known() -> None:
    intent = "jobs {'order': 7}"
    said = {"intent": intent, "key": "seven", "message": "jobs#1"}
    assert [page for _, page in pages(publishes)] == [
        {"effect": True, **said},
        {"effect": False, **said},
        {"effect": True, "intent": "jobs a", "message": "jobs#2"},
    ]


def test_a_claim_says_which_message_and_for_how_long() -> None:
    same = {"message": "jobs#1"}
    assert pages(settles, setup=one_job) == [
        ("claim", {"lease": 30.0, **same}),
        ("extend", {"lease": 9.0, **same}),
        ("nack", same),
        ("claim", {"lease": 30.0, **same}),
        ("ack", same),
        ("claim", {}),
    ]


def test_one_that_stays_with_its_consumer_has_no_lease() -> None:
    async def claims(bus: Bus) -> None:
        await bus.claim("jobs")

    async def waits(bus: Bus) -> None:
        await bus.claim("jobs", wait=None)

    found = pages(claims, waits, setup=kept_until_its_end)
    assert [page for _, page in found] == [{"message": "jobs#1"}] * 3


def test_what_comes_back_by_itself_says_which_it_is() -> None:
    async def claims(bus: Bus) -> None:
        await bus.claim("jobs")

    async def waits(bus: Bus) -> None:
        await pileup.sleep(1)
        await bus.claim("jobs", wait=40.0)

    found = pages(claims, waits, setup=one_job)
    assert [page["message"] for _, page in found] == ["jobs#1"] * 3
    assert [name for name, _ in found] == ["claim", "expire", "claim"]


def test_nothing_on_the_bus_is_a_blind_write() -> None:
    found = [*events(publishes), *events(settles, setup=one_job)]
    assert not [event for event in found if "write" in {seen.access for seen in event.items}]


def test_the_marks_in_a_message_are_noted() -> None:
    async def tells(bus: Bus, me: pileup.Agent) -> None:
        await bus.publish("jobs", {"secret": me.secret})
        await bus.claim("jobs")

    told, heard = (event.note for event in events(tells))
    assert told is not None
    assert heard is not None
    assert len(told.sent) == 1
    assert heard.got == told.sent
