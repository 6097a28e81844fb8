"""Shrinking: the plainest run that shows a finding.

One gate, `consider`, makes a run and keeps it if it shows the same finding
and is plainer than the best so far; what is tried is up to the passes, which
are verbs. Everything shrinks together: agents, operations, faults, deviations
from the dull order, data. Before anything is taken away from the run that was
found, runs are tried that have next to nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from pileup.choices import CLOCK
from pileup.detectors.taxonomy import LASTING
from pileup.findings import Finding
from pileup.results import Run, Shrunk
from pileup.search.proving.prover import Prover
from pileup.search.shrinking.attempt import Attempt
from pileup.search.shrinking.gate import MOST_STEPS, Gate
from pileup.search.shrinking.reduce import lower, reduce
from pileup.settings import Limits
from pileup.strategies import Random
from pileup.strategies.follow import Follow, Sketch, Swerve

T = TypeVar("T")

MOST_SCRATCH: Final = 60
"""How many runs are tried that have one deviation and nothing else."""

MOST_SCRATCH_STEPS: Final = MOST_STEPS // 2
"""How many steps they may take, so that there are some left for what comes then."""

OTHERS: Final = 10
"""How many runs are made to see what else matters about the plainest one."""

FEW_OTHERS: Final = 3
"""How many where each takes very long."""

FREE: Final = 1 << 30
"""So many operations are no limit."""


def shrink(prover: Prover, finding: Finding, run: Run) -> Run:
    """Return the plainest run that can be found to show what a run has shown."""
    for stops in (True, False) if finding.kind in LASTING else (False,):
        shrinker = Shrinker(prover, finding, run, stops=stops)
        shrinker.shrink()
        if shrinker.gate.holds():
            break
    return shrinker.proved()


class Shrinker:
    """Tries what may be plainer.

    With `stops` a run may be cut off as soon as it shows the finding.
    """

    def __init__(self, prover: Prover, finding: Finding, run: Run, *, stops: bool) -> None:
        self.gate = Gate(prover, finding, run)
        self._stops = stops
        self._bodies = prover.program.bodies

    @property
    def best(self) -> Attempt:
        """The plainest run so far."""
        return self.gate.best

    def shrink(self) -> None:
        """Try all there is, again and again until nothing helps."""
        self.start_from_scratch()
        before = None
        while self.best.cost != before and not self.gate.is_tired:
            before = self.best.cost
            self.drop_faults()
            self.drop_agents()
            self.stop_after_the_proof()
            self.stop_earlier()
            self.drop_swerves()
            self.swerve_earlier()
            self.strike_earlier()
            self.drop_data()

    def proved(self) -> Run:
        """See the plainest run again, and tell how it was come by."""
        self.gate.forget_the_plan()
        best = self.best
        count = FEW_OTHERS if self.gate.steps >= MOST_STEPS else OTHERS
        others = [Follow(best.sketch, Random(number)) for number in range(count)]
        too = sum(self.gate.attempt(each, best.limits) is not None for each in others)
        shrunk = Shrunk(self.gate.found.size, best.size, self.gate.runs, too, count)
        lasting = {finding.fingerprint for finding in self.gate.lasting}
        run = self.gate.prover.prove(best.run, best.limits)
        findings = tuple(each for each in run.findings if each.fingerprint in lasting)
        return replace(run, findings=findings, shrunk=shrunk)

    # Passes --------------------------------------------------------------------------------

    def start_from_scratch(self) -> None:
        """Try the agents that the finding names, or their like, alone, with one deviation."""
        limits = self._limits(self._like(self.gate.found.named))
        if self.gate.consider(Sketch(), limits):
            return
        for swerve in _swerves(self.gate.turns)[:MOST_SCRATCH]:
            if self.gate.consider(Sketch((swerve,)), limits):
                return
            if self.gate.steps >= MOST_SCRATCH_STEPS:
                return

    def drop_faults(self) -> None:
        """Let no fault strike, or as few as do."""
        self._drop_answers("faults")

    def drop_data(self) -> None:
        """Let draws and answers be the usual ones."""
        self._drop_answers("data")

    def drop_agents(self) -> None:
        """Let as few agents begin as do, before the story is told."""
        acting = sorted({row.agent for row in self.best.story} & {*range(len(self._bodies))})
        if len(acting) > 1:
            most = dict(self.best.limits.most) if self.best.limits is not None else {}
            reduce(acting, lambda fewer: self._consider_limits(fewer, most))

    def stop_after_the_proof(self) -> None:
        """Let nobody do what comes after the proof."""
        did = Counter(row.agent for row in self.best.story if row.agent >= 0)
        self._consider_limits(sorted(did), did)

    def stop_earlier(self) -> None:
        """Let each agent do less, if that is enough."""
        for agent, _ in self.best.limits.most if self.best.limits is not None else ():
            lower(partial(self._most, agent), partial(self._stop, agent))

    def drop_swerves(self) -> None:
        """Let as many deviations go as can."""
        sketch = self.best.sketch
        reduce(
            list(sketch.swerves),
            lambda fewer: self.gate.consider(
                replace(self.best.sketch, swerves=tuple(fewer)), self.best.limits
            ),
        )

    def swerve_earlier(self) -> None:
        """Let each deviation come earlier in its agent's life."""
        for place in range(len(self.best.sketch.swerves)):
            lower(partial(self._moment, place), partial(self._swerve, place))

    def strike_earlier(self) -> None:
        """Let each fault strike an earlier one of the operations that it may strike."""
        for place in range(len(self.best.sketch.answers)):
            lower(partial(self._call, place), partial(self._strike, place))

    # What passes are made of ---------------------------------------------------------------

    def _drop_answers(self, stream: str) -> None:
        answers = self.best.sketch.answers
        dropped = [each for each in answers if each.stream == stream]

        def keep(fewer: list[T]) -> bool:
            kept = tuple(each for each in answers if each.stream != stream or each in fewer)
            return self.gate.consider(replace(self.best.sketch, answers=kept), self.best.limits)

        reduce(dropped, keep)

    def _limits(self, agents: Sequence[int]) -> Limits | None:
        if len(agents) in (0, len(self._bodies)):
            return None
        return Limits(len(self._bodies), tuple((each, FREE) for each in agents), self._stops)

    def _consider_limits(self, agents: Sequence[int], most: Counter[int] | dict[int, int]) -> bool:
        pairs = tuple((each, most.get(each, FREE)) for each in agents)
        limits = Limits(len(self._bodies), pairs, self._stops)
        return self.gate.consider(self.best.sketch, limits)

    def _most(self, agent: int) -> int:
        most = dict(self.best.limits.most) if self.best.limits is not None else {}
        limit = most.get(agent, 0)
        return 0 if limit == FREE else limit

    def _stop(self, agent: int, most: int) -> bool:
        assert self.best.limits is not None
        pairs = {**dict(self.best.limits.most), agent: most}
        limits = replace(self.best.limits, most=tuple(pairs.items()))
        return self.gate.consider(self.best.sketch, limits)

    def _moment(self, place: int) -> int:
        swerves = self.best.sketch.swerves
        return swerves[place].turns if place < len(swerves) else 0

    def _swerve(self, place: int, turns: int) -> bool:
        swerves = list(self.best.sketch.swerves)
        swerves[place] = swerves[place]._replace(turns=turns)
        return self.gate.consider(
            replace(self.best.sketch, swerves=tuple(swerves)), self.best.limits
        )

    def _call(self, place: int) -> int:
        answers = self.best.sketch.answers
        return answers[place].place + 1 if place < len(answers) else 0

    def _strike(self, place: int, call: int) -> bool:
        answers = list(self.best.sketch.answers)
        answers[place] = answers[place]._replace(place=call - 1)
        return self.gate.consider(
            replace(self.best.sketch, answers=tuple(answers)), self.best.limits
        )

    def _like(self, agents: Sequence[int]) -> list[int]:
        """Take for each of these agents the first one that is like it."""
        free = list(range(len(self._bodies)))
        found = []
        for agent in agents:
            like = next(each for each in free if self._bodies[each] == self._bodies[agent])
            free.remove(like)
            found.append(like)
        return sorted(found)


def _swerves(turns: dict[str, int]) -> list[Swerve]:
    """Return all single deviations, the earliest first."""
    most = max(turns.values(), default=0)
    return [
        Swerve(who, turn, instead)
        for turn in range(1, most)
        for who in turns
        if turn < turns[who]
        for instead in (*turns, CLOCK)
        if instead != who
    ]
