"""The line of candidates, held against the plainest thing that could do the same."""

from __future__ import annotations

from contextvars import Context
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pileup.choices import Point
from pileup.operations import Operation, nothing
from pileup.settings import Budgets
from pileup.sim.agents import Agent, Strand
from pileup.sim.kernel import Sim
from pileup.sim.line import Line
from pileup.strategies import Dull


def strand(sim: Sim, number: int, parent: Strand | None = None) -> Strand:
    agent = Agent(sim, nothing, f"a{number}", session="", role="", parent=None, number=number)
    made = Strand(sim, agent, parent, number, Context())
    made.op = Operation("wait", (), nothing)
    return made


class Answering(Dull):
    """Gives one answer, whatever the question."""

    def __init__(self, answer: int) -> None:
        super().__init__()
        self._answer = answer

    def choose(self, point: Point) -> int:
        return self._answer


class LineAgainstSortedSet(RuleBasedStateMachine):
    """The model: a sorted list of those who can go on, and the rank of the last who went."""

    def __init__(self) -> None:
        super().__init__()
        sim = Sim(Dull(), Budgets())
        roots = [strand(sim, number) for number in range(4)]
        children = [strand(sim, 4 + number, roots[number % 4]) for number in range(4)]
        self.all = roots + children
        self.line = Line(patience=1_000)
        self.mark: tuple[int, ...] = ()

    def expected(self) -> list[Strand]:
        present = sorted((each for each in self.all if each.listed), key=lambda each: each.rank)
        after = [each for each in present if each.rank >= self.mark]
        return after + [each for each in present if each.rank < self.mark]

    @rule(number=st.integers(0, 7))
    def enter_or_leave(self, number: int) -> None:
        subject = self.all[number]
        (self.line.leave if subject.listed else self.line.enter)(subject)

    @rule(number=st.integers(0, 7))
    def turn(self, number: int) -> None:
        self.line.turn_to(self.all[number])
        self.mark = self.all[number].rank

    @precondition(lambda self: self.line.strands)
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        expected = self.expected()
        index = data.draw(st.integers(0, len(expected) - 1))
        assert self.line.ask(Answering(index), [], jump=False) is expected[index]
        self.mark = expected[index].rank

    @precondition(lambda self: self.line.strands)
    @rule(data=st.data(), loop_last=st.booleans())
    def take_beside_a_loop(self, data: st.DataObject, loop_last: bool) -> None:
        loop = strand(Sim(Dull(), Budgets()), 99)
        in_order: list[Any] = sorted(self.line.strands, key=lambda each: each.rank)
        options = [*in_order, None] if loop_last else [None, *in_order]
        index = data.draw(st.integers(0, len(options) - 1))
        point = self.line.question_beside(loop, loop_last=loop_last)
        assert point.count == len(options)
        taken = self.line.take_beside(index)
        assert taken is options[index]
        if taken is not None:
            self.mark = taken.rank

    @invariant()
    def the_options_stand_in_the_model_s_order(self) -> None:
        if self.line.strands:
            clock = Answering(len(self.line.strands))
            assert self.line.ask(clock, [], jump=True) is None
            point = self.line.point
            options = [point.candidate(index) for index in range(point.count)]
            assert options == [*self.expected(), None]


TestLine = LineAgainstSortedSet.TestCase
TestLine.settings = settings(max_examples=150, deadline=None, derandomize=True)


@given(st.integers(1, 5))
def test_after_enough_steps_in_a_row_option_0_moves_on(patience: int) -> None:
    sim = Sim(Dull(), Budgets())
    line = Line(patience)
    first, second = strand(sim, 0), strand(sim, 1)
    line.enter(first)
    line.enter(second)
    taken = [line.ask(Answering(0), [], jump=False) for _ in range(patience + 3)]
    assert taken == [first] * (patience + 2) + [second]
