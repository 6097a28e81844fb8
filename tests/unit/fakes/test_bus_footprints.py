"""Footprints: what commutes may be left out of a search, and nothing else may."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support.exhaust import all_runs

import pileup
from pileup.choices import CLOCK, Point
from pileup.fakes.bus import Bus, Message, ReceiptExpired
from pileup.operations import COMMUTING, Footprint
from pileup.results import Run
from pileup.search.explorer import Explorer
from pileup.settings import Budgets
from pileup.sim.world import controlled
from pileup.strategies import Dull

Instruction = tuple[Any, ...]

names = st.sampled_from(["jobs", "line"])
instructions = st.one_of(
    st.tuples(st.just("publish"), names, st.sampled_from([0, 0, 5])),
    st.tuples(st.just("tell")),
    st.tuples(st.just("subscribe")),
    st.tuples(st.just("claim"), names, st.sampled_from([0, 0, 3])),
    st.tuples(st.just("claim"), st.sampled_from(["jobs.dead", "news/a"]), st.just(0)),
    st.tuples(st.sampled_from(["ack", "nack", "extend"])),
    st.tuples(st.just("depth"), names),
)
programs = st.tuples(
    st.lists(instructions, min_size=1, max_size=2), st.lists(instructions, min_size=1, max_size=2)
)


def setup(sim: pileup.Sim) -> Bus:
    bus = Bus(sim)
    bus.queue("jobs", max_deliveries=1, visibility=4)
    bus.queue("line", fifo=True)
    bus.topic("news", "a")
    bus.seed("jobs", "one")
    bus.seed("line", "one", "two")
    return bus


def agent(program: list[Instruction]) -> Callable[[Bus], Any]:
    """Do what is written there, and tell what came of each."""

    async def runs(bus: Bus) -> list[Any]:
        held: list[Message] = []
        return [await outcome(bus, held, *each) for each in program]

    return runs


async def outcome(bus: Bus, held: list[Message], verb: str, *rest: Any) -> Any:
    if verb == "publish":
        return await bus.publish(rest[0], "more", delay=rest[1])
    if verb == "tell":
        return await bus.publish("news", "news")
    if verb == "subscribe":
        return (await bus.subscribe("news", group="b")).queue
    if verb == "depth":
        return await bus.depth(rest[0])
    if verb == "claim":
        message = await bus.claim(rest[0], wait=rest[1])
        held.extend([message] if message is not None else [])
        return message and (message.id, message.body, message.deliveries)
    return await settled(held, verb) if held else "nothing held"


async def settled(held: list[Message], verb: str) -> Any:
    if verb == "ack":
        return await held[-1].ack()
    if verb == "nack":
        return await held[-1].nack()
    try:
        return await held[-1].extend(10)
    except ReceiptExpired:
        return "expired"


def summary(run: Run) -> str:
    """What agents were told, and what they did; what would come by itself is cut off at the end."""
    bus = run.world
    done = sorted((entry.queue, entry.id, entry.delivery) for entry in (*bus.acked, *bus.delivered))
    return f"{run.results} {[each.title for each in run.findings]} {done}"


# Sleep sets, with time: what passes no deadline and conflicts with nothing is not run again. --

Touched = frozenset[tuple[str, str]]


def touched(footprint: Footprint) -> Touched:
    return frozenset((touch.item.name, touch.access) for touch in footprint)


def clash(one: Touched, other: Touched) -> bool:
    return any(
        name == another and not (access == access_2 and access in COMMUTING)
        for name, access in one
        for another, access_2 in other
    )


def touches_of(candidate: Any) -> Footprint:
    """Say what a strand is about to touch; the clock (None) touches nothing."""
    footprint: Footprint = () if candidate is None else candidate.op.touches
    return footprint


class Node:
    """One point of the search: who sleeps there, and who is tried now."""

    def __init__(self, asleep: dict[str, Touched]) -> None:
        self.asleep = asleep
        self.now = ""
        self.touches: Touched = frozenset()


class Sleeping:
    """Answer so that of two orders which differ only in what commutes, one is run."""

    name = "sleeping"

    def __init__(self, rows: Callable[[], list[Any]]) -> None:
        self._rows = rows
        self._nodes: list[Node] = []
        self._depth = self._seen = 0
        self.idle = False

    def begin(self, run: int) -> None:
        self._depth = self._seen = run * 0
        self.idle = False

    def choose(self, point: Point) -> int:
        rows = self._rows()
        done = touched(tuple(touch for row in rows[self._seen :] for touch in row[1]))
        self._seen = len(rows)
        if self.idle:
            return 0
        if self._depth == len(self._nodes):
            self._nodes.append(Node(self._still_asleep(done)))
        node, options = self._nodes[self._depth], point.options()
        if not node.now:
            awake = [place for place, name in enumerate(options) if name not in node.asleep]
            if not awake:  # all that could go on here has been seen in another order
                self.idle = True
                self._nodes.pop()
                return 0
            node.now = options[awake[0]]
            chosen = point.candidate(awake[0])
            node.touches = touched(touches_of(chosen))
        self._depth += 1
        return options.index(node.now)

    def _still_asleep(self, done: Touched) -> dict[str, Touched]:
        above = self._nodes[-1] if self._nodes else None
        if above is None or above.now == CLOCK:
            return {}  # whoever looks at the time might do something else now
        kept = {who: op for who, op in above.asleep.items() if not clash(op, done)}
        kept.pop(CLOCK, None)
        return kept

    def advance(self) -> bool:
        if not self._nodes:
            return False
        node = self._nodes[-1]
        node.asleep[node.now] = node.touches
        node.now = ""
        return True


def fewer_runs(explorer: Explorer, sims: list[pileup.Sim]) -> Iterator[Run]:
    strategy = Sleeping(lambda: sims[-1]._rows)
    try:
        while True:
            run = explorer.run(strategy, 0)
            if not strategy.idle:
                yield run
            if not strategy.advance():
                return
    finally:
        explorer.runtime.close()


MOST_ORDERS = 2_000
"""A rare program has more, and can take longer than all the others."""


def scenario_of(program: Sequence[list[Instruction]], sims: list[pileup.Sim]) -> pileup.Scenario:
    def start(sim: pileup.Sim) -> Bus:
        sims[:] = [sim]
        return setup(sim)

    return pileup.Scenario([agent(each) for each in program], setup=start, backend="native")


def in_every_order(program: Sequence[list[Instruction]]) -> list[str]:
    """Return how it ends in every order, or in one more than are looked at."""
    with closing(all_runs(scenario_of(program, []).explorer())) as runs:
        return [summary(run) for run in islice(runs, MOST_ORDERS + 1)]


def in_fewer(program: Sequence[list[Instruction]]) -> list[str]:
    """Return how it ends in the orders that differ."""
    sims: list[pileup.Sim] = []
    with controlled(Budgets()):
        runs = fewer_runs(scenario_of(program, sims).explorer(), sims)
        return [summary(run) for run in runs]


@given(programs)
@settings(max_examples=25, deadline=None)
@example([[("claim", "jobs", 0), ("ack",)], [("claim", "jobs", 0), ("claim", "jobs.dead", 0)]])
@example([[("claim", "jobs", 0), ("extend",)], [("claim", "jobs.dead", 0), ("depth", "jobs")]])
@example([[("claim", "line", 0), ("ack",)], [("claim", "line", 3), ("depth", "line")]])
@example([[("claim", "jobs", 0), ("nack",)], [("claim", "jobs.dead", 0), ("ack",)]])
@example([[("subscribe",)], [("tell",), ("claim", "news/a", 0)]])
@example([[("publish", "jobs", 5)], [("claim", "jobs", 0), ("claim", "jobs", 3)]])
def test_orders_that_are_said_to_commute_do(program: Sequence[list[Instruction]]) -> None:
    every = in_every_order(program)
    assume(len(every) <= MOST_ORDERS)
    fewer = in_fewer(program)
    assert set(fewer) == set(every)
    assert len(fewer) <= len(every)


OTHERS: list[Instruction] = [
    *(("publish", "line", 0), ("depth", "line")),
    *(("publish", "jobs", 0), ("depth", "jobs")),
]


def test_what_has_nothing_to_do_with_each_other_commutes() -> None:
    publishes = [("publish", "jobs", 0)]
    counts = [len(in_fewer([publishes * 2, [other] * 2])) for other in OTHERS]
    assert max(counts[:2]) < min(counts[2:])


def test_two_who_acknowledge_do_not_get_in_each_others_way() -> None:
    async def takes(bus: Bus) -> None:
        message = await bus.claim("jobs", wait=None)
        assert message is not None
        await message.ack()

    def two(sim: pileup.Sim) -> Bus:
        bus = Bus(sim)
        bus.seed("jobs", 1, 2)
        return bus

    run = pileup.Scenario(takes, setup=two).explorer().once(Dull())
    items = [[each.name for each in event.items] for event in run.history if event.name == "ack"]
    assert items == [["bus[jobs#1]"], ["bus[jobs#2]"]]
