"""The functions of the public face. All of pileup may be imported here, late."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from pileup.errors import UsageError
from pileup.results import Exploration, Run
from pileup.settings import Budgets, whole
from pileup.sim.agents import Body

if TYPE_CHECKING:  # late in the functions, because `import pileup` is to be cheap
    from concurrent.futures import Executor

    from pileup.choices import Strategy
    from pileup.faults import Plan
    from pileup.faults.profiles import Faults
    from pileup.search.accounts.progress import Watcher
    from pileup.search.explorer import Explorer
    from pileup.search.keeping.remembering import Remembering
    from pileup.search.runs.program import Check, Setup
    from pileup.tokens import Ticket

MOST_RUNS = 10_000_000
DEFAULT_RUNS = 200


@dataclass(frozen=True)
class Scenario:
    """An agent and the conditions it is explored under, named once and used by all front doors.

    `name` tells it from others whose agents are called the same: tokens and
    saved failures belong to it. The other fields are arguments of `explore`.
    """

    agent: Body | Sequence[Body]
    setup: Setup | None = None
    agents: int | Sequence[Body] = 2
    check: Check | None = None
    backend: str | None = None
    budgets: Budgets = field(default_factory=Budgets)
    allow_real: Collection[str] = ()
    faults: Faults = None
    timed: bool = False
    oracle: str | None = None
    name: str = ""

    def explorer(self, seed: int = 0) -> Explorer:
        """Check the scenario, and get ready to run it; the oracle draws by the seed, if at all."""
        from pileup.faults import plan_of
        from pileup.search.explorer import Conditions, Explorer
        from pileup.search.runs.program import assemble

        setup = self.setup or _default_world()
        program = assemble(self.agent, self.agents, setup, self.check, self.name)
        allowed = frozenset(self.allow_real)
        plan = plan_of(self.faults)
        if self.oracle not in (None, "serial"):
            raise UsageError(
                f'There is no oracle {self.oracle!r}. Write oracle="serial", which compares each '
                "run with what the agents come to one after another, or leave it out."
            )
        oracle = seed if self.oracle is not None else None
        conditions = Conditions(self.budgets, self.backend, allowed, plan, self.timed, oracle)
        return Explorer(program, conditions)


def _default_world() -> Setup:
    from pileup.fakes import World

    return World


def explore(
    agent: Body | Sequence[Body] | Scenario,
    *,
    setup: Setup | None = None,
    agents: int | Sequence[Body] = 2,
    runs: int = DEFAULT_RUNS,
    strategy: str | Strategy = "auto",
    check: Check | None = None,
    seed: int = 0,
    backend: str | None = None,
    budgets: Budgets | None = None,
    allow_real: Collection[str] = (),
    faults: Faults = None,
    timed: bool = False,
    oracle: str | None = None,
    shrink: bool = True,
    saved: str | PathLike[str] | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    seconds: float | None = None,
    resume: str | PathLike[str] | None = None,
    progress: Watcher | None = None,
) -> Exploration:
    """Run copies of an agent in one world, in many orders, and return what went wrong.

    `agent` takes `(world, me)`, `(world)` or nothing, and is async or sync.
    `setup(sim)` makes the world anew for each run; without it, it is
    `pileup.fakes.World`. `agents` is a number, or a list of different agents.
    `faults` names a profile of faults ("flaky-network", "lossy-acks", "crashy",
    "3am"), or is a list of `pileup.faults.Rule`. With `timed` calls take time,
    drawn for each, instead of as long as the search likes.
    With `oracle="serial"` the agents are also run one after another, in every
    order or a sample, and a run that comes to what none of these comes to is a
    finding. `check(world)` may assert on the final state. What is found is shown
    in the plainest run that shows it; with `shrink=False`, in the run that found
    it. The same arguments always give the same result; another `seed` draws
    other orders.

    `backend` is "native", "trio" or "asyncio"; None finds out. `budgets` limit
    one run, and `allow_real` names what agents may touch of the real world.

    `saved` is a folder, as in saved=".pileup": what is found is written there at
    once, and tried first the next time.

    A campaign: `workers` is a number of processes; `executor` has others play,
    any of `concurrent.futures`. `seconds` is a budget in real time in place of
    `runs`. `resume` is a file that the campaign is written to, and goes on from.
    None of these changes what a run is. `progress` is a function that is called
    after each run (with several workers: after some) with how many `runs` have been
    made, `of` how many, and the `findings` so far. Ctrl-C ends a campaign, or whatever
    somebody watches so, with what it has found.
    """
    whole("runs", runs, MOST_RUNS)
    if type(seed) is not int:
        raise UsageError(f"`seed` must be a whole number; {seed!r} was given.")
    scenario = _scenario(
        agent, setup, agents, check, backend, budgets, allow_real, faults, timed, oracle
    )
    from pileup.reports.writing import render
    from pileup.strategies import make

    explorer = scenario.explorer(seed)
    if (workers, executor, seconds, resume, progress) == (1, None, None, None, None):
        play = partial(explorer.explore, make(strategy, seed), runs, plain=shrink)
    else:
        from pileup.search.campaigns.campaign import Terms, hold

        terms = Terms(workers, executor, seconds, resume, shrink, progress)
        play = partial(hold, explorer, strategy, seed, _budget(runs, seconds), terms)
    memory = _remembering(explorer, saved)
    found = play()
    return replace(found if memory is None else memory.settle(found), render=render)


def _remembering(explorer: Explorer, folder: str | PathLike[str] | None) -> Remembering | None:
    if folder is None:
        return None
    if not isinstance(folder, str | PathLike):
        raise UsageError(
            f'`saved` must be the path of a folder, as in saved=".pileup"; {folder!r} was given.'
        )
    from pileup.search.keeping.remembering import Remembering

    return Remembering(explorer, Path(folder))


def _budget(runs: int, seconds: float | None) -> int:
    """Return how many runs there may be: as many as there is time for, where that is the budget."""
    if seconds is not None and runs != DEFAULT_RUNS:
        raise UsageError("The budget is in `runs` or in `seconds`; give one of the two.")
    return runs if seconds is None else MOST_RUNS


def replay(
    token: str,
    agent: Body | Sequence[Body] | Scenario,
    *,
    setup: Setup | None = None,
    agents: int | Sequence[Body] | None = None,
    check: Check | None = None,
    budgets: Budgets | None = None,
    allow_real: Collection[str] = (),
) -> Run:
    """See one run again, from the token that a report printed."""
    from pileup.tokens import decode

    ticket = decode(token)
    if agents is None:  # then as many as there were
        agents = 2 if isinstance(agent, Scenario) else ticket.agents
    scenario = _scenario(agent, setup, agents, check, None, budgets, allow_real)
    asked = replace(
        scenario,
        backend=ticket.backend,
        faults=_plan_in(ticket),
        timed=ticket.timed,
        oracle=None if ticket.oracle is None else "serial",
    )
    explorer = asked.explorer(ticket.oracle or 0)
    if ticket.program and explorer.program.name != ticket.program:
        raise UsageError(
            f"This token belongs to '{ticket.program}', but it is to be replayed on "
            f"'{explorer.program.name}'. Give replay the agents that it was recorded with."
        )
    from pileup.reports.text import render_run

    return replace(explorer.replay(ticket), render=render_run)


def _plan_in(ticket: Ticket) -> Plan:
    """Return the plan that the run was under, because the choices of a tape are about it."""
    from pileup.faults import Plan

    return Plan.from_json(ticket.faults) if ticket.faults else Plan()


def _scenario(
    agent: Body | Sequence[Body] | Scenario,
    setup: Setup | None,
    agents: int | Sequence[Body],
    check: Check | None,
    backend: str | None,
    budgets: Budgets | None,
    allow_real: Collection[str],
    faults: Faults = None,
    timed: bool = False,
    oracle: str | None = None,
) -> Scenario:
    if not isinstance(budgets, Budgets | None):
        raise UsageError(
            f"`budgets` must be limits; {budgets!r} was given. Write pileup.Budgets(steps=1_000)."
        )
    limits = budgets or Budgets()
    given = (setup, agents, check, backend, limits, allow_real, faults, timed, oracle)
    if not isinstance(agent, Scenario):
        return Scenario(agent, *given)
    if given != (None, 2, None, None, Budgets(), (), None, False, None):
        raise UsageError(
            "A Scenario names the agents and their conditions once; give no others beside it. "
            "To vary one, write dataclasses.replace(scenario, agents=10)."
        )
    return agent
