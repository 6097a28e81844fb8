"""What is done once in a process makes no program another one; what goes on being another one does.

`Kept` stands for whatever outlives a run; a fresh one is a process that has just begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import pileup
from pileup.errors import NotDeterministic
from pileup.fakes import World

NAMES = ("auto", "surw", "random", "pos", "pct:3", "delay:2", "systematic", "round_robin")

Agent = Callable[[World], Any]


@dataclass
class Kept:
    done: int = 0
    log: list[str] = field(default_factory=list)


def looks_in_a_thread(kept: Kept) -> Agent:
    """As the SDKs look at their platform at the first call."""

    async def adds(world: World) -> None:
        if not kept.done:
            kept.done = await asyncio.to_thread(lambda: 1)
        total = await world.memory.get("n") or 0
        await world.memory.set("n", total + 1)

    return adds


def connects(kept: Kept) -> Agent:
    async def adds(world: World) -> None:
        if not kept.done:
            kept.done = 1
            await world.memory.add("connections", 1)
        total = await world.memory.get("n") or 0
        await world.memory.set("n", total + 1)

    return adds


def told(found: pileup.Exploration) -> tuple[object, ...]:
    seen = [(each.fingerprint, each.replay, each.explanation) for each in found.findings]
    return seen, found.runs, found.stats, found.spread, found.claim


def once(found: pileup.Exploration) -> list[str]:
    return [each for each in found.warnings if "done once" in each]


@pytest.mark.parametrize("strategy", NAMES)
@pytest.mark.parametrize("making", [looks_in_a_thread, connects])
def test_a_process_that_has_just_begun_finds_the_same(
    making: Callable[[Kept], Agent], strategy: str
) -> None:
    agent = making(Kept())
    cold = pileup.explore(agent, agents=3, runs=30, strategy=strategy)
    warm = pileup.explore(agent, agents=3, runs=30, strategy=strategy)
    assert told(cold) == told(warm)
    assert len(once(cold)) == 1
    assert not once(warm)


def test_the_event_loop_that_only_the_first_run_needs_is_not_kept() -> None:
    assert pileup.explore(looks_in_a_thread(Kept()), runs=3).stats.backend == "native"


def test_what_touches_nothing_shared_is_told_as_harmless() -> None:
    (said,) = once(pileup.explore(looks_in_a_thread(Kept()), runs=3))
    assert "adds-0 started one task more in the first run" in said
    assert "no order is missed" in said


def test_what_touches_something_shared_is_told_as_a_loss_with_what_differs_and_where() -> None:
    (said,) = once(pileup.explore(connects(Kept()), runs=3))
    assert "'adds-0: add memory[connections]' (test_rehearsal.py:" in said
    assert "then 'adds-0: read memory[n]' (test_rehearsal.py:" in said
    assert "was not looked for" in said


@pytest.mark.parametrize("saved", [True, False])
def test_several_workers_find_the_same(saved: bool, tmp_path: Path) -> None:
    folder = tmp_path / "saved" if saved else None
    alone = pileup.explore(connects(Kept()), runs=40, shrink=False)
    both = pileup.explore(connects(Kept()), runs=40, shrink=False, workers=2, saved=folder)
    assert told(both) == told(alone)
    assert len(once(both)) == 1


def test_a_saved_failure_is_tried_on_a_process_that_has_begun(tmp_path: Path) -> None:
    pileup.explore(connects(Kept(done=1)), runs=30, saved=tmp_path)
    again = pileup.explore(connects(Kept()), runs=1, saved=tmp_path)
    assert [each.partition(":")[0] for each in again.saved] == ["STILL FAILING"]
    assert "the same choices still show it" in again.saved[0]


def test_a_token_is_replayed_faithfully_by_a_process_that_has_just_begun() -> None:
    (finding,) = pileup.explore(connects(Kept(done=1)), runs=30).findings
    run = pileup.replay(finding.replay, connects(Kept()))
    assert run.faithful
    assert [each.kind for each in run.findings] == ["lost_write"]


def test_what_is_done_once_where_the_race_is_found_is_done_before_it_is_proved() -> None:
    kept = Kept()

    async def adds(world: World, me: pileup.Agent) -> None:
        total = await world.memory.get("n") or 0
        await world.memory.set("n", total + 1)
        if await world.memory.get("n") != me.index + 1 and not kept.done:
            kept.done = 1
            await world.memory.add("connections", 1)

    cold = pileup.explore(adds, runs=30)
    warm = pileup.explore(adds, runs=30)
    assert [each.replay for each in cold.findings] == [each.replay for each in warm.findings]
    assert len(once(cold)) == 1


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("period", [2, 3, 4, 5, 9, 1000])
@pytest.mark.parametrize("strategy", ["auto", "random", "systematic"])
def test_a_program_that_goes_on_being_another_one_is_refused(period: int, strategy: str) -> None:
    kept = Kept()

    async def adds(world: World) -> None:
        kept.done += 1
        await world.memory.set("n", kept.done // 2 % period)

    with pytest.raises(NotDeterministic, match="led to two different runs"):
        pileup.explore(adds, strategy=strategy)


def test_what_goes_wrong_in_the_first_run_alone_is_refused() -> None:
    kept = Kept()

    async def fails() -> None:
        kept.done += 1
        if kept.done == 1:
            raise ValueError("the first use")

    with pytest.raises(NotDeterministic, match=r"first fails-0 raised ValueError.*then none"):
        pileup.explore(fails)


def test_a_difference_in_the_tasks_is_told_in_words() -> None:
    kept = Kept()

    async def adds(world: World) -> None:
        kept.done += 1
        if kept.done % 4 < 2:
            await asyncio.to_thread(len, "")
        await world.memory.set("n", 1)

    with pytest.raises(NotDeterministic) as caught:
        pileup.explore(adds, backend="asyncio")
    assert "event -1" not in str(caught.value)
    assert "started one task" in str(caught.value)
    assert "pileup_history" not in str(caught.value)


# The clients of the SDKs, as a module has them ---------------------------------------------------


def asks_openai() -> Callable[[World], Any]:
    openai = pytest.importorskip("openai")
    client = openai.AsyncOpenAI(api_key="x")

    async def asks(world: World) -> None:
        _ = world.model
        await client.responses.create(model="gpt-4o-mini", input="x")

    return asks


def asks_anthropic() -> Callable[[World], Any]:
    anthropic = pytest.importorskip("anthropic")
    client = anthropic.AsyncAnthropic(api_key="x")

    async def asks(world: World) -> None:
        _ = world.model
        said: Any = [{"role": "user", "content": "x"}]
        await client.messages.create(model="claude-sonnet-4", max_tokens=9, messages=said)

    return asks


@pytest.mark.parametrize("making", [asks_openai, asks_anthropic])
def test_a_client_at_module_level_is_explored_at_the_first_attempt(
    making: Callable[[], Callable[[World], Any]],
) -> None:
    agent = making()
    cold, warm = pileup.explore(agent, runs=10), pileup.explore(agent, runs=10)
    assert cold.clean
    assert told(cold) == told(warm)
