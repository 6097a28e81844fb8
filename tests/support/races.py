"""Public race programs as agents over `world.memory`, and how soon a strategy finds their bugs.

They are the programs of SCTBench on which search strategies are compared in
print, written anew: as many agents, in the same order, with the same locks,
each access to a shared variable an operation, the same assertion. A run is a
hit only if that assertion fails (or all wait for ever, where that is the bug).
A race that a detector reports is no hit, because it need not be the bug.

How agents come to run decides how hard a program is for a random walk, so there
is one rule for all programs (see `SPAWNING` for what it changes). A main agent
spawns the others one after another, does its own part if the C program's `main`
has one, and then joins them; each spawn is `SPAWNING` operations of main's that
touch nothing, and the spawned agent's start is one more, of its own.

Differences from the originals
------------------------------
* To release a lock is no event of its own here, so it is not where one agent
  overtakes another; `pthread_mutex_unlock` is.
* The `main` of account and token_ring returns without joining, which in C ends
  the process and all threads in it. Here the agents go on.
* What the original `main` does in its loops (counting, storing handles) is not
  ported but for `SPAWNING`, the same for programs without a loop. That is probably
  why a random walk is less lost here in reorder, twostage and wronglock than in print.
* How reorder_50, twostage_20 and twostage_50 divide their agents is not in SCTBench,
  which lacks them; reorder_20 has ten of either sort there, twostage_100 one reader.

That the ports are as hard as the originals can be reckoned for reorder. Where
one of its two cells is drawn as what matters, and the checker is as likely as
any of N agents to be the first there, the bug takes 2 N runs: 6, 10, 20 and 200
for N of 3, 5, 10 and 100, in print 7, 10, 17 and 194. By the same reckoning
reorder_20 and twostage_20 (in print 6) have ten agents of either sort, and the
13 of reorder_50 and the 20 of twostage_50 fit no split that we know of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

import pileup
from pileup.fakes import World
from pileup.fakes.memory import Memory
from pileup.findings import Finding
from pileup.search.runs.garbage import resting_collector
from pileup.sim.agents import Body
from pileup.sim.world import controlled
from pileup.strategies import make

SPAWNING: Final = 2
"""How many operations it takes main to spawn an agent: the call, and storing the handle.

Fewer than in C, where instrumented code that counts in a loop has several
more. With 1, 2, 4 and 8 a random walk finds reorder_3 in about 14, 58, 400 and
more than 3,000 runs, and account, which has no loop, in 7, 16, 39 and 609.
Published are never and 18, so 2 is what suits a program without a loop.
"""

WRONG: Final = "the program's assertion does not hold"
EVERYTHING: Final = "everything"

Part: TypeAlias = Callable[[Memory], Awaitable[None]]
"""What one agent of a program does."""


class Published(NamedTuple):
    """Runs to the first hit in print: the mean over the trials that had one, and how many had."""

    mean: int
    hits: int = 20


@dataclass(frozen=True)
class Race:
    """A program with a bug.

    `guarded` is its twin in which each agent does all that it does under one
    lock. Where the bug is `in_order`, it is there all the same: some order of
    whole agents is wrong, so no lock helps.
    """

    name: str
    main: Body
    found: Callable[[Finding], bool]
    published: Mapping[str, Published]
    guarded: Body
    in_order: bool = False


def hits(race: Race, run: pileup.Run) -> bool:
    """Whether a run shows the bug."""
    return any(map(race.found, run.findings))


def runs_to_first_hit(race: Race, strategy: str, seed: int, cap: int) -> int | None:
    """Count the runs up to the first that shows the bug; None if none of `cap` does."""
    # As Explorer.explore does, which would go on to the end and prove each new finding.
    explorer = pileup.Scenario(race.main, agents=1).explorer(seed)
    searching = make(strategy, seed)
    with resting_collector() as tidy, controlled(explorer.conditions.budgets):
        try:
            for number in range(cap):
                tidy(number)
                if hits(race, explorer.run(searching, number)):
                    return number + 1
        finally:
            explorer.runtime.close()
    return None


# What all programs are made of ---------------------------------------------------------------


def _claim(claim: bool) -> None:
    if not claim:
        raise AssertionError(WRONG)  # not by `assert`, to whose text pytest adds


def _fails(finding: Finding) -> bool:
    return finding.kind == "agent_failed" and finding.title.endswith(WRONG)


def _deadlocks(finding: Finding) -> bool:
    return finding.kind == "deadlock"


async def _nothing(_: Memory) -> None:
    """Most mains only spawn and join."""


@dataclass(frozen=True)
class Program:
    """Whom main spawns, in order, and what it does itself before it joins them and after."""

    cells: Mapping[str, int]
    spawned: tuple[Part, ...]
    own: Part = _nothing
    after: Part = _nothing
    found: Callable[[Finding], bool] = _fails
    in_order: bool = False
    guards: bool = False

    async def main(self, world: World, me: pileup.Agent) -> None:
        """Run the program."""
        world.memory.seed(**self.cells)
        children: list[pileup.Agent] = []
        for part in self.spawned:
            children.append(me.spawn(self._body(part), role=_name(part)))
            for _ in range(SPAWNING):
                await pileup.checkpoint()
        await self._body(self.own)(world)
        for child in children:
            await child
        await self.after(world.memory)

    def _body(self, part: Part) -> Callable[[World], Awaitable[None]]:
        async def body(world: World) -> None:
            async with world.memory.lock(EVERYTHING) if self.guards else nullcontext():
                await part(world.memory)

        return body


def _name(part: Part) -> str:
    return part.__name__.strip("_")


# reorder: a checker comes between the two writes of all setters ------------------------------


async def _sets(memory: Memory) -> None:
    await memory.set("a", 1)
    await memory.set("b", -1)


async def _checks_both(memory: Memory) -> None:
    # Read as C reads it, which leaves a term at its first false part and reads `a` again.
    neither = await memory.get("a") == 0 and await memory.get("b") == 0
    _claim(neither or (await memory.get("a") == 1 and await memory.get("b") == -1))


def _reorder(setters: int, checkers: int) -> Program:
    return Program({"a": 0, "b": 0}, (_sets,) * setters + (_checks_both,) * checkers)


# twostage: a reader comes between the two stages of all writers ------------------------------


async def _writes(memory: Memory) -> None:
    async with memory.lock("first"):
        await memory.set("data1", 1)
    async with memory.lock("second"):
        await memory.set("data2", await memory.get("data1") + 1)


async def _reads(memory: Memory) -> None:
    async with memory.lock("first"):
        if await memory.get("data1") == 0:
            return
        first = await memory.get("data1")
    async with memory.lock("second"):
        second = await memory.get("data2")
    _claim(second == first + 1)


def _twostage(writers: int, readers: int) -> Program:
    return Program({"data1": 0, "data2": 0}, (_writes,) * writers + (_reads,) * readers)


# account: the check, spawned first, comes last; what it asserts is then wrong ----------------


async def _deposits(memory: Memory) -> None:
    async with memory.lock():
        await memory.set("balance", await memory.get("balance") + await memory.get("y"))
        await memory.set("deposited", 1)


async def _withdraws(memory: Memory) -> None:
    async with memory.lock():
        await memory.set("balance", await memory.get("balance") - await memory.get("z"))
        await memory.set("withdrawn", 1)


async def _checks_balance(memory: Memory) -> None:
    async with memory.lock():
        if await memory.get("deposited") and await memory.get("withdrawn"):
            balance = await memory.get("balance")
            x, y, z = [await memory.get(each) for each in "xyz"]
            _claim(balance == x - y - z)


ACCOUNT: Final = Program(
    {"x": 1, "y": 2, "z": 4, "balance": 1, "deposited": 0, "withdrawn": 0},
    (_checks_balance, _deposits, _withdraws),
    in_order=True,
)


# token_ring: the three that pass the token on act in another order than they were spawned ----


def _passes(number: int) -> Part:
    async def passes(memory: Memory) -> None:
        async with memory.lock():
            token = await memory.get(f"x{(number - 2) % 3 + 1}")
            await memory.set(f"x{number}", (token + 1) % 4 if number == 1 else token)
            await memory.set(f"passed{number}", 1)

    return passes


async def _checks_ring(memory: Memory) -> None:
    async with memory.lock():
        for number in (1, 2, 3):
            if not await memory.get(f"passed{number}"):
                return
        for one, other in (("x1", "x2"), ("x2", "x3")):
            _claim(await memory.get(one) == await memory.get(other))


TOKEN_RING: Final = Program(
    {"x1": 1, "x2": 2, "x3": 1, "passed1": 0, "passed2": 0, "passed3": 0},
    (_passes(1), _passes(2), _passes(3), _checks_ring),
    in_order=True,
)


# lazy01: the check comes last, which is already so in the order in which they are spawned ----


def _adds(amount: int) -> Part:
    async def adds(memory: Memory) -> None:
        async with memory.lock():
            await memory.set("data", await memory.get("data") + amount)

    return adds


async def _checks_data(memory: Memory) -> None:
    async with memory.lock():
        _claim(await memory.get("data") < 3)


LAZY: Final = Program({"data": 0}, (_adds(1), _adds(2), _checks_data), in_order=True)


# deadlock01: two locks in two orders ---------------------------------------------------------


def _counts(outer: str, inner: str, amount: int) -> Part:
    async def counts(memory: Memory) -> None:
        async with memory.lock(outer), memory.lock(inner):
            await memory.set("counter", await memory.get("counter") + amount)

    return counts


DEADLOCK: Final = Program(
    {"counter": 1}, (_counts("a", "b", 1), _counts("b", "a", -1)), found=_deadlocks
)


# wronglock: one lock guards the data against its like, the others hold another one -----------


async def _increments_and_looks(memory: Memory) -> None:
    async with memory.lock("right"):
        before = await memory.get("data")
        await memory.set("data", await memory.get("data") + 1)
        _claim(await memory.get("data") == before + 1)


async def _increments(memory: Memory) -> None:
    async with memory.lock("wrong"):
        await memory.set("data", await memory.get("data") + 1)


WRONGLOCK: Final = Program({"data": 0}, (_increments_and_looks, *(_increments,) * 7))


# bluetooth_driver: between the worker's look at the flag and its counting in, all is stopped -


async def _works(memory: Memory) -> None:
    if not await memory.get("stopping"):
        async with memory.lock():
            await memory.set("pending", await memory.get("pending") + 1)
        _claim(not await memory.get("stopped"))
    await _leaves(memory)


async def _stops(memory: Memory) -> None:
    await memory.set("stopping", 1)
    await _leaves(memory)
    if await memory.get("all left"):
        await memory.set("stopped", 1)


async def _leaves(memory: Memory) -> None:
    async with memory.lock():
        await memory.set("pending", await memory.get("pending") - 1)
        pending = await memory.get("pending")
    if pending == 0:
        await memory.set("all left", 1)


BLUETOOTH: Final = Program(
    {"pending": 1, "stopping": 0, "all left": 0, "stopped": 0}, (_stops,), _works
)


# stringbuffer: what is appended is shortened between the look at its length and the copying --


async def _appends_other(memory: Memory) -> None:
    async with memory.lock("a"):
        async with memory.lock("b"):
            length = await memory.get("b_count")
        count = await memory.get("a_count")
        await memory.get("a_room")  # there is enough
        async with memory.lock("b"):
            _claim(length <= await memory.get("b_count"))
            await memory.set("a_chars", await memory.get("b_chars"))
        await memory.set("a_count", count + length)


async def _erases_and_appends(memory: Memory) -> None:
    async with memory.lock("b"):
        end = min(3, await memory.get("b_count"))
        await memory.set("b_chars", 0)
        await memory.set("b_count", await memory.get("b_count") - end)
    async with memory.lock("b"):
        count = await memory.get("b_count") + 3
        await memory.get("b_room")
        await memory.set("b_chars", 1)
        await memory.set("b_count", count)


STRINGBUFFER: Final = Program(
    {"a_count": 0, "a_room": 16, "a_chars": 0} | {"b_count": 3, "b_room": 19, "b_chars": 1},
    (_erases_and_appends,),
    _appends_other,
)


# work-stealing queue: the owner fills the place from which the thief is about to take --------

ITEMS: Final = 4
STEALS: Final = 2


async def _at(memory: Memory, index: int) -> int:
    item: int = await memory.get(f"place{index & await memory.get('mask')}")
    return item


async def _uses(memory: Memory, item: int) -> None:
    await memory.set(f"used{item}", await memory.get(f"used{item}") + 1)


async def _steals(memory: Memory) -> None:
    for _ in range(STEALS):
        async with memory.lock():
            head = await memory.get("head")
            await memory.set("head", head + 1)
            found = head < await memory.get("tail")
            if found:
                item = await _at(memory, head)
            else:
                await memory.set("head", head)
        if found:
            await _uses(memory, item)


async def _pushes(memory: Memory, item: int) -> None:
    tail = await memory.get("tail")
    # One place too many: it is the one at which a thief is that has moved the head already.
    if tail < await memory.get("head") + await memory.get("mask") + 1:
        await memory.set(f"place{tail & await memory.get('mask')}", item)
        await memory.set("tail", tail + 1)
        return
    async with memory.lock():
        await _grows(memory)
        tail = await memory.get("tail")
        await memory.set(f"place{tail & await memory.get('mask')}", item)
        await memory.set("tail", tail + 1)


async def _grows(memory: Memory) -> None:
    """Move the items to the front, into twice the room if they would fill what there is."""
    head, mask = await memory.get("head"), await memory.get("mask")
    count = await memory.get("tail") - head
    items = [await memory.get(f"place{(head + each) & mask}") for each in range(count)]
    if count >= mask:
        for place, item in enumerate(items):
            await memory.set(f"place{place}", item)
        await memory.set("mask", 2 * mask + 1)
        head = 0
    await memory.set("head", head & mask)
    await memory.set("tail", (head & mask) + count)


async def _pops(memory: Memory) -> None:
    item = await _takes_last(memory)
    if item is None:
        async with memory.lock():  # again, while no thief is at it
            item = await _takes_last(memory)
            if item is None:  # it is empty, and begins at the front
                await memory.set("head", 0)
                await memory.set("tail", 0)
    if item is not None:
        await _uses(memory, item)


async def _takes_last(memory: Memory) -> int | None:
    tail = await memory.get("tail") - 1
    await memory.set("tail", tail)
    if await memory.get("head") <= tail:
        return await _at(memory, tail)
    await memory.set("tail", tail + 1)
    return None


async def _owns(memory: Memory) -> None:
    for item in range(0, ITEMS, 2):
        await _pushes(memory, item)
        await _pushes(memory, item + 1)
        await _pops(memory)
    for _ in range(ITEMS // 2):
        await _pops(memory)


async def _checks_items(memory: Memory) -> None:
    for item in range(ITEMS):
        _claim(await memory.get(f"used{item}") == 1)


QUEUE: Final = Program(
    {"head": 0, "tail": 0, "mask": 1} | {f"used{item}": 0 for item in range(ITEMS)},
    (_steals,),
    _owns,
    _checks_items,
)


# The table ------------------------------------------------------------------------------------

COLUMNS: Final = ("surw", "pct:3", "pct:10", "pos", "random")
"""The strategies of the published figures."""

NEVER: Final = Published(0, 0)


def _race(name: str, program: Program, *means: int | tuple[int, int]) -> Race:
    """Put a program beside its published figures: means, those with misses as (mean, hits)."""
    figures = [Published(*each) if isinstance(each, tuple) else Published(each) for each in means]
    published = {
        column: figure if figure.mean else NEVER
        for column, figure in zip(COLUMNS, figures, strict=True)
    }
    guarded = replace(program, guards=True).main
    return Race(name, program.main, program.found, published, guarded, program.in_order)


RACES: Final[Mapping[str, Race]] = {
    race.name: race
    for race in (
        _race("reorder_3", _reorder(2, 1), 7, 185, 148, 86, 0),
        _race("reorder_5", _reorder(4, 1), 10, 647, 1094, 2169, 0),
        _race("reorder_10", _reorder(9, 1), 17, (3225, 16), (4462, 12), 0, 0),
        _race("reorder_20", _reorder(10, 10), 6, 3005, (3297, 17), 0, 0),
        _race("reorder_50", _reorder(49, 1), 13, (3304, 6), (9422, 1), 0, 0),
        _race("reorder_100", _reorder(99, 1), 194, 0, 0, 0, 0),
        _race("twostage", _twostage(1, 1), 8, 13, 9, 15, 464),
        _race("twostage_20", _twostage(10, 10), 6, 159, 101, 156, 0),
        _race("twostage_50", _twostage(25, 25), 20, 1676, 692, 1637, 0),
        _race("twostage_100", _twostage(99, 1), 454, (7466, 3), (5726, 9), (6674, 3), 0),
        _race("account", ACCOUNT, 6, 4, 4, 4, 18),
        _race("token_ring", TOKEN_RING, 8, 8, 8, 9, 13),
        _race("lazy01", LAZY, 2, 5, 5, 5, 21),
        _race("deadlock01", DEADLOCK, 2, 13, 7, 4, 3),
        _race("wronglock", WRONGLOCK, 7, 51, 20, 10, 36),
        _race("bluetooth_driver", BLUETOOTH, 70, 112, 83, 36, 215),
        _race("stringbuffer", STRINGBUFFER, 8, 281, 26, 23, (2243, 19)),
        _race("work_stealing_queue", QUEUE, 6, 48, 13, 14, 0),
    )
}
