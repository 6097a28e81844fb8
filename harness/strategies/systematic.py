"""Systematic: every order that can make a difference, each once, and then it is done.

Of all orders of a run's turns most come to the same: two agents that touch
different things may go in either order. After each run this search looks for
pairs of turns that conflicted and could have come the other way round, and
tries that next (optimal dynamic partial-order reduction, on the footprints of
operations). When no such pair is left, all orders have been tried. Deadlines
that may pass early, faults and other small choices are tried as well, up to
a number of them in each run.

An agent that polls could be let poll for ever. One that has seen the same
things unchanged a number of times in a row is held back until they change, or
until nobody else can go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.choices import CLOCK_TURN, Candidate, Point, Trail, Turn
from pileup.errors import NotDeterministic
from pileup.operations import CHANGE, Footprint
from pileup.strategies._order import Deed, Order, apart, deed_of
from pileup.strategies._polls import Polls
from pileup.strategies._wakeups import Branch, count_leaves, insert, is_covered

MOST_OPTIONS: Final = 16
"""A question that is not about the schedule and has more options than this is answered dully."""

CLOCK: Final = Deed(CLOCK_TURN, CLOCK_TURN, frozenset((("", "", CHANGE),)))


UNKNOWN: Final = -3
"""Whose a strand is that has not gone yet."""


class _Fork:
    """A question about the schedule: who has been tried here, who is now, who is to be."""

    __slots__ = ("asleep", "branches", "known", "offered", "turn")

    def __init__(self, turn: int, offered: frozenset[int], asleep: dict[int, Deed]) -> None:
        self.turn = turn
        self.offered = offered
        self.asleep = asleep
        self.branches: list[Branch] = []
        self.known = False

    def know(self, turn: Turn) -> None:
        """Replace what a deed was expected to touch by all that it has touched."""
        branch, deed = self.branches[0], deed_of(turn)
        known = branch.deed.feet if self.known else frozenset()
        branch.deed = Deed(deed.strand, deed.agent, deed.feet | known)
        self.known = True

    def leave(self) -> bool:
        """Let what has been tried sleep; whether something is left to try."""
        tried = self.branches.pop(0).deed
        self.asleep[tried.strand] = tried
        self.known = False
        return bool(self.branches)


class _Draw:
    """Another question: which answer is given now, and which are to be."""

    __slots__ = ("answers", "turn")

    def __init__(self, turn: int, answers: list[int]) -> None:
        self.turn = turn
        self.answers = answers

    def leave(self) -> bool:
        """Drop the answer that has been given; whether another is left."""
        del self.answers[0]
        return bool(self.answers)


class Systematic:
    """All orders within bounds: so many early deadlines and so many faults in each run."""

    name = "systematic"

    def __init__(self, *, jumps: int = 2, faults: int = 1) -> None:
        self._most_jumps = jumps
        self._most_faults = faults
        self._path: list[_Fork | _Draw] = []
        self.done = False
        self.orders = 0
        """How many runs were made that no other came to the same as."""
        self.left_out: set[str] = set()
        """What was not tried, in words."""
        self.begin(0)

    @property
    def studies(self) -> bool:
        """Every run."""
        return True

    def begin(self, run: int) -> None:
        """Go down the path again, whatever the run's number."""
        self._depth = self._jumps = self._faults = self._seen = run * 0
        self._asleep: dict[int, Deed] = {}
        self._guide: list[Branch] = []
        self._polls = Polls()
        self._idle = False

    def choose(self, point: Point) -> int:
        """Answer as on the path; at its end take the dullest that has not been tried."""
        assert point.trail is not None
        if self._idle:
            return point.usual
        if point.stream != "schedule":
            return self._answer(point, point.trail)
        self._look_back(point.trail)
        if self._idle:
            return 0
        if self._depth == len(self._path):
            fork = self._fork(point, point.trail)
            if fork is None:
                self._idle = True  # all that could go on here has been seen in another order
                return 0
            self._path.append(fork)
        fork = self._path[self._depth]
        assert isinstance(fork, _Fork)
        self._depth += 1
        return self._take(fork, point)

    def learn(self, trail: Trail) -> None:
        """See which turns of the run could have come the other way round, and go on to the next."""
        self._look_back(trail)
        for fork in self._forks():
            fork.know(trail.turns[fork.turn])
        if not self._idle:
            self.orders += 1
            self._extend(trail)
        self._advance()

    def claim(self, runs: int) -> str:
        """Say what it means that nothing was found."""
        if not self.done:
            return f"{self.orders} inequivalent orders were tried; at least {self.left} are left"
        return f"all {self.orders} inequivalent orders were tried{self._bounds()}"

    @property
    def left(self) -> int:
        """How many orders are known that have not been tried; more may come up."""
        forks = sum(count_leaves(fork.branches) for fork in self._forks())
        return forks + sum(len(each.answers) for each in self._path if isinstance(each, _Draw))

    def _bounds(self) -> str:
        return f" ({'; '.join(sorted(self.left_out))})" if self.left_out else ""

    # Going down ----------------------------------------------------------------------------

    def _look_back(self, trail: Trail) -> None:
        """Wake those whom what has happened concerns; nobody may have gone who is asleep."""
        for turn in trail.turns[self._seen :]:
            deed = deed_of(turn)
            self._idle |= turn.strand in self._asleep
            if self._asleep:
                self._asleep = {
                    who: what for who, what in self._asleep.items() if apart(what, deed)
                }
            for branch in self._guide:
                if branch.deed.strand == turn.strand:
                    self._guide = branch.after
                    break
            self._polls.see(turn)
        self._seen = len(trail.turns)

    def _fork(self, point: Point, trail: Trail) -> _Fork | None:
        """Open a question that has not been asked on this path; None if nothing is left to try."""
        candidates = [_strand(point, index) for index in range(point.count - point.jump)]
        free = [each for each in candidates if not self._polls.holds(each.number)]
        if len(free) < len(candidates):
            self.left_out.add("agents that polled in vain were held back until something changed")
        if not free and not point.jump:
            free = candidates
        fork = _Fork(len(trail.turns), frozenset(each.number for each in free), self._asleep)
        fork.branches = [_copy(each) for each in self._guide if each.deed.strand in fork.offered]
        awake = [each for each in free if each.number not in self._asleep]
        if not fork.branches and awake:
            fork.branches.append(Branch(_pending(awake[0])))
        if point.jump and self._may_jump(free) and CLOCK_TURN not in self._asleep:
            fork.branches.append(Branch(CLOCK))
        return fork if fork.branches else None

    def _may_jump(self, free: list[Candidate]) -> bool:
        """Whether a deadline may pass now; one that has to is no early one."""
        if free and self._jumps >= self._most_jumps:
            self.left_out.add(f"with at most {self._most_jumps} early deadlines in a run")
            return False
        return True

    def _take(self, fork: _Fork, point: Point) -> int:
        """Let the one go whose turn it is to be tried."""
        self._asleep = dict(fork.asleep)
        self._guide = fork.branches[:1]
        number = fork.branches[0].deed.strand
        if number == CLOCK_TURN:
            self._jumps += bool(fork.offered)
            return point.count - 1
        for index in range(point.count - point.jump):
            if _strand(point, index).number == number:
                return index
        raise NotDeterministic(
            "An order that was taken before cannot be taken again: somebody who could go on then "
            "cannot now. Probably something outlives a run. See docs/determinism.md."
        )

    def _answer(self, point: Point, trail: Trail) -> int:
        """Give each small answer in turn, the usual one first, up to so many others in a run."""
        if self._depth == len(self._path):
            self._path.append(_Draw(len(trail.turns), self._answers(point)))
        draw = self._path[self._depth]
        assert isinstance(draw, _Draw)
        self._depth += 1
        self._faults += draw.answers[0] != point.usual
        return draw.answers[0]

    def _answers(self, point: Point) -> list[int]:
        usual = point.usual
        others = [each for each in range(point.count) if each != usual]
        if point.odds is not None and point.odds >= 1:
            return [usual]
        if point.count > MOST_OPTIONS:
            self.left_out.add(f"with one answer to '{point.label}'")
            return [usual]
        if self._faults >= self._most_faults:
            self.left_out.add(f"with at most {self._most_faults} faults in a run")
            return [usual]
        return [usual, *others]

    # Coming back ---------------------------------------------------------------------------

    def _forks(self) -> Iterator[_Fork]:
        return (each for each in self._path if isinstance(each, _Fork))

    def _extend(self, trail: Trail) -> None:
        """Note what is to be tried since it could have gone the other way round."""
        forks = {fork.turn: fork for fork in self._forks()}
        order = Order(trail)
        nobody: frozenset[int] = frozenset()
        offered = [
            forks[turn].offered if turn in forks else nobody for turn in range(len(trail.turns))
        ]
        for first, deeds in order.races(offered):
            fork = forks.get(first)
            if fork is None or deeds[0].strand not in fork.offered:
                continue  # nobody else could go there
            if not is_covered(fork.asleep.values(), deeds):
                insert(fork.branches, deeds)

    def _advance(self) -> None:
        """Leave what has been tried, and go back to the last question with something to try."""
        while self._path:
            last = self._path[-1]
            if last.leave():
                return
            self._path.pop()
        self.done = True


def _pending(strand: Candidate) -> Deed:
    """Expect what a strand will touch; whose it is will be known when it has gone."""
    touches: Footprint = strand.op.touches if strand.op is not None else ()
    feet = frozenset((item.resource, item.key, access) for item, access in touches)
    return Deed(strand.number, UNKNOWN, feet)


def _copy(branch: Branch) -> Branch:
    return Branch(branch.deed, [_copy(each) for each in branch.after])


def _strand(point: Point, index: int) -> Candidate:
    strand = point.candidate(index)
    assert strand is not None
    return strand
