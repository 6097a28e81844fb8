"""The kernel: one run of the simulated world, whatever loop its agents run under.

An agent that wants something of the shared world *parks* with an operation.
When no agent can run, the kernel takes one *step*: it asks which parked
operation is next (or whether a deadline passes first), lets it take effect
atomically, records it, and hands the strand back to the runtime to be woken.
So a run is exactly one order in which shared operations take effect, and that
order is on the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context, copy_context
from math import inf
from typing import Any, Final, NoReturn, TypeAlias

from pileup.choices import UNATTENDED, Point, Strategy, Stream, Tape
from pileup.errors import Crashed, Expired, InternalError, Unacknowledged, UsageError
from pileup.history import FAIL, INFO, OK, History, Outcome
from pileup.latency import USUAL, Latency
from pileup.operations import Faults, Firm, Item, Operation, nothing
from pileup.settings import Budgets
from pileup.sim.admitting import note_partial
from pileup.sim.agents import NOBODY, Agent, Body, Strand, here
from pileup.sim.endings import Misuse, Overrun
from pileup.sim.line import by_rank, out_of_range
from pileup.sim.parking import RESUME
from pileup.sim.stuck import deadlock
from pileup.sim.trying import Trying
from pileup.spelling import brief

Ask: TypeAlias = Callable[[Operation], Any]
"""How an operation is asked for. Any: what it returns, or an awaitable of that."""

START = Operation("start", (), nothing)
NOWHERE = Context()

LAST: Final = -1
"""Where the world stands among a history's agents: behind those that are still to come."""


def _outside(*_: object) -> NoReturn:
    raise InternalError("An operation was asked for before a runtime took this run over.")


class Sim(Trying):
    """One run, as `setup` and fixtures get it: give it to `World`.

    `sim.secret(session)` is a session's canary. All else is for those who write
    fakes: they use `item`, `perform` (in async code), `call` (in sync code), `now`
    and `choose`; the rest is for runtimes and for the explorer.
    """

    __slots__ = (
        *("_choices", "_end", "_loop", "_loop_turns", "_most_steps", "_names", "_schedule"),
        *("_world_agent", "agents", "blocking", "call", "cancels", "contents", "fakes", "faults"),
        *("latencies", "lines", "on_crash", "perform", "sites", "steps", "strands", "strategy"),
        *("timed", "timeout", "world"),
    )

    def __init__(self, strategy: Strategy, budgets: Budgets = Budgets()) -> None:  # noqa: B008 - frozen
        super().__init__(budgets)
        self.strategy = strategy
        self.steps = 0
        self.agents: list[Agent] = []
        self._names: set[str] = set()
        self.strands: list[Strand] = []
        self.world: object = None
        self.perform: Ask = _outside
        self.call: Ask = _outside
        self.timeout: Callable[[Sim, Strand, float], AbstractAsyncContextManager[None]] = _outside
        self._most_steps = budgets.steps  # here for the hot path
        self._loop: Strand | None = None
        self._world_agent: Agent | None = None
        self.fakes: dict[str, Any] = {}  # Any: each fake has its own type
        self.contents: dict[str, Callable[[], Mapping[str, object]]] = {}
        """What each resource holds, by key: for who compares how runs have ended."""
        self.faults: Faults | None = None
        self.blocking = False
        self.timed = False
        self._end = inf  # a choice lets time pass to any deadline before it
        self.latencies: dict[str, Latency] = dict(USUAL)
        self.cancels: dict[Agent, Callable[[], object]] = {}
        self.lines: list[Callable[[], None]] = []
        self.on_crash: list[Callable[[Agent], None]] = []
        self._loop_turns = 0
        self._choices: dict[Stream, list[int]] = {"schedule": [], "faults": [], "data": []}
        self._schedule = self._choices["schedule"]
        self.sites: dict[int, str] = {}

    # What fakes use ----------------------------------------------------------------------

    def item(self, resource: str, key: str = "") -> Item:
        """Return the run's one `Item` of that name."""
        return self._record.item(resource, key)

    def take_time(self) -> None:
        """Let calls take time, drawn for each, and time pass only when nothing else can happen."""
        self.timed = True
        self._end = -inf

    def connect(self, perform: Ask, call: Ask) -> None:
        """Take over: operations go this way from now on, also those of fakes made before."""
        self.perform, self.call = perform, call
        for line in self.lines:
            line()

    def choose(self, stream: Stream, count: int, label: str, odds: float | None = None) -> int:
        """Ask for a choice that is not about the schedule: a fault, a model's answer, a draw.

        With `odds` there are two options, and the second is to come that often.
        """
        if count < 2:  # noqa: PLR2004 - with one option there is nothing to choose
            return 0
        return self._answer(Point(stream, count, label, odds), self._choices[stream])

    def _answer(self, point: Point, noted: list[int]) -> int:
        index = self.strategy.choose(point)
        if not 0 <= index < point.count:
            raise out_of_range(self.strategy, point, index)
        noted.append(index)
        return index

    def later(self, op: Operation) -> Strand:
        """Let an operation take effect that nobody waits for: a delivery, an expiry, a crash.

        The moment is a choice, as with any other. What has not come when the
        last agent ends does not come. `forget` takes it back.
        """
        strand = Strand(self, self._nature(), None, UNATTENDED + self.count("unattended"), NOWHERE)
        strand.handle = NOBODY
        self.park(strand, op)
        return strand

    def forget(self, unattended: Strand) -> None:
        """Take back what `later` was given, if it has not come yet."""
        op, unattended.op, unattended.timer = unattended.op, None, 0
        if unattended.watching and op is not None:
            self._unwatch(unattended, op)
        self._line.leave(unattended)

    def _nature(self) -> Agent:
        """Return who does what happens by itself."""
        if self._world_agent is None:
            self._world_agent = self._nobody("world")
        return self._world_agent

    def _nobody(self, name: str) -> Agent:
        """Make an agent that has no code: who does in the history what no agent does."""
        self._names.add(name)
        return Agent(self, nothing, name, session="", role=name, parent=None, number=LAST)

    # Agents ------------------------------------------------------------------------------

    def spawn(
        self,
        body: Body,
        parent: Agent | None = None,
        *,
        name: str | None = None,
        role: str | None = None,
        session: str | None = None,
    ) -> Agent:
        """Add an agent; its start is parked like any operation, so its moment is a choice."""
        index = len(self.agents)
        role = role or str(getattr(body, "__name__", type(body).__name__))
        name = name or f"{role}-{index}"
        while name in self._names:  # the history tells agents apart by name
            name = f"{name}-{index}"
        self._names.add(name)
        agent = Agent(
            self,
            body,
            name,
            session=session or (parent.session if parent else f"session-{index}"),
            role=role,
            parent=parent,
            number=index,
        )
        self.agents.append(agent)
        self._living += 1
        self.park(self.strand(agent, here.get() if parent else None), START)
        return agent

    def strand(self, agent: Agent, parent: Strand | None) -> Strand:
        """Add a strand, with a context of its own in which `here` names it."""
        strand = self.branch(agent, parent, copy_context())
        strand.context.run(here.set, strand)
        return strand

    def branch(self, agent: Agent, parent: Strand | None, context: Context) -> Strand:
        """Add a strand that runs in a context which a loop has made."""
        strand = Strand(self, agent, parent, len(self.strands), context)
        strand.born = len(self._rows)
        self.strands.append(strand)
        return strand

    def finish(self, strand: Strand, result: object, error: BaseException | None) -> None:
        """An agent's body has returned or raised."""
        agent = strand.agent
        if strand.life != agent.life:
            return  # the agent has crashed since, and this was its ghost
        agent.result, agent.error, agent.done = result, error, True
        if isinstance(error, UsageError):
            self.end(Misuse(error))  # a mistake in using pileup is no finding
        self._living -= 1
        ending = Operation("end", agent.ending, nothing)
        ending.detail = type(error).__name__ if error is not None else None
        ending.fault = "crash" if isinstance(error, Crashed) and agent.struck else None
        self.note_answer(ending, result)
        note_partial(ending, agent)
        strand.invoked = len(self._rows)
        self._settle_effect(strand, ending, FAIL if error else OK)
        for waiter in tuple(agent.ending[0].item.waiters):
            self._review(waiter)  # a failed end is an end too, but no effect, so nobody was told
        self._line.leave(strand)
        if strand.parent is not None:
            self._line.turn_to(strand.parent)  # the dullest thing after a child's end

    def blame(self, error: BaseException) -> None:
        """End the agent that acted last with an error that went past its own code."""
        last = self._line.last
        if last is not None and not last.agent.done:
            self.finish(last, None, error)

    @property
    def contended(self) -> bool:
        """Whether any operation could take effect now."""
        for strand in self._line.strands:  # noqa: SIM110 - a generator costs more than this
            if strand.op is not None:
                return True
        return False

    # Stepping ----------------------------------------------------------------------------

    def step(self, horizon: float = inf) -> Strand | None:
        """Let one thing happen, and return the strand to wake.

        `horizon` is the next deadline of the runtime's own loop. None means
        that time has moved to it, or that nothing can happen any more: then
        `ending` says why.
        """
        last = self._line.last
        if last is not None and last.op is None:
            self._line.leave(last)
        if self._withdrawn:
            self._record.flush(self.now)
        return self._go_on(last, horizon)

    def _go_on(self, last: Strand | None, horizon: float) -> Strand | None:
        """Let things happen until there is a strand to wake."""
        line, timers = self._line, self.timers
        while self._within_budget():
            soon = horizon
            if timers.pending and (mine := timers.next()) < soon:
                soon = mine
            strand = None
            if line.strands:
                if soon == inf and len(line.strands) == 1:
                    strand = line.take_at(0)
                else:
                    strand = line.ask(self.strategy, self._schedule, soon < self._end)
            if strand is not None:
                self._apply(strand)
                if strand.handle is not NOBODY:
                    return strand
                line.drop(strand, last)
            elif not self._pass_time(horizon):
                return None
        return None

    def step_beside_loop(self) -> Strand | None:
        """Ask whether a parked operation takes effect while the loop has work of its own.

        The dullest is that it does not. A loop that never comes to rest is
        made to wait after a while, as an agent is that never lets others go.
        """
        line = self._line
        line.settle()
        if not line.strands or not self._within_budget():
            return None
        self._loop_turns += 1
        impatient = self._loop_turns > self.budgets.patience
        question = line.question_beside(self._loop_strand(), loop_last=impatient)
        strand = line.take_beside(self._answer(question, self._schedule))
        if strand is None:
            return None
        self._loop_turns = 0
        self._apply(strand)
        if strand.handle is not NOBODY:
            return strand
        line.drop(strand, None)
        return None

    def _loop_strand(self) -> Strand:
        if self._loop is None:
            self._loop = Strand(self, self._nobody("loop"), None, -1, Context())
            self._loop.op = RESUME
        return self._loop

    def _within_budget(self) -> bool:
        self.steps += 1
        if self.steps > self._most_steps:
            self.end(Overrun("steps", self._most_steps, self._last_place()))
        return self._living > 0 and self.ending is None

    def _apply(self, strand: Strand) -> None:
        """Let a strand's operation take effect."""
        op = strand.op
        assert op is not None
        strand.op = strand.error = None
        if strand.watching:
            self._unwatch(strand, op)
        outcome: Outcome = OK
        try:
            strand.value = value = op.apply()
        except (Exception, Expired) as error:  # noqa: BLE001 - the answer, raised in the agent
            outcome = self._refused(strand, op, error)
        else:
            if value is not None and op.detail is None:
                op.detail = brief(value)
        if op is not RESUME:
            self._settle_effect(strand, op, outcome)

    def _refused(self, strand: Strand, op: Operation, error: BaseException) -> Outcome:
        """Keep an error for the strand to hear of, and say whether anything has happened."""
        if isinstance(error, Unacknowledged):
            strand.error = error.reason
            self.note_failure(strand, op)
            return INFO
        strand.error = error
        op.detail = type(error).__name__
        self.note_refusal(strand, op)
        return FAIL

    def _pass_time(self, horizon: float) -> bool:
        """Move to the next deadline; whether it was one of ours."""
        mine = self.timers.next()
        soon = min(mine, horizon)
        if soon == inf:
            if self._living:
                self.end(deadlock(self.strands, self.where))
        elif soon > self.budgets.seconds:
            self.end(Overrun("seconds", self.budgets.seconds, self._last_place()))
        else:
            self.now = max(self.now, soon)
            self.timers.expire(self.now)
            return mine <= horizon
        return False

    # The end -----------------------------------------------------------------------------

    def release(self) -> list[Strand]:
        """Let go of those that no cancellation reaches, so that they can be unwound."""
        firm = [each for each in self.strands if type(each.op) is Firm]
        for strand in firm:
            self.withdraw(strand)
        return firm

    def abandon(self) -> None:
        """Note what was still parked when the run ended: its outcome stays unknown."""
        for strand in self.strands:
            self.withdraw(strand)
        self._record.flush(self.now)

    def let_go(self) -> None:
        """Break the circles between this run and its strands once it has been judged.

        A run is then freed with its last reference, and the next one is made in the same
        memory; left to the collector, 64 runs pile up and each is written to cold memory.
        """
        self.world = self.tries = None
        for strand in self.strands:
            strand.context, strand.handle, strand.value, strand.pending = NOWHERE, None, None, None
            strand.error = strand.parent = None
        self.strands.clear()
        self.agents.clear()
        self.faulted.clear()
        self._line.strands.clear()
        self.timers.pending.clear()
        self.fakes.clear()
        self.contents.clear()
        self.cancels.clear()
        self.lines.clear()
        self.on_crash.clear()
        self._line.last = None

    @property
    def tape(self) -> Tape:
        """The choices made so far."""
        choices = self._choices
        return Tape(tuple(self._schedule), tuple(choices["faults"]), tuple(choices["data"]))

    @property
    def history(self) -> History:
        """What happened so far."""
        cast = [*self.agents, self._world_agent] if self._world_agent else self.agents
        parents = {
            (strand.agent.index, strand.branch): strand.parent.branch
            for strand in self.strands
            if strand.branch and strand.parent is not None and strand.parent.agent is strand.agent
        }
        return History([agent.who for agent in cast], self._rows, parents, self.sites)

    @property
    def parked(self) -> Sequence[Strand]:
        """The strands that wait to do something, in order of rank."""
        return sorted((each for each in self.strands if each.op is not None), key=by_rank)
