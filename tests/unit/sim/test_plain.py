"""The fast path does what the plain way does, step for step, whatever happens in a run."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import corpus.table  # noqa: F401 - it loads the programs
import pytest
import trio
from corpus.labels import BUGS, DECOYS
from support.mutants import mutant

import pileup
from pileup.fakes import World
from pileup.search.runs import runner
from pileup.search.runs.garbage import resting_collector
from pileup.sim import plain
from pileup.sim.kernel import Sim
from pileup.sim.world import controlled
from pileup.strategies import make

HOW = (("random", 0), ("random", 1), ("pos", 2), ("round_robin", 3))


async def counts(world: World) -> None:
    for _ in range(4):
        seen = await world.memory.get("total")
        await world.memory.set("total", (seen or 0) + 1)


async def polls(world: World) -> None:
    """Turn by turn until the other is done as well."""
    await world.memory.add("done", 1)
    while await world.memory.get("done") < 2:
        await pileup.checkpoint()


async def takes_its_time(world: World) -> None:
    async with world.memory.lock():
        await pileup.sleep(1)
        await counts(world)


async def gives_up(world: World) -> None:
    """Wait for a lock, but not for ever."""
    try:
        async with pileup.timeout(1), world.memory.lock():
            await counts(world)
            await pileup.sleep(2)
    except TimeoutError:
        await counts(world)


async def sends(world: World) -> None:
    with pileup.step("send"):
        await world.files.write_text("jobs", "one")
    await counts(world)


async def waits_for_asyncio(world: World) -> None:
    for _ in range(3):
        await counts(world)
        await asyncio.sleep(1)


async def waits_for_trio(world: World) -> None:
    for _ in range(3):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(counts, world)
            nursery.start_soon(counts, world)
        await trio.sleep(1)


async def fails(world: World) -> None:
    with pytest.raises(FileNotFoundError):
        await world.files.read_text("nothing")
    await counts(world)
    raise ValueError("on purpose")


class Seen(NamedTuple):
    """All that can be seen of a run."""

    tape: pileup.Tape
    history: list[str]
    steps: int
    seconds: float
    findings: list[str]


def played(scenario: pileup.Scenario, how: type[Sim]) -> list[Seen]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "PlainSim", how)
        explorer = scenario.explorer()
        with resting_collector(), controlled(scenario.budgets):
            try:
                explorer.run(make("random", 0), 0)  # because clients do something once for all
                runs = [explorer.run(make(name, seed), 0) for name, seed in HOW]
            finally:
                explorer.runtime.close()
    return [
        Seen(run.tape, run.history.lines(), run.steps, run.seconds, [str(f) for f in run.findings])
        for run in runs
    ]


def budgets(**limits: float) -> pileup.Budgets:
    return pileup.Budgets(**limits)  # type: ignore[arg-type] # whole numbers, all of them


ODD = {
    "one alone": pileup.Scenario(counts, agents=1),
    "many": pileup.Scenario(counts, agents=12),
    "of little patience": pileup.Scenario(counts, budgets=budgets(patience=2)),
    "out of steps": pileup.Scenario(counts, agents=4, budgets=budgets(steps=17)),
    "out of events": pileup.Scenario(counts, agents=4, budgets=budgets(events=17)),
    "polling": pileup.Scenario(polls, budgets=budgets(patience=3)),
    "polling for ever": pileup.Scenario(polls, agents=1, budgets=budgets(steps=100)),
    "with locks": pileup.Scenario(takes_its_time, agents=6),
    "giving up": pileup.Scenario(gives_up, agents=4),
    "sending": pileup.Scenario(sends),
    "failing": pileup.Scenario(fails, agents=3),
    "in bad weather": pileup.Scenario(fails, agents=4, faults="3am"),
    "timed": pileup.Scenario(takes_its_time, agents=3, timed=True),
    "under trio": pileup.Scenario(counts, agents=4, backend="trio"),
    "under asyncio": pileup.Scenario(takes_its_time, agents=4, backend="asyncio"),
    "waiting for asyncio": pileup.Scenario(waits_for_asyncio, agents=4),
    "waiting for trio": pileup.Scenario(waits_for_trio, agents=4),
}
CORPUS = {name: each.scenario for name, each in (BUGS | DECOYS).items()}


@pytest.mark.parametrize("name", sorted(ODD | CORPUS))
def test_it_does_what_the_plain_way_does(name: str) -> None:
    scenario = (ODD | CORPUS)[name]
    assert played(scenario, plain.PlainSim) == played(scenario, Sim)


def test_setup_may_hang_things_on_a_run_whichever_way_it_goes() -> None:
    def start(sim: Any) -> World:
        sim.mine = World(sim)
        world: World = sim.mine
        return world

    assert pileup.explore(counts, setup=start, agents=1, runs=5).clean


# Without `last.op is None` as well; but that brings trio's loop down, in pieces.
MUTANTS = {
    "line.streak > line.patience": "line.streak >= line.patience",
    "at -= count": "at = 0",
    "if count > 1:": "if True:",
    "self._schedule.append(index)": "...",
    "self.steps += 1": "...",
    "self.steps >= self._most_steps": "self.steps > self._most_steps",
    "or self.timers.pending": "",
    "or self._withdrawn": "",
    "line.mark = strand.rank": "...",
    "            line.streak += 1": "            ...",
    "            line.streak = 0\n            line.last": "            line.last",
    "line.last = strand": "...",
    "strand.op = strand.error = None": "strand.op = None",
    "self._unwatch(strand, op)": "...",
    "strand.value = value = apply()": "value = apply()",
    "op.detail = brief(value)": "...",
    "if access is not READ:": "if False:",
    "self._tell(item)": "...",
    "elif op is not RESUME:": "else:",
    "strand.invoked,": "0,",
    "self.now,": "0.0,",
    "op.note,": "None,",
    "op.fault,": "None,",
    "strand.step,": "None,",
    "strand.branch,": "0,",
    'self.end(Overrun("events"': '(Overrun("events"',
    "        line.drop(strand, last)\n": "",
}


@pytest.mark.parametrize("old", sorted(MUTANTS))
def test_a_step_left_out_is_noticed(old: str) -> None:
    broken = mutant(plain, old, MUTANTS[old]).PlainSim
    assert any(_differs(scenario, broken) for scenario in ODD.values())


def _differs(scenario: pileup.Scenario, broken: type[Sim]) -> bool:
    try:
        return played(scenario, broken) != played(scenario, Sim)
    except BaseException:  # noqa: BLE001 - however it shows; who gives up raises no Exception
        return True
