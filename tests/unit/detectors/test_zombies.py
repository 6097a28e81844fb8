"""Zombie writes: by sub-agents, requests and holders that were given up, where they do harm."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from redis.exceptions import LockError
from support.mutants import mutant

import pileup
from pileup.detectors import detect, hands, told, zombies
from pileup.fakes import World
from pileup.fakes.http import HttpApi, Request, TimedOut

START = "p:r y0, k1<p:start, p:join(r agent[k1])??"
CLAIM = "claim(c q c m[m#{0}]) {{message=m#{0} lease=30.0}}"
ONE, TWO = CLAIM.format(1), CLAIM.format(2)
LEASE = "a:set(c l1) {lease=9.0}, world():expire(c l2), b:set(c l3) {lease=9.0}"

ZOMBIES = {
    "a sub-agent over its parent's write": f"{START}, p:w x1=1, k1:w x2=2",
    "a sub-agent over its successor's": f"{START}, k2<p:w x1=1, k1:w x2=2, p:join(r agent[k2])",
    "a sub-agent's sub-agent": f"{START}, p:w x1=1, s<k1:w x2=2",
    "a sub-agent that had looked before that": f"{START}, k1:r x0, p:w x1=1, k1:w x2=2",
    "a sub-agent that had looked between": (
        f"{START}, p:w x1=1, k1:r x1, p:w x2=3, k1:w x3=2, p:r x3"
    ),
    "a sub-agent of which another has looked": f"{START}, o:r x0, p:w x1=1, o:r x1, k1:w x2=2",
    "a request over its repetition": (
        "a:PUT(w x)??, a:PUT(w x1)=2, world():late PUT(w x2)=1, b:r x2"
    ),
    "a request over the next one": (
        "a:PUT(w x)??, a:PATCH(c x1)=2, world():late PUT(w x2)=1, b:r x2"
    ),
    "a holder over the next one": f"{LEASE}, b:w x1=1, a:w x2=2",
    "a holder after the next one": f"{LEASE}, b:w x1=1, b:delete(w l4), a:w x2=2",
    "a holder whose message ran out by the way": (
        f"a:{ONE}, c:claim(c q c m[m#2] c m[m#1]) {{message=m#2 lease=30.0}}, "
        f"b:{ONE}, b:w x1=1, a:w x2=2"
    ),
    "a holder whose heartbeat alone was told": f"{LEASE}, b:w x1=1, a.1:extend(r l3), a:w x2=2",
    "a holder who was told before it lost it": f"a:look(r l0), {LEASE}, b:w x1=1, a:w x2=2",
    "a holder after two others": (
        f"{LEASE}, b:w x1=1, b:delete(w l4), c:set(c l5) {{lease=9.0}}, a:w x2=2"
    ),
    "a holder who is told afterwards": f"{LEASE}, b:w x1=1, a:w x2=2, a:release(r l3)",
    "a consumer that had settled the message before": (
        f"a:{TWO}, a:ack(c m[m#2]) {{message=m#2}}, a:{ONE}, b:{ONE}, b:w x1=1, a:w x2=2"
    ),
    "a consumer of which the message before ran out": (
        f"a:{TWO}, world():expire(c m[m#2]) {{message=m#2}}, a:{ONE}, b:{ONE}, b:w x1=1, a:w x2=2"
    ),
    "a consumer that was given more time": (
        f"a:{ONE}, a:extend(c m[m#1]) {{message=m#1 lease=9.0}}, b:{ONE}, b:w x1=1, a:w x2=2"
    ),
    "a consumer's task": (
        f"a:{ONE}, a.1:start, b:{ONE}, a:{TWO}, b:w x1=1, a.1:w x2=2, a:ack(c m[m#2])"
    ),
    "told apart by what was asked for": (
        "a:PUT(w x)??, a:PUT(w x1)=200 {intent=p}, world():late PUT(w x2)=200 {intent=q}, b:r x2"
    ),
}

RIGHT = {
    "nobody wrote it again": f"{START}, k1:w x1=2, p:r x1",
    "it wrote before it was given up": "p:r y0, k1<p:w x1=2, p:w x2=1, p:join(r agent[k1])??",
    "the same was written": f"{START}, p:w x1=2, k1:w x2=2",
    "it has looked at what was written instead": (f"{START}, p:r x0, p:w x1=1, k1:r x1, k1:w x2=2"),
    "its parent waited again": f"{START}, p:w x1=1, k1:w x2=2, p:join(r agent[k1])",
    "somebody else wrote": f"{START}, o:w x1=1, k1:w x2=2",
    "it was written before anybody was given up": (
        "p:w x1=1, k1<p:start, p:join(r agent[k1])??, k1:w x2=2"
    ),
    "the next holder wrote before its time": (
        "a:set(c l1) {lease=9.0}, b:w x1=1, world():expire(c l2), b:set(c l3) {lease=9.0}, a:w x2=2"
    ),
    "somebody without the lease wrote": f"{LEASE}, c:w x1=1, a:w x2=2",
    "it compared first": f"{START}, p:w x1=1, k1:c x2=2",
    "it only added": f"{START}, p:u x1, k1:u x2",
    "the parent wrote last": f"{START}, k1:w x1=2, p:w x2=1",
    "a request that came before": "a:PUT(w x)??, world():late PUT(w x1)=1, a:PUT(w x2)=2, b:r x2",
    "the same request": "a:PUT(w x)??, a:PUT(w x1)=1, world():late PUT(w x2)=1, b:r x2",
    "a request that was refused": "a:PUT(w x)??, a:PUT(w x1)=2, world():late PUT(r x1)=1, b:r x1",
    "another's write": "a:PUT(w x)??, b:PUT(w x1)=2, world():late PUT(w x2)=1, b:r x2",
    "the holder wrote first": f"{LEASE}, a:w x1=1, b:w x2=2",
    "the holder wrote the same": f"{LEASE}, b:w x1=1, a:w x2=1",
    "the next holder only read": f"{LEASE}, b:r x0, a:w x1=1, b:r x1",
    "after the next holder's time": f"{LEASE}, b:delete(w l4), b:w x1=1, a:w x2=2",
    "it was told that the lease was lost": f"{LEASE}, b:w x1=1, a:release(r l3), a:w x2=2",
    "it could not give it more time": f"{LEASE}, b:w x1=1, a:extend(r l3)!, a:w x2=2",
    "its acknowledgement was refused": (
        f"a:{ONE}, b:{ONE}, b:w x1=1, a:ack(r m[m#1]) {{message=m#1}}, a:w x2=2"
    ),
    "it works on the next message": f"a:{ONE}, b:{ONE}, b:w x1=1, a:{TWO}, a:w x2=2",
    "it works on two messages, and lost the first": (
        f"a:{ONE}, a:{TWO}, b:{ONE}, b:w x1=1, a:w x2=2"
    ),
    "it works on two messages, and lost the second": (
        f"a:{TWO}, a:{ONE}, b:{ONE}, b:w x1=1, a:w x2=2"
    ),
    "another of its tasks had the message": (
        f"a:r y0, a.1:{ONE}, a.2:{TWO}, b:{ONE}, b:w x1=1, a.2:w x2=2"
    ),
    "it has worked on the next message": (
        f"a:{ONE}, b:{ONE}, b:w x1=1, a:{TWO}, a:ack(c m[m#2]) {{message=m#2}}, a:w x2=2"
    ),
    "it works on two messages, of which one had run out before": (
        f"c:{TWO}, world():expire(c m[m#2]) {{message=m#2}}, a:{TWO}, a:{ONE}, b:{ONE}, "
        "b:w x1=1, a:w x2=2"
    ),
    "it works on two messages, and has more time for one": (
        f"a:{TWO}, a.1:extend(c m[m#2]) {{message=m#2 lease=9.0}}, a:{ONE}, b:{ONE}, "
        "b:w x1=1, a:w x2=2"
    ),
    "a task of its had the message, and it had none": (
        f"a:r y0, a.1:{ONE}, b:{ONE}, b:w x1=1, a:w x2=2"
    ),
    "it took the lease anew": (
        f"{LEASE}, b:w x1=1, b:delete(w l4), a:set(c l5) {{lease=9.0}}, a:w x2=2"
    ),
    "a task of its took the lease anew": (
        f"{LEASE}, b:w x1=1, b:delete(w l4), a.1:set(c l5) {{lease=9.0}}, a:w x2=2"
    ),
    "its task was started for the next message": (
        f"a:{ONE}, b:{ONE}, a:{TWO}, a.1:start, b:w x1=1, a.1:w x2=2"
    ),
    "it had given it back": (
        "a:set(c l1) {lease=9.0}, a:delete(w l2), b:set(c l3) {lease=9.0}, b:w x1=1, a:w x2=2"
    ),
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", ZOMBIES.values(), ids=ZOMBIES)
def test_what_comes_late_and_erases_is_named(text: str) -> None:
    assert kinds(text) == ["zombie_write"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_does_no_harm_is_not(text: str) -> None:
    assert kinds(text) == []


def test_it_says_who_was_given_up_and_what_is_gone() -> None:
    (finding,) = detect(told(ZOMBIES["a sub-agent over its parent's write"]))
    assert finding.title == "k1 wrote over x after it was given up"
    assert finding.explanation == (
        "p stopped waiting for k1 (event 2).\n"
        "Then p wrote x (event 3).\n"
        "k1 wrote it all the same, and came over that (event 4).\n"
        "What p had written is gone."
    )
    assert finding.receipt == {"given_up": "k1", "by": "p", "writer": "p"}


def test_it_says_so_of_requests_too() -> None:
    (finding,) = detect(told(ZOMBIES["a request over its repetition"]))
    assert finding.title == "a request that a had given up came over x after that"
    assert finding.explanation == (
        "a gave up on a request of its own, 'PUT' (event 0).\n"
        "Then a wrote x (event 1).\n"
        "That request took effect all the same, and came over that (event 2).\n"
        "What a had written is gone."
    )


MUTATIONS = [
    ("takeover.lost < grip.number < number", "takeover.lost < grip.number"),
    ("takeover.lost < grip.number < number", "grip.number < number"),
    ("grip.strand == strand or (grip.takes and grip.strand // TASKS == agent)", "grip.takes"),
    ("(grip.takes and grip.strand // TASKS == agent)", "False"),
    ("(grip.takes and grip.strand // TASKS == agent)", "grip.takes"),
    ("(grip.takes and grip.strand // TASKS == agent)", "grip.strand // TASKS == agent"),
    ("not self._case.leases[item] or self._is_all(item, strand, number)", "True"),
    ("not self._case.leases[item] or", ""),
    ("if not desk or desk[-1][1] is not message:", "if not desk:"),
    ("if not desk or desk[-1][1] is not message:", "if desk and desk[-1][1] is not message:"),
    ("all(self._is_gone(other, taken) for taken, other in desk)", "True"),
    ("grip.number > taken and not", "not"),
    ("and not (grip.takes and grip.strand // TASKS == whose)", ""),
    ("and not (grip.takes and grip.strand // TASKS == whose)", "and not grip.takes"),
    ("if at or above is None:", "if True:"),
    ("return desk[:at]", "return desk"),
    ("self._case.rows[self._case.spans[strand].first][6]", "number"),
]


@pytest.mark.parametrize(("old", "new"), MUTATIONS)
def test_each_condition_of_what_is_in_hand_is_needed(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judged() -> list[list[str]]:
        return [kinds(text) for text in (*ZOMBIES.values(), *RIGHT.values())]

    as_it_is = judged()
    monkeypatch.setattr(zombies, "Hands", mutant(hands, old, new).Hands)
    assert judged() != as_it_is


# Programs ----------------------------------------------------------------------------------------


async def answers(world: World) -> None:
    await pileup.sleep(5)
    await world.memory.set("answer", "slow")


async def answers_if_wanted(world: World) -> None:
    await pileup.sleep(5)
    await world.memory.swap("answer", None, "slow")


def supervisor(child: Any) -> Any:
    async def supervises(world: World, me: pileup.Agent) -> None:
        task = me.spawn(child)
        try:
            async with pileup.timeout(3):
                await task
        except TimeoutError:
            await world.memory.set("answer", "quick")

    return supervises


def test_a_sub_agent_that_was_given_up_is_found() -> None:
    found = pileup.explore(supervisor(answers), agents=1, runs=30)
    assert [each.kind for each in found.findings] == ["zombie_write"]


def test_and_its_fixed_twin_is_clean() -> None:
    pileup.explore(supervisor(answers_if_wanted), agents=1, runs=30).assert_clean()


def shelf(sim: pileup.Sim) -> HttpApi:
    api = HttpApi(sim, "https://api.example.com")
    api.route("PUT", "/price", put)
    api.route("GET", "/price", lambda _, state: (200, state["price"]))
    return api


def put(request: Request, state: Any) -> Any:
    state["price"] = request.json()
    return 200, {}


async def puts_again_as_it_is_now(api: HttpApi) -> None:
    for price in (1, 2):
        try:
            await api.put("/price", json=price, timeout=5)
            break
        except TimedOut:
            continue


async def puts_the_same_again(api: HttpApi) -> None:
    for _ in range(2):
        try:
            await api.put("/price", json=1, timeout=5)
            break
        except TimedOut:
            continue


def puts_again_in_sync_code(api: HttpApi) -> None:
    for price in (1, 2):
        try:
            api.sync.put("/price", json=price, timeout=5)
            break
        except TimedOut:
            continue


def explored(*agents: Any, setup: Any) -> set[str]:
    found = pileup.explore(list(agents), setup=setup, runs=300)
    return {each.kind for each in found.findings}


@pytest.mark.parametrize("agent", [puts_again_as_it_is_now, puts_again_in_sync_code])
def test_a_request_that_comes_late_is_found(agent: Any) -> None:
    assert explored(agent, waits, setup=shelf) == {"zombie_write"}


def test_but_not_if_it_asks_for_the_same() -> None:
    assert explored(puts_the_same_again, waits, setup=shelf) == set()


async def waits(_: HttpApi) -> None:
    await pileup.sleep(60)


def queue(sim: pileup.Sim) -> World:
    world = World(sim)
    world.bus.queue("jobs", visibility=5.0)
    world.bus.seed("jobs", "a")
    return world


async def works_for_long(world: World, me: pileup.Agent) -> None:
    message = await world.bus.claim("jobs", wait=20.0)
    if message is None:
        return
    await pileup.sleep(4 if me.index else 8)
    await world.memory.set("result", me.name)
    await message.ack()


async def works_out_the_same(world: World, me: pileup.Agent) -> None:
    message = await world.bus.claim("jobs", wait=20.0)
    if message is None:
        return
    await pileup.sleep(4 if me.index else 8)
    await world.memory.set("result", 7)
    await message.ack()


def test_a_consumer_whose_time_has_run_out_is_found() -> None:
    found = pileup.explore(works_for_long, setup=queue, agents=2, runs=200)
    assert [each.kind for each in found.findings] == ["zombie_write"]
    assert "took the lease bus[jobs#1] from works_for_long-0" in found.findings[0].explanation


async def works_on_all(world: World) -> None:
    while message := await world.bus.claim("jobs", wait=20.0):
        await world.memory.set("last", message.body)
        await message.ack()


def two_jobs(sim: pileup.Sim) -> World:
    world = queue(sim)
    world.bus.seed("jobs", "b")
    return world


def test_a_consumer_that_has_gone_on_to_the_next_message_is_none() -> None:
    found = pileup.explore(works_on_all, setup=two_jobs, agents=2, runs=300)
    assert [each.kind for each in found.findings] == []


def test_what_comes_to_the_same_does_no_harm() -> None:
    found = pileup.explore(works_out_the_same, setup=queue, agents=2, runs=200)
    assert [each.kind for each in found.findings] == []


async def writes_under_a_lease(world: World, me: pileup.Agent) -> None:
    lock = world.cache.lock("report-lock", timeout=10)
    await lock.acquire()
    await world.memory.get("numbers")
    await world.cache.set("report", me.name)
    with suppress(LockError):
        await lock.release()


def test_the_holder_of_a_redis_lock_that_has_run_out_is_found() -> None:
    found = pileup.explore(writes_under_a_lease, agents=2, runs=300)
    assert [each.kind for each in found.findings] == ["zombie_write"]
    assert "took the lease cache[report-lock] from" in found.findings[0].explanation
