"""A run that keeps its trail: for each turn who acted, what it touched, and since when it could.

Some strategies learn from it which orders can differ at all, and shrinking
needs to know which operation of an agent is about to happen. It costs about
as much as the run itself, so runs that nobody studies do not keep it.
"""

from __future__ import annotations

from contextvars import Context
from typing import Final

from pileup.choices import CLOCK_TURN, LOOP_TURN, Foot, Point, Strategy, Stream, Trail, Turn
from pileup.history import Outcome
from pileup.operations import CHANGE, READ, UPDATE, Firm, Operation
from pileup.settings import Budgets
from pileup.sim.agents import NOBODY, Agent, Strand
from pileup.sim.kernel import Sim

CREATION: Final = ("pileup", "strands", CHANGE)
"""What who starts an agent or a task touches: they are numbered in the order of their creation."""

DRAW: Final = ("pileup", "random", CHANGE)
"""What who draws at random touches: all draw from one source, in turns."""

WEATHER: Final = ("pileup", "faults", CHANGE)
"""What who is met by a fault rule touches that counts those whom it meets."""

CIRCLE: Final = ("pileup", "circle", CHANGE)
"""What who begins to wait for a row lock touches: of those in a circle the last one is refused."""

ROW_LOCKS: Final = ".lock"
"""How the resource is called whose locks are looked through for circles: `database.lock`, with
a key for each row; `memory.lock` is one lock without a key."""

ENDED: Final = ("pileup", "end", READ)
"""What an agent touches that ends: when all have, nothing more happens by itself."""

BY_ITSELF: Final = ("pileup", "end", UPDATE)
"""What happens by itself touches: whether it comes before the end can be seen in what is left."""

EVERYTHING: Final = ("", "", CHANGE)
"""What the clock touches, and an event loop that goes on: one of them is what others are not."""


class StudiedSim(Sim):
    """A run like any other, with its trail."""

    def __init__(self, strategy: Strategy, budgets: Budgets) -> None:
        super().__init__(strategy, budgets)
        self.trail = Trail()
        self._turns = self.trail.turns
        self._parked: dict[int, int] = {}
        self._line.point.trail = self.trail

    def park(self, strand: Strand, op: Operation) -> None:
        """Remember since which turn the operation can happen."""
        self._parked[strand.number] = len(self._turns) - 1
        if op.ready is not None and any(
            each.item.key and each.item.resource.endswith(ROW_LOCKS) for each in op.touches
        ):
            self._touch(CIRCLE)
        super().park(strand, op)

    def branch(self, agent: Agent, parent: Strand | None, context: Context) -> Strand:
        """Note that a strand was made: it got the next number."""
        self._touch(CREATION)
        return super().branch(agent, parent, context)

    def later(self, op: Operation) -> Strand:
        """Note that something was made to happen by itself: it got the next number."""
        self._touch(CREATION)
        return super().later(op)

    def forget(self, unattended: Strand) -> None:
        """Note that something will not happen by itself any more."""
        if unattended.op is not None:
            self._touch(_own(unattended))
        super().forget(unattended)

    def withdraw(self, strand: Strand) -> None:
        """Note who was left waiting, or cannot go on any more because somebody else has acted."""
        if self._is_over:
            self._note_left(strand)
        elif strand.op and self._turns and self._turns[-1].agent != strand.agent.index:
            self._touch(EVERYTHING)
        super().withdraw(strand)

    def finish(self, strand: Strand, result: object, error: BaseException | None) -> None:
        """Note that an agent has ended."""
        self._touch(ENDED)
        super().finish(strand, result, error)

    def note_draw(self) -> None:
        """Note that something was drawn at random."""
        self._touch(DRAW)

    def note_weather(self) -> None:
        """Note that a fault rule has counted an operation."""
        self._touch(WEATHER)

    def choose(self, stream: Stream, count: int, label: str, odds: float | None = None) -> int:
        """Let the strategy see the trail at every question."""
        if count < 2:  # noqa: PLR2004 - with one option there is nothing to choose
            return 0
        point = Point(stream, count, label, odds)
        point.trail = self.trail
        return self._answer(point, self._choices[stream])

    def step_beside_loop(self) -> Strand | None:
        """Note who goes while the loop has work of its own, or that the loop does.

        Whoever goes first goes along with that work, which may be anybody's. So
        all three are in order with everything: who has made it, and either choice.
        """
        self._touch(EVERYTHING)
        asked, turns = len(self._schedule), len(self._turns)
        strand = super().step_beside_loop()
        if len(self._schedule) > asked:
            if len(self._turns) == turns:
                self._begin(Turn(LOOP_TURN, LOOP_TURN, turns - 1, waits=False))
            self._touch(EVERYTHING)
        return strand

    def abandon(self) -> None:
        """Note what was still waited for when the run ended."""
        for strand in self._line.strands:
            if strand.handle is NOBODY:
                self._note_left(strand)
        super().abandon()

    def _note_left(self, strand: Strand) -> None:
        op = strand.op
        if op is None or type(op) is Firm or not (strand.listed or strand.watching):
            return
        turn = self._turn_of(strand, op)
        turn.feet += _feet(op)
        self.trail.left.append(turn)

    @property
    def _is_over(self) -> bool:
        """Whether what still happens is no part of the run: what it left behind is ended."""
        return self.ending is not None or not self._living

    def _apply(self, strand: Strand) -> None:
        assert strand.op is not None
        self._begin(self._turn_of(strand, strand.op))
        super()._apply(strand)

    def _pass_time(self, horizon: float) -> bool:
        if min(self.timers.next(), horizon) <= self.budgets.seconds:  # else it is the end
            self._begin(Turn(CLOCK_TURN, CLOCK_TURN, len(self._turns) - 1, waits=False))
            self._touch(EVERYTHING)
        return super()._pass_time(horizon)

    def _settle_effect(self, strand: Strand, op: Operation, outcome: Outcome) -> None:
        if self._turns:
            self._turns[-1].feet += _feet(op)
        super()._settle_effect(strand, op, outcome)

    def _turn_of(self, strand: Strand, op: Operation) -> Turn:
        parked, waits = self._parked[strand.number], op.ready is not None
        if strand.handle is not NOBODY:
            return Turn(strand.number, strand.agent.index, parked, waits=waits)
        # What happens by itself is all the world's in the history, but one of it knows no other.
        turn = Turn(strand.number, strand.number, parked, waits=waits)
        turn.feet = [BY_ITSELF, _own(strand)]
        return turn

    def _begin(self, turn: Turn) -> None:
        self._turns.append(turn)

    def _touch(self, foot: Foot) -> None:
        if self._turns and not self._is_over:  # what setup does comes before all choices
            self._turns[-1].feet.append(foot)


def _own(unattended: Strand) -> Foot:
    """Name a thing of its own for what is to happen by itself, since it may be taken back."""
    return ("pileup", f"by itself {unattended.number}", CHANGE)


def _feet(op: Operation) -> list[Foot]:
    """Name what an operation touched.

    An update that has told its agent what came of it does not commute with
    others, because the agent may go by the answer.
    """
    told = op.detail is not None
    return [
        (item.resource, item.key, CHANGE if told and access == UPDATE else access)
        for item, access in op.touches
    ]
