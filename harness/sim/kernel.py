"""The kernel: one run of the simulated world, whatever loop its agents run under.

An agent that wants something of the shared world *parks* with an operation.
When no agent can run, the kernel takes one *step*: it asks which parked
operation is next (or whether a deadline passes first), lets it take effect
atomically, records it, and hands the strand back to the runtime to be woken.
So a run is exactly one order in which shared operations take effect, and that
order is on the tape.

The parked strands are a list sorted by rank, and a strand that is chosen
keeps its place while it runs: most park again at once, and then nothing
moves. That is why a step costs the same among ten agents and ten thousand.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context, copy_context
from math import inf
from operator import attrgetter
from typing import Any, NoReturn

from pileup.choices import Point, Strategy, Stream, Tape
from pileup.errors import Expired, InternalError, RunOver, Unacknowledged
from pileup.history import FAIL, INFO, OK, History, Outcome, RawRow
from pileup.operations import READ, Footprint, Item, Operation, brief, nothing
from pileup.settings import Budgets
from pileup.sim.agents import Agent, Body, Strand, here
from pileup.sim.clock import Timers
from pileup.sim.endings import Deadlock, Ending, Overrun, Stuck

START = Operation("start", (), nothing)
RESUME = Operation("resume", (), nothing)
"""What a strand does that a loop has made runnable by itself; it leaves no row."""

by_rank = attrgetter("rank")


def _outside(*_: object) -> NoReturn:
    raise InternalError("An operation was asked for before a runtime took this run over.")


class Sim:
    """One run: its agents, its clock, its choices and its history.

    Fakes use `item`, `perform` (in async code), `call` (in sync code), `now`
    and `choose`; the rest is for runtimes and for the explorer.
    """

    def __init__(self, strategy: Strategy, budgets: Budgets = Budgets()) -> None:  # noqa: B008 - frozen
        self.strategy = strategy
        self.budgets = budgets
        self._most_steps = budgets.steps  # here for the hot path, as are the next two
        self._most_events = budgets.events
        self._patience = budgets.patience
        self.now = 0.0
        self.agents: list[Agent] = []
        self.world: object = None
        self.ending: Ending | None = None
        self.perform: Callable[[Operation], Any] = _outside  # Any: what the operation returns
        self.call: Callable[[Operation], Any] = _outside
        self.where: Callable[[Strand], list[str]] = lambda _: []
        self.timeout: Callable[[Sim, Strand, float], AbstractAsyncContextManager[None]] = _outside
        self.steps = 0
        self.timers = Timers()
        self._candidates: list[Strand] = []
        self.strands: list[Strand] = []
        self._last: Strand | None = None
        self._at = 0
        self._streak = 0
        self._living = 0
        self._rows: list[RawRow] = []
        self._counts: dict[str, int] = {}
        self._items: dict[tuple[str, str], Item] = {}
        self._loop: Strand | None = None
        self._loop_turns = 0
        self._withdrawn: list[tuple[Strand, Operation, int]] = []
        self._choices: dict[Stream, list[int]] = {"schedule": [], "faults": [], "data": []}
        self._schedule = self._choices["schedule"]
        self._point = Point("schedule", 0)
        self._point.candidates = self._candidates

    # What fakes use ----------------------------------------------------------------------

    def item(self, resource: str, key: str = "") -> Item:
        """Return the run's one `Item` of that name."""
        found = self._items.get((resource, key))
        if found is None:
            found = self._items[resource, key] = Item(resource, key)
        return found

    def count(self, what: str) -> int:
        """Number things of one kind in the order in which the run meets them."""
        self._counts[what] = self._counts.get(what, -1) + 1
        return self._counts[what]

    def choose(self, stream: Stream, count: int, label: str) -> int:
        """Ask for a choice that is not about the schedule: a fault, a model's answer, a draw."""
        if count < 2:  # noqa: PLR2004 - with one option there is nothing to choose
            return 0
        return self._answer(Point(stream, count, label), self._choices[stream])

    def _answer(self, point: Point, noted: list[int]) -> int:
        index = self.strategy.choose(point)
        if not 0 <= index < point.count:
            raise InternalError(
                f"The strategy {self.strategy.name!r} answered {index} to a question with "
                f"{point.count} options. A strategy must return one of range(point.count)."
            )
        noted.append(index)
        return index

    # Agents ------------------------------------------------------------------------------

    def spawn(  # noqa: PLR0913 - see Agent
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
        agent = Agent(
            self,
            body,
            name or f"{role}-{index}",
            session=session or (parent.session if parent else f"session-{index}"),
            role=role,
            parent=parent,
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
        self.strands.append(strand)
        return strand

    def finish(self, strand: Strand, result: object, error: BaseException | None) -> None:
        """An agent's body has returned or raised."""
        agent = strand.agent
        agent.result, agent.error, agent.done = result, error, True
        self._living -= 1
        detail = type(error).__name__ if error is not None else None
        ending = Operation("end", agent.ending, nothing)
        ending.detail = detail
        strand.invoked = len(self._rows)
        self._record(strand, ending, FAIL if error else OK)
        for waiter in tuple(agent.ending[0].item.waiters):
            self._review(waiter)  # a failed end is an end too, but no effect, so nobody was told
        self._leave(strand)
        if strand.parent is not None:  # the dullest thing after a child's end is its parent
            self._at = bisect_left(self._candidates, strand.parent.rank, key=by_rank)

    def blame(self, error: BaseException) -> None:
        """End the agent that acted last with an error that went past its own code."""
        if self._last is not None and not self._last.agent.done:
            self.finish(self._last, None, error)

    @property
    def over(self) -> bool:
        """Whether all agents have ended, or the run has."""
        return not self._living or self.ending is not None

    @property
    def contended(self) -> bool:
        """Whether any operation could take effect now."""
        return any(strand.op is not None for strand in self._candidates)

    # Parking -----------------------------------------------------------------------------

    def park(self, strand: Strand, op: Operation) -> None:
        """Hold a strand until its operation is chosen."""
        if self.ending is not None:
            raise RunOver
        strand.op = op
        strand.invoked = len(self._rows)
        if op.delay > 0:
            self._leave(strand)
            self.timers.set(self.now + op.delay, strand)
        elif op.ready is not None:
            self.admit(strand)
        elif not strand.listed:
            self._enter(strand)

    def admit(self, strand: Strand) -> None:
        """Make a parked strand a candidate as soon and as long as it is ready."""
        op = strand.op
        assert op is not None
        if op.ready is not None:
            strand.watching = True
            for touch in op.touches:
                touch.item.waiters.append(strand)
        self._review(strand)

    def _review(self, strand: Strand) -> None:
        op = strand.op
        assert op is not None
        if op.ready is not None and not op.ready():
            self._leave(strand)
        elif not strand.listed:
            self._enter(strand)

    def _unwatch(self, strand: Strand, op: Operation) -> None:
        strand.watching = False
        for touch in op.touches:
            touch.item.waiters.remove(strand)

    def withdraw(self, strand: Strand) -> None:
        """Take a strand's operation back before it took effect: its caller gave up."""
        op, strand.op = strand.op, None
        if op is None:
            return
        if op is not RESUME:
            self._withdrawn.append((strand, op, strand.invoked))
        strand.timer = 0
        if strand.watching:
            self._unwatch(strand, op)
        self._leave(strand)

    def _flush_withdrawn(self) -> None:
        # Loops cancel tasks in the order of a set of objects, which differs
        # from process to process; the history must not.
        self._withdrawn.sort(key=lambda each: (each[0].rank, each[2]))
        for strand, op, invoked in self._withdrawn:
            strand.invoked = invoked
            self._note(strand, op, (), INFO)
        self._withdrawn.clear()

    def _enter(self, strand: Strand) -> None:
        place = bisect_left(self._candidates, strand.rank, key=by_rank)
        self._candidates.insert(place, strand)
        strand.listed = True
        if place <= self._at and len(self._candidates) > 1:
            self._at += 1

    def _leave(self, strand: Strand) -> None:
        if not strand.listed:
            return
        place = bisect_left(self._candidates, strand.rank, key=by_rank)
        assert self._candidates[place] is strand
        del self._candidates[place]
        strand.listed = False
        if place < self._at:
            self._at -= 1

    def witness(self, strand: Strand, op: Operation) -> Any:  # Any: what the operation returns
        """Apply an operation at once: async code between two awaits is not interrupted."""
        strand.invoked = len(self._rows)
        value = op.apply()
        if op.detail is None:
            op.detail = brief(value)
        self._record(strand, op, OK)
        return value

    # Stepping ----------------------------------------------------------------------------

    def step(self, horizon: float = inf) -> Strand | None:
        """Let one thing happen, and return the strand to wake.

        `horizon` is the next deadline of the runtime's own loop. None means
        that time has moved to it, or that nothing can happen any more: then
        `ending` says why.
        """
        last = self._last
        if last is not None and last.op is None:
            self._leave(last)
        if self._withdrawn:
            self._flush_withdrawn()
        candidates = self._candidates
        while self._within_budget():
            soon = min(self.timers.next(), horizon) if self.timers else horizon
            at = self._pick(len(candidates), soon != inf)
            if at >= 0:
                return self._take(candidates[at], at)
            if not self._pass_time(horizon):
                break
        return None

    def step_beside_loop(self) -> Strand | None:
        """Ask whether a parked operation takes effect while the loop has work of its own.

        The dullest is that it does not. A loop that never comes to rest is
        made to wait after a while, as in `patience`.
        """
        last = self._last
        if last is not None and last.op is None:
            self._leave(last)
        if not self._candidates or not self._within_budget():
            return None
        at, candidates = self._at, self._candidates
        if self._loop is None:
            nobody = Agent(self, nothing, "loop", session="", role="loop", parent=None)
            self._loop = Strand(self, nobody, None, -1, Context())
            self._loop.op = RESUME
        candidates.insert(0, self._loop)
        self._loop_turns += 1
        self._at = 1 if self._loop_turns > self._patience else 0
        chosen = self._pick(len(candidates), jump=False)
        del candidates[0]
        self._at = at
        if chosen == 0:
            return None
        self._loop_turns = 0
        return self._take(candidates[chosen - 1], chosen - 1)

    def _within_budget(self) -> bool:
        self.steps += 1
        if self.steps > self._most_steps:
            self.end(Overrun("steps", self._most_steps, self._last_place()))
        return self._living > 0 and self.ending is None

    def _pick(self, count: int, jump: bool) -> int:
        """Ask which candidate is next; -1 for the clock."""
        if not count:
            return -1
        at = self._at
        if self._streak > self._patience:
            self._streak = 0
            at += 1
        if at >= count:
            at = 0
        if count > 1 or jump:
            point = self._point
            point.at = at
            point.jump = jump
            point.count = count + jump
            index = self._answer(point, self._schedule)
            if index == count:
                return -1
            at += index
            if at >= count:
                at -= count
        return at

    def _take(self, strand: Strand, at: int) -> Strand:
        """Let a candidate's operation take effect."""
        if strand is self._last:
            self._streak += 1
        else:
            self._streak = 0
            self._last = strand
        self._at = at
        op = strand.op
        assert op is not None
        strand.op = None
        strand.error = None
        if strand.watching:
            self._unwatch(strand, op)
        outcome: Outcome = OK
        try:
            strand.value = op.apply()
        except Unacknowledged as lost:
            strand.error, outcome = lost.reason, INFO
        except (Exception, Expired) as error:  # noqa: BLE001 - the answer, raised in the agent
            strand.error, outcome = error, FAIL
            op.detail = type(error).__name__
        else:
            if op.detail is None:
                op.detail = brief(strand.value)
        if op is not RESUME:
            self._record(strand, op, outcome)
        return strand

    def _record(self, strand: Strand, op: Operation, outcome: Outcome) -> None:
        """Bring the items that were touched up to date, and note the row."""
        touches = op.touches
        if outcome != FAIL:
            for item, access in touches:
                if access != READ:
                    item.version += 1
                    if item.waiters:
                        for waiter in tuple(item.waiters):
                            self._review(waiter)
        versions = (
            (touches[0][0].version,)  # nearly always one, and this is the hottest line
            if len(touches) == 1
            else tuple([item.version for item, _ in touches])
        )
        self._note(strand, op, versions, outcome)
        if len(self._rows) > self._most_events:
            self.end(Overrun("events", self._most_events, self._last_place()))

    def _note(
        self, strand: Strand, op: Operation, versions: tuple[int, ...], outcome: Outcome
    ) -> None:
        self._rows.append(
            (
                op.name,
                op.touches,
                versions,
                strand.agent.index,
                strand.branch,
                strand.step,
                strand.invoked,
                self.now,
                outcome,
                op.detail,
            )
        )

    def _pass_time(self, horizon: float) -> bool:
        """Move to the next deadline; whether it was one of ours."""
        mine = self.timers.next()
        soon = min(mine, horizon)
        if soon == inf:
            if self._living:
                self.end(self._stuck())
        elif soon > self.budgets.seconds:
            self.end(Overrun("seconds", self.budgets.seconds, self._last_place()))
        else:
            self.now = max(self.now, soon)
            self.timers.expire(self.now)
            return mine <= horizon
        return False

    # The end -----------------------------------------------------------------------------

    def end(self, ending: Ending) -> None:
        """Stop the run before its agents have ended, for a reason that will be reported."""
        if self.ending is None:
            self.ending = ending

    def _stuck(self) -> Deadlock:
        return Deadlock(
            tuple(
                Stuck(
                    strand.name,
                    strand.op.label if strand.op else "something outside pileup",
                    self._holders(strand.op.touches if strand.op else ()),
                    tuple(self.where(strand)),
                )
                for strand in self.parked
            )
        )

    @staticmethod
    def _holders(touches: Footprint) -> tuple[str, ...]:
        return tuple(touch.item.holder for touch in touches if touch.item.holder is not None)

    def _last_place(self) -> tuple[str, ...]:
        return tuple(self.where(self._last)) if self._last is not None else ()

    def abandon(self) -> None:
        """Note what was still parked when the run ended: its outcome stays unknown."""
        for strand in self.strands:
            self.withdraw(strand)
        self._flush_withdrawn()

    @property
    def tape(self) -> Tape:
        """The choices made so far."""
        schedule, faults, data = (tuple(each) for each in self._choices.values())
        return Tape(schedule, faults, data)

    @property
    def history(self) -> History:
        """What happened so far."""
        return History([agent.who for agent in self.agents], self._rows)

    @property
    def parked(self) -> Sequence[Strand]:
        """The strands that wait to do something, in order of rank."""
        return sorted((each for each in self.strands if each.op is not None), key=by_rank)
