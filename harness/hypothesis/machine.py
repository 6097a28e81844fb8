"""A state machine whose rules hand actions out to agents, which then act at once.

    class Till(Machine):
        sells = action(sell, amount=st.integers(1, 9))

        @invariant()
        def nothing_is_lost(self):
            assert self.world.memory.peek("till") == sum(each.given["amount"] for each in self.done)

    TestTill = Till.TestCase

Each rule made by `action` hands one job to an agent of its own; `go` lets all
agents run that have one, concurrently, in a drawn order. When all have ended
the world is quiet: then the invariants are checked, preconditions look at it,
and the next jobs are handed out. Everything of Hypothesis' own (bundles,
preconditions, invariants, initialize, rules of the model's) works beside it.

A round is run together with all rounds before it, anew: so each run begins in
the world that `setup` makes, and Hypothesis can draw while no run is on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, Final

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, precondition, rule

import pileup
from pileup.faults import Plan, Rule
from pileup.hypothesis.binding import expect, name_of
from pileup.hypothesis.jobs import Job, Round, Rounds, Turns
from pileup.hypothesis.playing import Played, play
from pileup.hypothesis.schedules import Schedule, joined, schedules
from pileup.settings import Budgets

HANDS_OUT: Final = "pileup_hands_out"
STEPS: Final = 20
"""How many steps an example has at most; each round is run once more for every one after it."""

PHASES: Final = tuple(each for each in Phase if each is not Phase.explain)
"""Explaining takes ten times as long as all else, and can say nothing of a machine's arguments."""


def action(
    agent: Callable[..., object],
    *,
    target: Bundle[Any] | None = None,
    **drawn: st.SearchStrategy[Any],
) -> Any:  # Any: a rule, which Hypothesis alone looks into
    """Make a rule that hands out a job: an agent that takes `(world, me)` and what is drawn.

    What it returns goes to the bundle `target`; an action that is given that
    waits for it. A rule of your own that is given it finds a `Job`, whose
    `result` is there after the next `go`.
    """
    expect(agent, drawn)

    def hand_out(self: Machine, **given: object) -> Job | None:
        job = Job(name_of(agent), agent, given)
        self.handed_out.append(job)
        return None if target is None else job

    hand_out.__name__ = name_of(agent)
    declare: Any = rule  # Any: its overloads know a target or none, and not whichever there is
    ruled = declare(**drawn, **({} if target is None else {"target": target}))(hand_out)
    made = precondition(lambda self: len(self.handed_out) < self.at_once)(ruled)
    setattr(made, HANDS_OUT, hand_out)
    return made


class Machine(RuleBasedStateMachine):
    """Actions of agents, and what holds whenever all of them have ended.

    `at_once` is how many agents act at once at most. The rest is what
    `pileup.explore` takes under the same names, and `ignore` what
    `assert_clean` takes.
    """

    at_once: ClassVar[int] = 4
    faults: str | Rule | Plan | Sequence[Rule | Plan] | None = None
    backend: str | None = None
    budgets: Budgets = Budgets()
    allow_real: Collection[str] = ()
    ignore: Collection[str] = ()

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in vars(cls).items():
            hand_out = getattr(value, HANDS_OUT, None)
            if hand_out is not None:  # so that what Hypothesis prints is what stands in the class
                hand_out.__name__ = name
        cls.TestCase.settings = settings(
            cls.TestCase.settings, stateful_step_count=STEPS, phases=PHASES
        )

    def __init__(self) -> None:
        super().__init__()
        self.handed_out: list[Job] = []
        self._rounds: list[Round] = []
        self._played: Played | None = None
        self._is_checked = True

    def setup(self, sim: pileup.Sim) -> Any:  # Any: the world is the user's own type
        """Make the world; without it, it is `pileup.fakes.World`."""
        from pileup.fakes import World

        return World(sim)

    @property
    def world(self) -> Any:  # Any: the same world
        """The world as the last round has left it."""
        if self._played is None:
            self._played = self._play()
        return self._played.world

    @property
    def done(self) -> list[Job]:
        """The jobs that are done, round by round, in the order in which they were handed out."""
        return [job for each in self._rounds for job in each.jobs if job.is_done]

    @precondition(lambda self: bool(self.handed_out))
    @rule(order=schedules())
    def go(self, order: Schedule) -> None:
        """Let all agents act that have something to do."""
        self._rounds.append(Round(self.handed_out, order))
        self.handed_out, self._is_checked = [], False
        self._played = self._play()
        self._played.assert_clean(self.ignore)

    def check_invariants(self, *args: Any, **kwargs: Any) -> None:  # Any: Hypothesis' own
        """Check them once when a round has ended, because in between nothing happens."""
        if self._is_checked:
            return
        self._is_checked = True
        try:
            super().check_invariants(*args, **kwargs)
        except Exception as error:
            error.add_note(f"\n{self._play(prove=True)}")
            raise

    def _play(self, *, prove: bool = False) -> Played:
        turns = Turns(self._rounds)
        scenario = pileup.Scenario(
            Rounds(type(self).__name__, self._rounds, turns),
            agents=1,
            setup=self.setup,
            faults=joined(self.faults),
            backend=self.backend,
            budgets=self.budgets,
            allow_real=self.allow_real,
        )
        return play(scenario, turns, prove=prove, again=False)
