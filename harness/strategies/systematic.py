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

from pileup.choices import CLOCK_TURN, Candidate, Point, Trail
from pileup.errors import NotDeterministic
from pileup.operations import CHANGE
from pileup.strategies._order import ALL, CLOCK, UNKNOWN, Deed, Order, Race, apart, deed_of
from pileup.strategies._polls import polls_in_vain
from pileup.strategies._wakeups import Branch, Draw, Fork, copied, count_leaves, insert, is_covered

MOST_OPTIONS: Final = 16
"""A question that is not about the schedule and has more options than this is answered dully."""

NOBODY: Final[frozenset[int]] = frozenset()


class Systematic:
    """All orders within bounds: so many early deadlines and so many faults in each run."""

    name = "systematic"
    draws = False

    def __init__(self, *, jumps: int = 2, faults: int = 1) -> None:
        self._most_jumps = jumps
        self._most_faults = faults
        self._path: list[Fork | Draw] = []
        self._order = Order()
        self._kept = self._common = 0  # how much of path and order the next run has in common
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
        """Go down the path again, and forget an attempt that came to nothing.

        Such a one is made anew under an event loop, where other questions may be asked.
        """
        del self._path[self._kept :]
        self._order.cut(self._common)
        self._depth = self._jumps = self._faults = run * 0
        self._new = self._seen = len(self._order.turns)
        self._asleep: dict[int, Deed] = {}
        self._guide: list[Branch] = []
        self._fork: Fork | None = None
        self._idle = False

    def choose(self, point: Point) -> int:
        """Answer as on the path; at its end take the dullest that has not been tried."""
        assert point.trail is not None
        if self._idle:
            return point.usual
        if point.stream != "schedule":
            return self._answer(point)
        if self._look_back(point.trail):
            return 0
        if self._depth == len(self._path):
            new = self._new_fork(point, point.trail)
            if not new.branches:
                self._idle = True  # all that could go on here has been seen in another order
                return 0
            self._path.append(new)
        fork = self._path[self._depth]
        assert isinstance(fork, Fork)
        self._depth += 1
        return self._take(fork, point)

    def learn(self, trail: Trail) -> None:
        """See which turns of the run could have come the other way round, and go on to the next."""
        if not self._look_back(trail):
            self.orders += 1
            self._extend(trail)
        self._advance()

    def claim(self, runs: int) -> str:
        """Say what it means that nothing was found."""
        if not self.done:
            return f"{self.orders} inequivalent orders were tried; at least {self.left} are left"
        many = f"all {self.orders:,} inequivalent orders were tried"
        one = "there is but one order that could make a difference, and it was tried"
        return (one if self.orders == 1 else many) + self._bounds()

    @property
    def exhausted(self) -> bool:
        """Whether all orders have been tried: to be done is more here than to have no more runs."""
        return self.done

    @property
    def left(self) -> int:
        """How many orders are known that have not been tried; more may come up."""
        forks = sum(count_leaves(fork.branches) for fork in self._forks())
        return forks + sum(len(each.answers) for each in self._path if isinstance(each, Draw))

    def _bounds(self) -> str:
        return f" ({'; '.join(sorted(self.left_out))})" if self.left_out else ""

    # Going down ----------------------------------------------------------------------------

    def _look_back(self, trail: Trail) -> bool:
        """Take in what has happened, but for what is known; whether somebody went who is asleep."""
        for turn in trail.turns[self._seen :]:
            fork = self._fork
            if fork is not None and fork.turn != self._seen:
                fork = None
            deed = deed_of(turn)
            self._order.add(turn, deed, fork.offered if fork is not None else NOBODY)
            if fork is not None:
                fork.know(deed)
            self._idle |= turn.strand in self._asleep
            self._wake(deed)
            self._seen += 1
        return self._idle

    def _wake(self, deed: Deed) -> None:
        """Wake those whom a deed concerns, and see whether it was what was to be tried."""
        if self._asleep:
            self._asleep = {who: what for who, what in self._asleep.items() if apart(what, deed)}
        for branch in self._guide:
            if branch.deed.strand == deed.strand:
                self._guide = branch.after
                break

    def _new_fork(self, point: Point, trail: Trail) -> Fork:
        """Open a question that has not been asked on this path."""
        candidates = [point.strand(index) for index in range(point.count - point.jump)]
        free = [each for each in candidates if not polls_in_vain(each, self._order)]
        if len(free) < len(candidates):
            self.left_out.add("agents that polled in vain were held back until something changed")
        if not free and not point.jump:
            free = candidates
        offered = {each.number for each in free}
        if point.jump:
            offered.add(CLOCK_TURN)
        fork = Fork(len(trail.turns), frozenset(offered), self._asleep, early=bool(free))
        awake = [each for each in free if each.number not in self._asleep]
        jump = point.jump and CLOCK_TURN not in self._asleep
        jump = jump and (not fork.early or self._may_jump(self._jumps))
        able = {each.number for each in awake} | ({CLOCK_TURN} if jump else set())
        fork.branches = [copied(each) for each in self._guide if each.deed.strand in able]
        if not fork.branches and awake:
            fork.branches.append(Branch(_pending(awake[0])))
        if jump and not any(each.deed.strand == CLOCK_TURN for each in fork.branches):
            fork.branches.append(Branch(CLOCK))
        return fork

    def _may_jump(self, jumps: int) -> bool:
        """Whether a deadline may pass early where so many have."""
        if jumps >= self._most_jumps:
            self.left_out.add(f"with at most {_many(self._most_jumps, 'early deadline')} in a run")
            return False
        return True

    def _take(self, fork: Fork, point: Point) -> int:
        """Let the one go whose turn it is to be tried."""
        self._fork = fork
        self._asleep = dict(fork.asleep)
        self._guide = fork.branches[:1]
        self._jumps += fork.jumps
        number = fork.branches[0].deed.strand
        if number == CLOCK_TURN and point.jump:
            return point.count - 1
        for index in range(point.count - point.jump):
            if point.strand(index).number == number:
                return index
        raise NotDeterministic(
            "An order that was taken before cannot be taken again: somebody who could go on then "
            "cannot now. Probably something outlives a run. See docs/determinism.md."
        )

    def _answer(self, point: Point) -> int:
        """Give each small answer in turn, the usual one first, up to so many others in a run."""
        if self._depth == len(self._path):
            self._path.append(Draw(self._answers(point)))
        draw = self._path[self._depth]
        assert isinstance(draw, Draw)
        self._depth += 1
        self._faults += draw.answers[0] != point.usual
        return draw.answers[0]

    def _answers(self, point: Point) -> list[int]:
        usual = point.usual
        if point.odds is not None and point.odds >= 1:
            return [usual]
        if point.count > MOST_OPTIONS:
            self.left_out.add(f"with one answer to '{point.label}'")
            return [usual]
        if self._faults >= self._most_faults:
            self.left_out.add(f"with at most {_many(self._most_faults, 'fault')} in a run")
            return [usual]
        return [usual, *(each for each in range(point.count) if each != usual)]

    # Coming back ---------------------------------------------------------------------------

    def _forks(self) -> Iterator[Fork]:
        return (each for each in self._path if isinstance(each, Fork))

    def _extend(self, trail: Trail) -> None:
        """Note what is to be tried since it could have gone the other way round."""
        forks = {fork.turn: fork for fork in self._forks()}
        for race in self._order.races(self._new, trail.left):
            fork = forks.get(race.first)
            if fork is None or not self._can_try(race, fork, forks):
                continue
            if not is_covered(fork.asleep.values(), race.deeds):
                insert(fork.branches, race.deeds)

    def _can_try(self, race: Race, fork: Fork, forks: dict[int, Fork]) -> bool:
        """Whether somebody could go there, and it makes no early deadline too many."""
        if race.deeds[0].strand not in fork.offered:
            return False
        if race.deeds[-1].strand != CLOCK_TURN:
            return True
        jumps = sum(each.jumps for turn, each in forks.items() if turn < race.first)
        return self._may_jump(jumps)

    def _advance(self) -> None:
        """Leave what has been tried, and go back to the last question with something to try."""
        while self._path and not self._path[-1].leave():
            self._path.pop()
        self.done = not self._path
        # An answer is part of the turn in which it was asked for, which began at a fork or before.
        self._kept = len(self._path)
        self._common = max((fork.turn for fork in self._forks()), default=0)


def _pending(strand: Candidate) -> Deed:
    """Expect of a strand nothing yet: what it touches, and whose it is, shows when it goes."""
    return Deed(strand.number, UNKNOWN, {ALL: CHANGE})


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
