"""A queue's own state: who waits in it, who is with a consumer, what goes first.

Plain data, changed only by operations that take effect.
"""

from __future__ import annotations

from bisect import insort
from math import inf
from typing import NamedTuple, Protocol

from pileup.fakes._port import Cell
from pileup.fakes.bus.ledger import Row
from pileup.fakes.bus.letters import Letter, Options, by_due, by_order
from pileup.operations import Footprint


class Clock(Protocol):
    """Who knows what time it is."""

    now: float


class Window:
    """Which deduplication ids were seen a short time ago, and what they stand for."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[str, tuple[float, str]] = {}

    def known(self, mark: str, now: float) -> str | None:
        """Return the message that a mark stood for, if that was not too long ago."""
        seen = self._seen.get(mark)
        return seen[1] if seen is not None and now - seen[0] < self._seconds else None

    def note(self, mark: str, now: float, number: str) -> None:
        """Remember a mark from now on."""
        self._seen[mark] = (now, number)


class Queue:
    """Letters in the order in which they were published."""

    def __init__(self, name: str, options: Options, cell: Cell, dead: Cell | None) -> None:
        self.name = name
        self.options = options
        self.cell = cell
        self.giving_back: Footprint = cell.alters + (dead.alters if dead is not None else ())
        """What is touched when a letter comes back, apart from the letter."""
        # In FIFO order a letter that is overdue keeps others waiting, so a claim must
        # bury it if need be; elsewhere nobody who claims can tell where it is.
        self.claiming: Footprint = self.giving_back if options.fifo else cell.alters
        self.touched: Footprint = cell.alters
        """What publishing touches."""
        self.queues = (self,)
        """Who gets what is published: a topic has several."""
        self.waiting: list[Letter] = []
        self.away: dict[Letter, None] = {}
        """Letters that are in the queue and cannot be claimed: with a consumer, or delayed."""
        self.soonest = inf
        """No letter is due before this."""
        self.buried: list[Row] = []
        self.window = Window(options.dedup_window)
        self._busy: dict[str | None, None] = {}
        self._orders = 0
        self._numbers = 0

    def number(self) -> str:
        """Name the next message."""
        self._numbers += 1
        return f"{self.name}#{self._numbers}"

    @property
    def offers(self) -> bool:
        """Whether there is anything to claim."""
        return bool(self.waiting) and (not self._busy or bool(self.choices()))

    def depth(self, clock: Clock) -> int:
        """Count what could be claimed now, were there no keys."""
        if clock.now <= self.soonest:
            return len(self.waiting)
        late = (each for each in self.away if each.due < clock.now and not self.is_last(each))
        return len(self.waiting) + sum(1 for _ in late)

    def choices(self) -> list[int]:
        """Return the places of the letters that may go: in FIFO order the first of each group."""
        if not self.options.fifo:
            return list(range(len(self.waiting)))
        firsts: dict[str | None, int] = {}
        for place, letter in enumerate(self.waiting):
            firsts.setdefault(letter.group, place)
        return [place for group, place in firsts.items() if group not in self._busy]

    def append(self, letter: Letter) -> None:
        """Let a letter wait behind all others."""
        if letter.where == "hidden":
            self.away.pop(letter, None)
        self._orders += 1
        letter.order = self._orders
        letter.where = "waiting"
        self.waiting.append(letter)

    def take(self, place: int) -> Letter:
        """Hand out the letter at a place."""
        letter = self.waiting.pop(place)
        letter.where = "taken"
        self.away[letter] = None
        if self.options.fifo:
            self._busy[letter.group] = None
        return letter

    def hide(self, letter: Letter) -> None:
        """Keep a letter from being claimed for a while."""
        letter.where = "hidden"
        self.away[letter] = None

    def overdue(self, now: float) -> list[Letter]:
        """Return the letters that could have been claimed or should have made way, in order."""
        late = (each for each in self.away if each.due < now)
        return sorted(
            (each for each in late if self.options.fifo or not self.is_last(each)), key=by_due
        )

    def is_last(self, letter: Letter) -> bool:
        """Whether a letter was delivered for the last time."""
        most = self.options.max_deliveries
        return most is not None and letter.deliveries >= most and letter.where == "taken"

    def bring_back(self, letter: Letter) -> None:
        """Let a letter wait again, where it stood before."""
        self._leave(letter)
        letter.where = "waiting"
        insort(self.waiting, letter, key=by_order)

    def remove(self, letter: Letter) -> None:
        """Forget a letter, wherever it is."""
        if letter.where == "waiting":
            self.waiting.remove(letter)
        else:
            self._leave(letter)
        letter.where = "gone"

    def _leave(self, letter: Letter) -> None:
        self.away.pop(letter, None)
        if self.options.fifo:
            self._busy.pop(letter.group, None)


class Receipt(NamedTuple):
    """What says which delivery of a letter a consumer has."""

    queue: Queue
    letter: Letter
    turn: int
    delivery: int

    @property
    def is_good(self) -> bool:
        """Whether no later delivery has made it worthless."""
        return self.turn == self.letter.turn and self.letter.where != "gone"


def left_in(*queues: Queue) -> dict[str, object]:
    """Return what is left in some queues: the bodies of all that was not acknowledged."""
    return {each.name: [one.body for one in (*each.waiting, *each.away)] for each in queues}
