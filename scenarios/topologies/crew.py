"""The emergent crew, an anti-pattern: five roles and one board, and nobody who says who does what.

    board <- researcher, analyst, accountant, clerk, manager

Each looks at the board, and does what seems to be its own and is not done yet.
Breaks where two think that of the same step, which is then done twice; where
nothing seems to be its own, so it looks again and asks the model again, and
again; and where those who might have done the rest have lost patience. Hardened,
a step is claimed on the board before it is done and noted when it is, so that the
next try begins with it, who looks in vain three times is sent home, and what the
others then leave undone is a human's. What is inherent: everybody asks the model
what to do before anything is done, many times what one agent asks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pileup
from pileup.fakes.model import Model, Prompt
from pileup.scenarios.controls.caps import CapReached
from pileup.scenarios.documents.joining import all_of
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.tasks import NeedsHuman
from pileup.scenarios.topologies.steps import STEPS, do, done_before, possible
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk

ROLES: Final = {
    "researcher": ("read", "extract"),
    "analyst": ("extract", "judge", "record"),
    "accountant": ("record", "enter", "charge"),
    "clerk": ("compose", "enter", "notify"),
    "manager": tuple(STEPS),
}
"""What each of them takes for its own; a manager takes care of everything."""

FIGURE_IT_OUT: Final = (
    "You work on an invoice with others. Look at the board, and do what is needed."
)
OVER, WAIT = "over", "wait"
LOOKS: Final = 25
"""So often somebody looks at the board before it has had enough."""

PAUSE: Final = 5.0
"""Seconds that those who are patient wait before they look again."""

Board: TypeAlias = dict[str, Any]  # Any: what a step came to
"""What is pinned up: the steps that are done, each with its result, and those somebody is at."""

DONE, TAKEN = "done", "taken"


def teach(model: Model) -> None:
    """Declare what a model makes of a board."""

    @model.rule(FIGURE_IT_OUT)
    def figure_out(prompt: Prompt) -> object:
        role, *lines = prompt.text.splitlines()[1:]
        seen = dict(line.partition(": ")[::2] for line in lines if line)
        done = [name for name, state in seen.items() if state == DONE]
        mine = [each for each in possible(done) if each not in seen and each in ROLES[role]]
        if mine:
            return mine[0]
        return OVER if len(done) == len(STEPS) else WAIT


async def crew(desk: Desk) -> Outcome:
    """Put up a board, and let everybody begin."""
    name = f"board of {desk.me.name if desk.controls.scratchpads else desk.task.number}"
    board = {step: (DONE, result) for step, result in (await done_before(desk)).items()}
    await desk.call("pin", partial(desk.office.memory.set, name, board))
    members = [desk.start(figure_it_out, role, name, role=role) for role in ROLES]
    gave_up = list(filter(None, await all_of(desk, members)))
    if desk.controls.partial_policy and not _is_whole(await _look(desk, name)):
        raise NeedsHuman(f"it is not done: {'; '.join(gave_up) or 'everybody has gone home'}")
    return Outcome("done")  # for everybody has gone home


async def figure_it_out(desk: Desk, role: str, name: str) -> str:
    """Work on it until it is done, or there is a reason not to."""
    try:
        await _work(desk, role, name)
    except CapReached as error:
        return f"{role} was stopped, because {error}"
    return ""


async def _work(desk: Desk, role: str, name: str) -> None:
    """Look at the board, and do what seems to be needed."""
    for _ in range(LOOKS):
        board = await _look(desk, name)
        choice = await desk.ask(_question(role, board), partial(_sensible, desk, board))
        if choice == OVER:
            return
        if choice == WAIT:
            await _wait(desk, role, board)
        elif not desk.controls.exclusion or await _pin(desk, name, choice, TAKEN):
            result = await do(desk, choice, _done(board))
            await _pin(desk, name, choice, DONE, result)


def _question(role: str, board: Board) -> str:
    return "\n".join((FIGURE_IT_OUT, role, *(f"{step}: {board[step][0]}" for step in board)))


def _sensible(desk: Desk, board: Board, answer: str) -> str:
    """Accept what can be done now; without a gate, whatever is no step is to wait."""
    if answer in possible(_done(board)) or answer in (OVER, WAIT):
        return answer
    if desk.controls.gates:
        raise ValueError(f"it must be one of {', '.join(possible(_done(board)))}, {OVER}, {WAIT}")
    return WAIT


async def _wait(desk: Desk, role: str, board: Board) -> None:
    if desk.controls.loop_detection:
        desk.task.loops.note(_question(role, board))
    if desk.controls.backoff:
        await pileup.sleep(PAUSE)


# The board --------------------------------------------------------------------------------------


async def _look(desk: Desk, name: str) -> Board:
    board: Board = await desk.call("look", partial(desk.office.memory.get, name))
    return board


async def _pin(desk: Desk, name: str, step: str, state: str, result: object = None) -> bool:
    """Pin up how a step stands; where several may want it, whether one was the first."""
    memory = desk.office.memory
    while True:
        board = await _look(desk, name)
        after = {**board, step: (state, result)}
        if not desk.controls.exclusion:
            await desk.call("pin", partial(memory.set, name, after))
            return True
        if step in board and state == TAKEN:
            return False
        if await desk.call("pin", partial(memory.swap, name, board, after)):
            return True


def _is_whole(board: Board) -> bool:
    return len(_done(board)) == len(STEPS)


def _done(board: Board) -> Board:
    """Return what the steps that are done have come to."""
    return {step: result for step, (state, result) in board.items() if state == DONE}


CREW = Topology("crew", crew, "five roles figure it out", teach, is_anti_pattern=True)
