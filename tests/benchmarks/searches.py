"""What is timed of pileup itself: explorations of the shared workloads, of crowds and of timers."""

from __future__ import annotations

from timing import Case
from workloads import Workload, agent_of

import pileup
from pileup.fakes import World
from pileup.search.runs.garbage import resting_collector
from pileup.sim.world import controlled
from pileup.strategies import make

ROOMY = pileup.Budgets(steps=10_000_000, events=10_000_000)
BACKENDS = ("native", "trio", "asyncio")


def searched(workload: Workload, backend: str, runs: int) -> Case:
    """Explore a workload in random orders, history and all."""
    agent = agent_of(workload, pileup.sleep)

    def explore() -> None:
        found = pileup.explore(
            agent,
            agents=workload.agents,
            runs=runs,
            strategy="random",
            backend=backend,
            shrink=False,  # which no peer that is timed beside it does
        )
        assert {finding.kind for finding in found.findings} <= {"lost_write"}, str(found)

    return Case(explore, runs)


def unproved(scenario: pileup.Scenario, runs: int) -> None:
    """Make so many runs in random orders, and judge each, but see none again.

    To see one again means to name each of its choices and to spell its history
    out twice. Among 200 runs that is little; in a long single run it is nearly all.
    So it is with the serial runs that a doubtful loss is held against.
    """
    explorer, strategy = scenario.explorer(), make("random", 0)
    explorer.renew_oracle(most=0)
    with resting_collector() as tidy, controlled(explorer.conditions.budgets):
        try:
            for number in range(runs):
                tidy(number)
                explorer.run(strategy, number)
        finally:
            explorer.runtime.close()


def performed(workload: Workload, backend: str, runs: int) -> Case:
    """Count the operations of a workload, in runs that are not seen again."""
    agent = agent_of(workload, pileup.sleep)
    scenario = pileup.Scenario(agent, agents=workload.agents, backend=backend, budgets=ROOMY)
    return Case(lambda: unproved(scenario, runs), runs * workload.operations)


# Many agents, many timers ----------------------------------------------------------------------

CROWDS = {10: 500, 100: 50, 1_000: 5, 10_000: 1}
"""How many agents, in how many runs."""

CROWD_ROUNDS = 5


def crowd(agents: int, *, one_cell: bool, runs: int) -> Case:
    """Let many agents do five read-modify-writes each, all on one cell or each on its own."""

    async def add_one(world: World, me: pileup.Agent) -> None:
        key = "total" if one_cell else me.name
        for _ in range(CROWD_ROUNDS):
            value = await world.memory.get(key)
            await world.memory.set(key, (value or 0) + 1)

    scenario = pileup.Scenario(add_one, agents=agents, backend="native", budgets=ROOMY)
    return Case(lambda: unproved(scenario, runs), runs * agents * CROWD_ROUNDS * 2)


HOUR = 3_600.0
TIMERS = 7_200
SLEEPERS = (1, 100, 7_200)


def an_hour_of_timers(agents: int) -> Case:
    """Let an hour pass in one run with 7,200 timers, shared evenly among agents."""
    each = TIMERS // agents

    async def wait(_: World, me: pileup.Agent) -> None:
        first = HOUR * (me.index + 1) / TIMERS if each == 1 else HOUR / each
        for _number in range(each):
            await pileup.sleep(first)

    scenario = pileup.Scenario(wait, agents=agents, backend="native", budgets=ROOMY)
    return Case(lambda: unproved(scenario, 1), 1)


def nothing_at_all() -> Case:
    """Explore one run of one agent that does nothing: what an exploration costs by itself."""

    async def idle(_: World) -> None:
        pass

    scenario = pileup.Scenario(idle, agents=1, backend="native")
    return Case(lambda: unproved(scenario, 1), 1)
