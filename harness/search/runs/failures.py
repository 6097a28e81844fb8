"""Agents that failed: what they raised, from where, and which fault led to it.

Not every failure is news. What the fault plan did to an agent itself is none;
nor is a sub-agent's that its parent has been told of, or for which its parent
has waited and then given up. Under a fault plan one weak spot shows at each
line where a fault can strike, so failures that a fault explains are one
finding for each role, fault and error. Explained is only

* an error that the fault raised, or that says it was raised because of it;
* a sub-agent's crash that its parent did not handle;
* what a library raised (a parser, a client) about an answer that the fault
  had spoiled, or a timeout that the fault used up, where nothing came after it.

What was raised while such an error was handled may be a mistake of the handler,
and what the user's own code raises about a spoiled answer is one of many lines
that look at it. Those keep their lines.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from typing import Final, NamedTuple

from pileup.errors import Crashed, RunOver
from pileup.faults.catalogue import CATALOGUE
from pileup.findings import Finding
from pileup.history import INFO, History, RawRow
from pileup.sim.agents import Agent
from pileup.sim.kernel import Sim
from pileup.sim.paths import AFTERMATH
from pileup.sim.stacks import is_own, place

ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")
"""What a default repr in a message ends with: another one in every run."""

STRUCK: Final = frozenset(("Cancelled", "CancelledError", "Crashed"))
"""How an agent ends that was crashed or cancelled, under the native driver, trio and asyncio."""

LIFE: Final = ("start", "end", "give up", *AFTERMATH)
"""Rows that are no deeds of an agent."""


class Fault(NamedTuple):
    """What explains a failure: the fault, and what it befell in words."""

    name: str
    befell: str


def failures(sim: Sim) -> Iterator[Finding]:
    """Say of each agent what it raised, where that is news."""
    failed = [agent for agent in sim.agents if agent.error is not None and not agent.collected]
    given_up = _given_up(sim) if any(agent.parent for agent in failed) else {}
    for agent in failed:
        error = agent.error
        if error is None or isinstance(error, RunOver):
            continue  # it was told to unwind; how the run ended is reported by itself
        if agent.struck and type(error).__name__ in STRUCK:
            continue  # the fault plan did it, so it is no news
        if agent.name not in given_up:
            yield _failure(sim, agent, innermost(error))


def _given_up(sim: Sim) -> dict[str, None]:
    """Return the sub-agents for which somebody has waited, and then no longer did."""
    rows = sim.history.rows
    if sim.ending is not None:  # what was waited for then, nobody has given up
        rows = rows[: len(rows) - len(left_waiting(sim.history))]
    joins = [row for row in rows if row[0] == "join" and row[1] and row[8] == INFO and not row[2]]
    return dict.fromkeys([row[1][0].item.key for row in joins])


def left_waiting(history: History) -> tuple[int, ...]:
    """Return the rows of what was still waited for when nothing could happen any more."""
    number = len(history.rows)
    while number and history.rows[number - 1][8] == INFO and not history.rows[number - 1][2]:
        number -= 1
    return tuple(range(number, len(history.rows)))


def _failure(sim: Sim, agent: Agent, error: BaseException) -> Finding:
    said, rest = said_by(error)
    raised = f"{type(error).__name__}: {said}".rstrip(": ")
    where = origin(error)
    ended = raised.removesuffix(".") + (f" at {where}" if where else "")
    fault = _fault(sim, agent, error)
    why = "" if fault is None else f"\n{_told(agent, fault)}"
    line = where.partition(":")[2] if fault is None else f"after {fault.name}"
    return Finding(
        kind="agent_failed",
        severity="high",
        title=f"{agent.name} raised {raised}",
        explanation=f"{agent.name} ended with {ended}.{why}\n{rest}".rstrip(),
        agents=(agent.name,),
        advice="handle the error in the agent, or remove the race that leads to it"
        if fault is None
        else "handle the error in the agent: try again, or end in such a way that others can go on",
        mark=f"{agent.role} {type(error).__name__} {line}",
    )


def _told(agent: Agent, fault: Fault) -> str:
    says = CATALOGUE[fault.name].says
    return (
        f"The fault {fault.name!r} that befell {fault.befell} led to it ({says}). All that "
        f"{agent.role} raises of this kind because of it is one finding, whichever line it struck."
    )


# Which fault -------------------------------------------------------------------------------------


def _fault(sim: Sim, agent: Agent, error: BaseException) -> Fault | None:
    """Return the fault that explains an error."""
    for each in _causes(error):
        for struck, name, label in sim.faulted:
            if struck is each:
                return Fault(name, label)
        if isinstance(each, Crashed):
            whose = str(each).partition(" ")[0]
            return Fault("crash" if each.__cause__ is None else "cancel", whose)
    return _spoiled(sim, agent, error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error, and those because of which it says that it was raised."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and not any(each is other for other in seen):
        seen.append(each)
        yield each
        each = each.__cause__
        each = None if each is None else innermost(each)


def _spoiled(sim: Sim, agent: Agent, error: BaseException) -> Fault | None:
    """Return the fault that spoiled the last thing an agent did, if a library complained of it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    row = _last_deed(sim, agent)
    if row is None or row[10] is None or (frames and is_own(frames[-1])):
        return None
    note, late = row[11], isinstance(error, TimeoutError) and row[8] == INFO
    if late or (note is not None and (note.refused is not None or note.faulty is not None)):
        return Fault(row[10], " ".join([row[0], *[touch.item.name for touch in row[1][:1]]]))
    return None


def _last_deed(sim: Sim, agent: Agent) -> RawRow | None:
    mine = (row for row in reversed(sim.history.rows) if row[3] == agent.index)
    return next((row for row in mine if row[0] not in LIFE), None)


# Errors ------------------------------------------------------------------------------------------


def said_by(error: BaseException) -> tuple[str, str]:
    """Split an error's message into its first line, which makes a title, and the rest."""
    said, _, rest = ADDRESS.sub("", str(error)).strip().partition("\n")
    return said.rstrip(), rest


def innermost(error: BaseException) -> BaseException:
    """Look into exception groups, which say nothing but that tasks failed."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def origin(error: BaseException) -> str:
    """Name the user's own line that an error came from, or a library's where there is none."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = [frame for frame in frames if is_own(frame)]
    places = [place(frame) for frame in (*frames, *own)]
    return next((each for each in reversed(places) if each is not None), "")
