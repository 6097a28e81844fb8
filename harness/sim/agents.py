"""Who acts: agents, and the strands of execution that each of them consists of.

An `Agent` is what the user thinks in: a name, a session, a role, a parent.
A `Strand` is what the kernel schedules: one line of execution, with at most
one operation parked. An agent has one strand, and more when its code starts
tasks of an event loop. Identity travels by context variable, so that it
reaches tasks, greenlets and thread-pool calls however deep.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pileup.errors import Crashed, UsageError
from pileup.history import Who
from pileup.notes import Step
from pileup.operations import READ, WRITE, Footprint, Item, Operation, Touch, nothing

if TYPE_CHECKING:
    from pileup.sim.kernel import Sim

Body: TypeAlias = Callable[..., object]
"""An agent as the user writes it: async or sync, taking `(world, me)`, `(world)` or nothing."""

here: ContextVar[Strand] = ContextVar("pileup_strand")
"""The strand whose code is running."""

NOBODY: Final = object()
"""The handle of a strand that no runtime has to wake: what happens by itself."""

current_step: ContextVar[Step | None] = ContextVar("pileup_step", default=None)
"""The unit of work that `pileup.step` marked around the running code."""


class Agent:
    """One instance of an agent in one run: what its code knows as `me`."""

    def __init__(
        self,
        sim: Sim,
        body: Body,
        name: str,
        *,
        session: str,
        role: str,
        parent: Agent | None,
        number: int,
    ) -> None:
        self._sim = sim
        self.body = body
        self.name = name
        self.session = session
        self.role = role
        self.parent = parent
        self.index = number
        self.result: object = None
        self.error: BaseException | None = None
        self.done = False
        self.collected = False
        self.struck = False
        self.life = 0
        self.skew = 0.0
        self.strands = 0
        self.parts = 0
        if parent is not None:
            parent.parts += 1
        self._end = Item("agent", name)

    def __repr__(self) -> str:
        return f"<Agent {self.name}>"

    @property
    def restarts(self) -> int:
        """How often it has crashed and begun anew: 0 in its first life."""
        return self.life

    @property
    def secret(self) -> str:
        """The session's canary: a value that no other session should ever see."""
        return self._sim.secret(self.session)

    @property
    def who(self) -> Who:
        """The agent as the history keeps it."""
        return Who(self.name, self.session, self.role, self.parent.name if self.parent else None)

    def spawn(
        self,
        body: Body,
        *,
        name: str | None = None,
        role: str | None = None,
        session: str | None = None,
    ) -> Agent:
        """Start a sub-agent; `await` it (or `join` it in sync code) for its result.

        It is an agent of its own: a timeout around the await gives up waiting
        and does not stop it, as with a real sub-agent elsewhere.
        """
        if here.get().agent is not self:
            raise UsageError(
                f"{here.get().agent.name} called {self.name}.spawn(). An agent starts sub-agents "
                "of its own: call spawn on the `me` that the running agent was given."
            )
        return self._sim.spawn(body, self, name=name, role=role, session=session)

    def __await__(self) -> Generator[Any, Any, object]:
        return self._join().__await__()

    async def _join(self) -> object:
        await self._sim.perform(self._wait())
        return self._collect()

    def join(self) -> object:
        """Wait for this sub-agent in sync code, and return its result."""
        self._sim.call(self._wait())
        return self._collect()

    def _wait(self) -> Operation:
        return Operation("join", (Touch(self._end, READ),), nothing, ready=lambda: self.done)

    def _collect(self) -> object:
        self.collected = True
        if self.struck and self.error is not None and not isinstance(self.error, Exception):
            # Its cancellation is not its parent's, who could not tell it from one of its own.
            raise Crashed(f"{self.name} was cancelled") from self.error
        if self.error is not None:
            raise self.error
        return self.result

    @property
    def ending(self) -> Footprint:
        """What its end touches: the item on which whoever joins it waits."""
        return (Touch(self._end, WRITE),)


class Strand:
    """One line of execution of an agent, with at most one operation parked.

    `rank` sorts strands so that the relatives of the one that ran last come
    next. `handle` is the runtime's own object for it (a coroutine, a task).
    """

    __slots__ = (
        "agent",
        "born",
        "branch",
        "context",
        "error",
        "handle",
        "invoked",
        "life",
        "listed",
        "number",
        "op",
        "overdue",
        "parent",
        "pending",
        "rank",
        "resume",
        "sim",
        "site",
        "step",
        "timer",
        "value",
        "watching",
    )

    def __init__(
        self, sim: Sim, agent: Agent, parent: Strand | None, number: int, context: Context
    ) -> None:
        self.sim = sim
        self.agent = agent
        self.parent = parent
        self.born = 0
        self.number = number
        self.rank: tuple[int, ...] = (*(parent.rank if parent else ()), self.number)
        self.branch = agent.strands
        agent.strands += 1
        whose = parent if parent is not None and parent.agent is agent else agent
        self.life: int = whose.life
        self.context = context
        self.step: Step | None = context.get(current_step)
        self.handle: Any = None  # Any: a coroutine, a trio task or an asyncio task
        self.resume: Callable[[Any], Any] | None = None  # Any: as above
        """Where its runtime can: what goes on with it, given an answer."""
        self.pending: Any = None  # Any: the asyncio future that its operation will resolve
        self.op: Operation | None = None
        self.value: Any = None  # Any: whatever the operation returns
        self.error: BaseException | None = None
        self.invoked = 0
        self.listed = False
        self.site = ""
        self.watching = False
        self.timer = 0
        self.overdue: list[Any] = []  # Any: a runtime's timeouts that it has not heard of yet

    @property
    def name(self) -> str:
        """The agent's name, with a number where the agent has several strands."""
        return f"{self.agent.name}/{self.branch}" if self.branch else self.agent.name

    @property
    def label(self) -> str:
        """Who does what to what: how a tape knows this option."""
        return f"{self.name}: {self.op.label}" if self.op else self.name

    def fire(self) -> None:
        """Its delay has passed: the operation can take effect."""
        self.sim.admit(self)

    def __repr__(self) -> str:
        return f"<Strand {self.label}>"
