"""What an operation of each part of the world costs, and what a crowd in one world keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

import httpx
import httpx2
import redis
import sockets
from searches import ROOMY
from timing import Case, Cost, costs

import pileup
from pileup.detectors import detect
from pileup.fakes import World
from pileup.strategies import Dull

TIMES = 2_000

BESIDE_THE_POINT = {"endless_loop", "duplicate_effect"}
"""What is found in an agent that does one thing over and over so that it can be timed."""

Deed = Callable[[World], Awaitable[object]]
SyncDeed = Callable[[World], object]


async def _works_a_job(world: World) -> None:
    await world.bus.publish("jobs", 7)
    message = await world.bus.claim("jobs")
    assert message is not None
    await message.ack()


async def _transacts(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.get("rows", 1)
        await tx.update("rows", 1, n=2)


DEEDS: dict[str, tuple[Deed, int]] = {
    "memory get": (lambda world: world.memory.get("n"), 1),
    "memory set": (lambda world: world.memory.set("n", 1), 1),
    "files read_text": (lambda world: world.files.read_text("f"), 1),
    "files write_text (truncates, writes)": (lambda world: world.files.write_text("f", "x"), 2),
    "files append (opens, writes)": (lambda world: world.files.append("f", "x"), 2),
    "database get": (lambda world: world.database.get("rows", 1), 1),
    "database update": (lambda world: world.database.update("rows", 1, n=2), 1),
    "database transaction (get, update, commit)": (_transacts, 3),
    "http get": (lambda world: world.http.get("/n"), 2),
    "http post": (lambda world: world.http.post("/n", json={"n": 1}), 2),
    "bus (publish, claim, ack)": (_works_a_job, 3),
    "model complete": (lambda world: world.model.complete("capital of France"), 2),
    "cache get": (lambda world: world.cache.get("n"), 1),
    "cache set": (lambda world: world.cache.set("n", 1), 1),
    "cache incr": (lambda world: world.cache.incr("n"), 1),
}
"""What is done, and in how many operations."""

_REDIS = redis.Redis()
_HTTPX = httpx.Client()
_HTTPX2 = httpx2.Client()

CLIENTS: dict[str, SyncDeed] = {
    "redis.Redis().get": lambda _: _REDIS.get("n"),
    "httpx.Client().get": lambda _: _HTTPX.get("http://api.example.com/n"),
    "httpx2.Client().get": lambda _: _HTTPX2.get("http://api.example.com/n"),
}


def furnished(sim: pileup.Sim) -> World:
    """Make a world in which each deed has something to do."""
    world = World(sim)
    world.memory.seed(n=1)
    world.files.seed("f", "x")
    world.database.table("rows", key="id", rows=[{"id": 1, "n": 1}])
    world.http.route("GET", "/n")(lambda *_: {"n": 1})
    world.http.route("POST", "/n")(lambda *_: 201)
    world.bus.queue("jobs")
    world.model.answer("capital of France", "Paris")
    world.cache.sync.set("n", 1)
    return world


def deed(name: str) -> Case:
    """Do one thing again and again in one agent, and count its operations."""
    act, operations = DEEDS[name]
    return _case(_repeating(act), TIMES * operations)


def by_client(name: str) -> Case:
    """Do one thing again and again through a real client, and count how often."""
    act = CLIENTS[name]

    def agent(world: World) -> None:
        for _ in range(TIMES):
            act(world)

    return _case(agent, TIMES)


def judging(name: str) -> Case:
    """Judge what a deed has left, which is a part of what it costs above."""
    act, operations = DEEDS[name]
    history = _run(_repeating(act)).history
    return Case(partial(detect, history), TIMES * operations)


def _case(agent: Callable[[World], Any], count: int) -> Case:
    return Case(partial(_run, agent), count)


def _repeating(act: Deed) -> Callable[[World], Awaitable[None]]:
    async def agent(world: World) -> None:
        for _ in range(TIMES):
            await act(world)

    return agent


def _run(agent: Callable[[World], Any]) -> pileup.Run:
    scenario = pileup.Scenario(agent, setup=furnished, agents=1, backend="native", budgets=ROOMY)
    run = scenario.explorer().once(Dull())
    assert {each.kind for each in run.findings} <= BESIDE_THE_POINT, run.findings[0].title
    return run


def without_transport(package: Any) -> Case:
    """Let a client of httpx's do its own part alone: its transport answers at once."""

    def answer(_: object) -> Any:  # Any: a response of one package or the other
        headers = [(b"content-type", b"application/json"), (b"content-length", b"7")]
        return package.Response(200, headers=headers, stream=package.ByteStream(b'{"n":1}'))

    client = package.Client(transport=package.MockTransport(answer))
    url = "http://api.example.com/n"
    return Case(lambda: [client.get(url) for _ in range(TIMES)], TIMES)


def over_a_socket(package: Any, rounds: int) -> float:
    """How many microseconds of its own a client takes for a request to a real server."""
    with sockets.server() as url, package.Client() as client:
        return sockets.own_seconds(lambda: client.get(f"{url}/n"), TIMES // 4, rounds) * 1e6


def judged(rounds: int) -> dict[str, Cost]:
    """Time what it costs to judge an operation of each deed."""
    return costs({name: judging(name) for name in DEEDS}, rounds)


def all_costs(rounds: int) -> dict[str, Cost]:
    """Time every deed, every client and what the clients cost by themselves."""
    cases = {name: deed(name) for name in DEEDS} | {name: by_client(name) for name in CLIENTS}
    alone = {
        f"{package.__name__} by itself": without_transport(package) for package in (httpx, httpx2)
    }
    found = costs(cases | alone | {"nothing": _case(_does_nothing, 1)}, rounds)
    idle = found.pop("nothing")
    return {
        name: cost if name in alone else _without(cost, idle, cases[name].times)
        for name, cost in found.items()
    }


async def _does_nothing(_: World) -> None:
    pass


def _without(cost: Cost, idle: Cost, times: int) -> Cost:
    """Take away what making a world and a run costs, which all operations of a run share."""
    return Cost(cost.best - idle.best / times, cost.median - idle.median / times)


# What a crowd keeps ----------------------------------------------------------------------------

CROWD = """
import json, sys
import pileup
sys.path.insert(0, sys.argv[2])
from parts import furnished
from searches import ROOMY
from pileup.strategies import make

async def agent(world, me):
    for _ in range(5):  # twenty operations each time
        n = await world.memory.get("n")
        await world.memory.set("n", n + 1)
        await world.files.read_text("f")
        await world.files.write_text(me.name, "x" * 100)
        await world.database.get("rows", 1)
        await world.database.update("rows", 1, n=n)
        async with world.database.transaction() as tx:
            await tx.select("rows")
        await world.cache.get("n")
        await world.cache.incr("n")
        await world.http.get("/n")
        await world.http.post("/n", json={"n": n})
        await world.model.complete(f"{me.name}: capital of France")
        await world.bus.publish("jobs", n)
        message = await world.bus.claim("jobs")
        if message:
            await message.ack()

def resident():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmHWM"].split()[0]) / 1024

def run(agents):
    scenario = pileup.Scenario(
        agent, setup=furnished, agents=agents, backend="native", budgets=ROOMY
    )
    return scenario.explorer().once(make("random", 0))

run(2)
before = resident()
found = run(int(sys.argv[1]))
assert not [each for each in found.findings if each.kind == "agent_failed"], str(found)
print(json.dumps({"events": len(found.history), "megabytes": resident() - before}))
"""


class Crowd(NamedTuple):
    """How many events a crowd made, and how much the process grew."""

    events: int
    megabytes: float


def crowd(agents: int, folder: str) -> Crowd:
    """Let so many agents do about a hundred operations each, over all parts of one world."""
    command = [sys.executable, "-c", CROWD, str(agents), folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Crowd(**json.loads(done.stdout))
