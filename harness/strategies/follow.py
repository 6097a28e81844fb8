"""A run as a sketch: what in it was unusual, so that it survives that all else is changed.

A tape says "the third option at the seventh question", which means something
else as soon as one agent is taken out of the run. A sketch says "when `a` had
done two things, `b` went first"; what never comes up is passed over, and
everything else is dull. So parts of a sketch can be left out one by one, which
is what shrinking does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

from pileup.choices import CLOCK, UNATTENDED, Candidate, Point, Strategy, Stream, Trail

FEW: Final = 16
"""Of so many candidates it is noted who they are."""


class Swerve(NamedTuple):
    """When `who` would have gone on after so many turns, `instead` did."""

    who: str
    turns: int
    instead: str


class Answer(NamedTuple):
    """To the `place`-th question of that wording the answer was another than the usual one."""

    stream: Stream
    question: str
    place: int
    answer: int


@dataclass(frozen=True)
class Sketch:
    """All that is unusual about a run."""

    swerves: tuple[Swerve, ...] = ()
    answers: tuple[Answer, ...] = ()


class Follow:
    """Do as a sketch says, or as another strategy does; either way note what was unusual.

    Where the sketch says nothing all is dull, or as somebody says who is `otherwise` asked.
    """

    name = "follow"
    studies = True
    done = False

    def __init__(self, leader: Sketch | Strategy, otherwise: Strategy | None = None) -> None:
        self._leader = leader
        self._otherwise = otherwise
        self.begin(0)

    def begin(self, run: int) -> None:
        """Start anew."""
        self._seen = run * 0
        self._turns: Counter[int] = Counter()
        self._asked: Counter[tuple[str, str]] = Counter()
        self.turns: dict[str, int] = {}
        """How many turns each strand had had when it was asked about last, by name."""
        self._swerves: list[Swerve] = []
        self._answers: list[Answer] = []
        self._due: dict[tuple[str, int], list[str]] = {}
        self._owed: dict[tuple[str, str, int], int] = {}
        if isinstance(self._leader, Sketch):
            for swerve in self._leader.swerves:
                self._due.setdefault((swerve.who, swerve.turns), []).append(swerve.instead)
            self._owed = {each[:3]: each.answer for each in self._leader.answers}
        for strategy in (self._leader, self._otherwise):
            if isinstance(strategy, Strategy):
                strategy.begin(run)

    def learn(self, trail: Trail) -> None:
        """Count the last turns too."""
        self._look_back(trail)

    @property
    def sketch(self) -> Sketch:
        """What was unusual about the run."""
        return Sketch(tuple(self._swerves), tuple(self._answers))

    def choose(self, point: Point) -> int:
        """Answer as usual, unless something else is due."""
        if point.stream != "schedule":
            return self._answer(point)
        assert point.trail is not None
        self._look_back(point.trail)
        dull = point.strand(0)
        who, turns = name_of(dull), self._turns[dull.number]
        self.turns[who] = turns + 1
        if point.count <= FEW:
            for index in range(1, point.count - point.jump):
                self.turns.setdefault(name_of(point.strand(index)), 0)
        index = self._find(point, who, turns)
        if index:
            other = point.candidate(index)
            self._swerves.append(Swerve(who, turns, CLOCK if other is None else name_of(other)))
        return index

    def _find(self, point: Point, who: str, turns: int) -> int:
        if not isinstance(self._leader, Sketch):
            return self._leader.choose(point)
        due = self._due.get((who, turns))
        if not due:
            return 0 if self._otherwise is None else self._otherwise.choose(point)
        instead = due.pop(0)
        if instead == CLOCK:
            return point.count - 1 if point.jump else 0
        for index in range(1, point.count - point.jump):
            if name_of(point.strand(index)) == instead:
                return index
        return 0

    def _answer(self, point: Point) -> int:
        asked = (point.stream, point.label)
        place = self._asked[asked]
        self._asked[asked] += 1
        if isinstance(self._leader, Sketch):
            answer = self._owed.get((*asked, place), point.usual)
            answer = answer if answer < point.count else point.usual
        else:
            answer = self._leader.choose(point)
        if answer != point.usual:
            self._answers.append(Answer(point.stream, point.label, place, answer))
        return answer

    def _look_back(self, trail: Trail) -> None:
        turns = trail.turns
        for place in range(self._seen, len(turns)):
            self._turns[turns[place].strand] += 1
        self._seen = len(turns)


def name_of(strand: Candidate) -> str:
    """Name a strand as in another run; what happens by itself is known by what it does."""
    return strand.label if strand.number >= UNATTENDED else strand.name
