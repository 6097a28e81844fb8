"""What a machine hands out, and how the agents of one round are run at once, round by round."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import pileup
from pileup.choices import Point
from pileup.errors import UsageError
from pileup.hypothesis.binding import Bound, name_of
from pileup.hypothesis.schedules import Schedule
from pileup.operations import READ, Operation, Touch, nothing
from pileup.sim.agents import here
from pileup.sim.bodies import is_async

World: TypeAlias = Any  # Any: the world is the user's own type

UNSETTLED: Final = object()


@dataclass(eq=False)
class Job:
    """An action that was handed out: which one, what it was given, and what came of it."""

    action: str
    body: Callable[..., object] = field(repr=False)
    given: Mapping[str, object] = field(default_factory=dict)
    agent: pileup.Agent | None = field(default=None, repr=False)
    outcome: object = field(default=UNSETTLED, repr=False)

    @property
    def is_done(self) -> bool:
        """Whether its agent has returned: by a fault it may have crashed."""
        return self.outcome is not UNSETTLED

    @property
    def result(self) -> object:
        """What its agent has returned."""
        if not self.is_done:
            raise UsageError(
                f"{self.action} has returned nothing yet: it is done when the machine lets all go "
                "that was handed out, and not at all if its agent crashes. Look at `is_done` "
                "first, or give it to another action, which waits for it."
            )
        return self.outcome

    def settle(self) -> None:
        """Keep what came of it."""
        agent = self.agent
        returned = agent is not None and agent.done and agent.error is None
        self.outcome = agent.result if agent is not None and returned else UNSETTLED

    @property
    def needs(self) -> list[Job]:
        """The jobs whose results it is given."""
        return [each for each in self.given.values() if isinstance(each, Job)]

    def begin(self, world: World, me: pileup.Agent) -> object:
        """Call the agent, if all that it needs is there."""
        for each in self.needs:
            each.settle()
        if not all(each.is_done for each in self.needs):
            return None
        given = {
            name: each.result if isinstance(each, Job) else each
            for name, each in self.given.items()
        }
        return Bound(self.body, None, given).called(world, me)

    def agent_of(self, me: pileup.Agent) -> pileup.Agent:
        """Start an agent that does it."""
        kind = AsyncDoing if is_async(self.body) else SyncDoing
        self.agent, self.outcome = me.spawn(kind(self), role=name_of(self.body)), UNSETTLED
        return self.agent


def ended(agents: Sequence[pileup.Agent], name: str) -> Operation:
    """Wait until all of them have ended, however that was."""
    touches = tuple(Touch(each.ending[0].item, READ) for each in agents)
    return Operation(name, touches, nothing, ready=lambda: all(each.done for each in agents))


@dataclass(frozen=True)
class AsyncDoing:
    """An agent that does a job, awaited."""

    job: Job = field(compare=False)

    async def __call__(self, world: World, me: pileup.Agent) -> object:
        """Wait for those whose results it needs, then do it."""
        for each in self.job.needs:
            assert each.agent is not None
            await this_run().perform(ended([each.agent], "wait"))
        found = self.job.begin(world, me)
        return await found if isinstance(found, Awaitable) else found


@dataclass(frozen=True)
class SyncDoing:
    """An agent that does a job, called."""

    job: Job = field(compare=False)

    def __call__(self, world: World, me: pileup.Agent) -> object:
        """Wait for those whose results it needs, then do it."""
        for each in self.job.needs:
            assert each.agent is not None
            this_run().call(ended([each.agent], "wait"))
        return self.job.begin(world, me)


def this_run() -> pileup.Sim:
    """Return the run that the code is in."""
    return here.get().sim


class Round(NamedTuple):
    """Jobs that are done at once, and in which order."""

    jobs: Sequence[Job]
    order: Schedule


class Turns:
    """Answers as drawn for the round that is on."""

    name = "hypothesis"

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._rounds = [each.order.strategy for each in rounds]
        self._now = 0

    def begin(self, run: int) -> None:
        """Begin with the first round."""
        self.turn_to(run * 0)

    def turn_to(self, number: int, first: int = 0) -> None:
        """Begin with a round, of which the agent with the number `first` is agent 0."""
        self._now = number
        if number < len(self._rounds):
            self._rounds[number].first = first
            self._rounds[number].begin(0)

    def choose(self, point: Point) -> int:
        """Answer as drawn for this round."""
        if self._now < len(self._rounds):
            return self._rounds[self._now].choose(point)
        return point.usual


@dataclass(frozen=True)
class Rounds:
    """The agent at the top of a machine's run: starts those of each round, and waits for all."""

    name: str
    rounds: Sequence[Round] = field(compare=False)
    turns: Turns = field(compare=False)

    @property
    def __name__(self) -> str:
        return self.name

    async def __call__(self, _: World, me: pileup.Agent) -> None:
        """Go through the rounds."""
        for number, each in enumerate(self.rounds):
            self.turns.turn_to(number, len(this_run().strands))
            agents = [job.agent_of(me) for job in each.jobs]
            await this_run().perform(ended(agents, f"round {number + 1} done"))
            for job in each.jobs:
                job.settle()
