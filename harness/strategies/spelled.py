"""An order that is spelled out, so that people can read it, write it and keep it in a test.

    add_entry-0: read memory[entries]
    add_entry-1: read memory[entries]
    add_entry-1: write memory[entries]
    add_entry-0: write memory[entries]

One line an operation, in the order in which they take effect. At each question
that strand goes which brings the next line about. What is not spelled (a start,
a checkpoint, a lock) an agent does on its way to its line. What cannot come any
more, because the agents have changed, is passed over and noted in `skipped`.

    clock                                     a deadline passes before anything else happens
    fault: timeout, agent-1: write memory[n]  this question about a fault is answered with yes
    fault 3: timeout, agent-1: write ...      so is this one when it is asked for the third time
    data: which wrong answer=2                this draw comes to 2

After the last line all is dull. `#` begins a comment, and empty lines say nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Final

from pileup.choices import CLOCK, LOOP_TURN, UNATTENDED, Foot, Point, Stream, Trail, Turn
from pileup.operations import Operation
from pileup.strategies._lines import Asked, Line, is_about, item_of, read, which

OURS: Final = ("", "pileup")
"""Resources of the kernel's own, which no line names."""

WORLD: Final = "world"
"""Who does what happens by itself: several strands of one name, each with one thing to do."""

PATIENCE: Final = 50
"""So often an agent goes on to come to its line; a mended one may poll for ever."""


class Spelled:
    """Let things happen in the order that a text spells out; always the same run."""

    name = "spelled"
    draws = False

    def __init__(self, text: str) -> None:
        self._steps, self._owed = read(text)
        self.skipped: list[str] = []
        """Which lines did not come about, and why."""
        self.done = False
        self.begin(0)

    @property
    def studies(self) -> bool:
        """It looks at every run, because nobody is asked about what has to come."""
        return True

    def begin(self, run: int) -> None:
        """Go back to the first line, whatever the run's number."""
        self._seen = run * 0
        self._lines = [Line(number, text) for number, text in self._steps]
        self._first = 0
        self._mine: dict[str, deque[Line]] = {}
        for line in self._lines:
            self._mine.setdefault(line.who, deque()).append(line)
        self._nothing: deque[Line] = deque()
        self._names: dict[int, str] = {}
        self._waiting: dict[int, Operation | None] = {}
        self._asked: Counter[tuple[Stream, str]] = Counter()
        self._given: set[Asked] = set()
        self.skipped = []

    def learn(self, trail: Trail) -> None:
        """Note which lines have not come about until the end."""
        self._look_back(trail)
        for line in self._open():
            self._skip(line, "it never came to it")
        for asked, (number, _) in self._owed.items():
            if asked not in self._given:
                self.skipped.append(f"line {number}, {asked.label!r:.60}: nobody asked")
        self.done = True

    def claim(self, runs: int) -> str:
        """Say what it means that nothing was found."""
        lines = len(self._steps)
        brought = f"but for {len(self.skipped)} of its" if self.skipped else "with all of its"
        return f"Only the order that is spelled out was tried, {brought} {lines} lines"

    def choose(self, point: Point) -> int:
        """Let whoever brings the next line about go."""
        if point.trail is not None:
            self._look_back(point.trail)
        if point.stream != "schedule":
            return self._answer(point)
        if next(self._open(), None) is None:
            return 0
        present = self._look_around(point)
        for line in self._open():
            index = self._bring_about(line, point, present)
            if index is not None:
                return index
        return 0

    def _answer(self, point: Point) -> int:
        key = (point.stream, point.label)
        asked = Asked(point.stream, point.label, self._asked[key])
        self._asked[key] += 1
        _, answer = self._owed.get(asked, (0, point.count))
        if answer >= point.count:
            return point.usual
        self._given.add(asked)
        return answer

    # Going on ------------------------------------------------------------------------------

    def _open(self) -> Iterator[Line]:
        lines = self._lines
        while self._first < len(lines) and not lines[self._first].open:
            self._first += 1
        for place in range(self._first, len(lines)):
            if lines[place].open:
                yield lines[place]

    def _look_around(self, point: Point) -> dict[str, list[int]]:
        """Learn who is there, and what those wait to do whom a line names."""
        present: dict[str, list[int]] = {}
        self._waiting = {}
        for index in range(point.count - point.jump):
            strand = point.strand(index)
            name = self._names.get(strand.number)
            if name is None:
                name = self._names[strand.number] = strand.name
            if name in self._mine:
                present.setdefault(name, []).append(index)
                self._waiting[strand.number] = strand.op
        return present

    def _bring_about(self, line: Line, point: Point, present: dict[str, list[int]]) -> int | None:
        """Choose what leads to a line; None where nothing does for now."""
        if line.text == CLOCK:
            return self._let_time_pass(line, point, present)
        if line.who not in present:
            return 0 if self._may_loop(point) else None
        left = self._left(line.who)
        ahead = {index: which(left, point.strand(index).op) for index in present[line.who]}
        for index, found in ahead.items():
            if found is line:
                return index
        return self._go_on(line, ahead) if line.who != WORLD else None

    def _go_on(self, line: Line, ahead: dict[int, Line | None]) -> int | None:
        """Let an agent do what is not spelled, on its way to its line; unless it has passed it."""
        (index, found), *_ = ahead.items()
        if found is not None:
            self._skip(line, f"{line.who} comes to {found.deed!r:.60} without it")
            return None
        line.tries += 1
        if line.tries > PATIENCE:
            self._skip(line, f"{line.who} has done {PATIENCE} other things")
            return None
        return index

    def _let_time_pass(self, line: Line, point: Point, present: dict[str, list[int]]) -> int | None:
        if point.jump:
            line.open = False
            return point.count - 1
        after = next((each for each in self._open() if each.text != CLOCK), None)
        if after is not None and after.who in present and line.tries < PATIENCE:
            index = present[after.who][0]  # who is next may have to begin before it can wait
            if which(self._left(after.who), point.strand(index).op) is None:
                line.tries += 1
                return index
        self._skip(line, "nobody waits for a deadline")
        return None

    def _may_loop(self, point: Point) -> bool:
        """Whether an event loop has work of its own, which may bring somebody here."""
        first = point.candidate(0)
        return first is not None and first.number == LOOP_TURN

    def _skip(self, line: Line, why: str) -> None:
        line.open = False
        self.skipped.append(f"line {line.number}, {line.text!r:.60}: {why}")

    # Looking back --------------------------------------------------------------------------

    def _look_back(self, trail: Trail) -> None:
        """Tick off the lines that have come about since, asked for or by themselves."""
        for place in range(self._seen, len(trail.turns)):
            turn = trail.turns[place]
            if turn.strand >= 0:
                self._tick_off(turn)
        self._seen = len(trail.turns)

    def _tick_off(self, turn: Turn) -> None:
        feet = [foot for foot in turn.feet if foot[0] not in OURS]
        left = self._left(self._names.get(turn.strand) or self._guess(turn, feet))
        if turn.strand in self._waiting:
            line = which(left, self._waiting.pop(turn.strand))
        else:  # nobody was asked, so it is known by what it touched
            line = left[0] if left and is_about(left[0], feet) else None
        while line is not None:
            line.open = False
            # An operation that nobody could come before is part of the turn: it touched the rest.
            _drop(feet, line.deed)
            after = next((each for each in left if each.open), None)
            line = after if after is not None and feet and is_about(after, feet[:1]) else None

    def _guess(self, turn: Turn, feet: list[Foot]) -> str:
        """Name a strand that was never offered because nobody else could go on."""
        known = self._names.values()
        for who in self._mine:
            ours = who.partition("/")[0].endswith(f"-{turn.agent}") and who not in known
            ours = ours if turn.strand < UNATTENDED else who == WORLD
            left = self._left(who) if ours else ()
            if left and is_about(left[0], feet):
                self._names[turn.strand] = who
                return who
        return ""

    def _left(self, who: str) -> Sequence[Line]:
        """Return an agent's lines from the first on that has not come about."""
        mine = self._mine.get(who) or self._nothing
        while mine and not mine[0].open:
            mine.popleft()
        return mine


def _drop(feet: list[Foot], deed: str) -> None:
    """Drop what an operation has touched; what comes again is the next one's."""
    dropped: list[str] = []
    while feet and item_of(feet[0]) in deed and item_of(feet[0]) not in dropped:
        dropped.append(item_of(feet.pop(0)))
