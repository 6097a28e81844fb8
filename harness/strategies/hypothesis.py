"""Hypothesis answers: where a run deviates from the dullest order is drawn before it, and shrinks.

The dullest is that each agent goes on until it has ended. Noted is whom another
comes before, and when: (0, 2) is agent 0, where it would have gone on for the
third time, for its counts begin with 0. For a deadline that passes early only those times count
at which one was pending, because these are few. So each deviation can go, or come
earlier, without the others moving, and agents that no deviation names can be
left out. The same drawn data is the same run. Nothing is drawn while a run is
on, because there the random source is the run's own.

Most races need few switches, and early ones, so two of three runs have few,
at moments that are the likelier the earlier they are. The third decides many
in a row, for what takes more. All is drawn as texts of bytes, because
Hypothesis draws one of those in the time of one number, and shrinks it byte by
byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import expm1, log
from operator import itemgetter
from typing import Final, Literal, NamedTuple, TypeAlias, TypedDict

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pileup.choices import UNATTENDED, Point, Stream

Moment: TypeAlias = tuple[int, int]
"""An agent (or another strand), by its number, and how often it has been its turn before."""

Clock: TypeAlias = Literal["clock"]
Switch: TypeAlias = int | Clock
"""Who goes instead: the one so many places further on; or the next deadline passes."""


class _Length(TypedDict):
    min_size: int
    max_size: int


PLAIN: Final[tuple[Moment, ...]] = (*[(0, n) for n in range(10)], *[(1, n) for n in range(1, 4)])
"""Where a run may have one switch, or one early deadline, and nothing else.

The first byte says with 0 that there is no switch. Then there is one for each of these moments,
which says so with 0, or with 1 of the deadline. Hypothesis' shrinker tries both of each
byte, and so does what our own begins with: one switch shows most races, and from several there is
often no way down to it, because one has to move as the other goes.
"""

FEW: Final = _Length(min_size=len(PLAIN) + 10, max_size=len(PLAIN) + 46)
"""So many bytes, at least and at most, say where there are few switches: three for each."""

ALL: Final = _Length(min_size=2 * FEW["min_size"], max_size=2 * FEW["max_size"])
"""So many say that and which faults strike, and what draws come to: two for each of these."""

MANY: Final = _Length(min_size=len(PLAIN) + 9, max_size=len(PLAIN) + 61)
"""So many say for many moments in a row whether there is a switch."""

ABREAST: Final = 4
"""Of so many agents."""

FARTHEST: Final = 250
COUNTS: Final = tuple(round(expm1(byte / 254 * log(1 + FARTHEST))) for byte in range(255))
"""Which count a byte stands for: a twelfth of them for each of the first, few for late ones.

The bytes begin with 1, because 0 stands for nothing: so what is not needed becomes nothing.
"""

AGENTS: Final = tuple(8 - (255 - byte).bit_length() for byte in range(256))
"""Which agent a byte stands for: half of them for the first, half of the rest for the next."""

FURTHER: Final = 176
"""Below it a byte means the next agent, and from here on one further on."""

EARLY: Final = 208
"""From here on it means the clock."""

DULL: Final = 128
"""Where many moments are decided in a row, half of the bytes mean that all is as usual."""


class Deviations(NamedTuple):
    """What is unusual about a run: who goes instead, which faults strike, what draws come to.

    Questions about faults and draws are known by their number, from 0.
    """

    switches: Mapping[Moment, Switch] = {}
    strikes: Mapping[int, int] = {}
    draws: Mapping[int, int] = {}


class Drawn:
    """Answers as drawn, and all else as usual.

    After a deadline that passes early, what comes of it by itself (an expiry, a
    delivery) happens at once, and then another agent goes on, if nothing else is
    drawn for these questions: else the deadline would have made no difference.
    `first` is the number of the strand that is agent 0 here.
    """

    name = "hypothesis"
    first = 0

    def __init__(self, deviations: Deviations) -> None:
        self._switches = deviations.switches
        self._others: dict[Stream, Mapping[int, int]] = {
            "faults": deviations.strikes,
            "data": deviations.draws,
        }
        self.begin(0)

    def begin(self, run: int) -> None:
        """Begin anew; each run is the same."""
        self._asked: Counter[Stream | int] = Counter()
        self._pending: Counter[int] = Counter()
        self._has_jumped = bool(run * 0)

    def choose(self, point: Point) -> int:
        """Answer as drawn, else as usual."""
        if point.stream == "schedule":
            return self._who(point)
        asked = self._asked[point.stream]
        self._asked[point.stream] += 1
        due = self._others[point.stream].get(asked)
        return point.usual if due is None else _other(due, point.usual, point.count)

    def _who(self, point: Point) -> int:
        number = _turn_of(point) - self.first
        due = self._switches.get((number, self._asked[number]))
        self._asked[number] += 1
        if point.jump and self._is_early(number):
            self._has_jumped = True
            return point.count - 1
        if due is None or due == "clock":
            return self._after_a_jump(point) if self._has_jumped else 0
        self._has_jumped = False
        return _switched(point, due)

    def _is_early(self, number: int) -> bool:
        """Whether the deadline that is pending passes now."""
        count = self._pending[number]
        self._pending[number] += 1
        return self._switches.get((number, count)) == "clock"

    def _after_a_jump(self, point: Point) -> int:
        for index in range(point.count - point.jump):
            if point.strand(index).number >= UNATTENDED:
                return index
        self._has_jumped = False
        return _switched(point, 1)


def _turn_of(point: Point) -> int:
    """Whose turn it would be; where an event loop would go on, whose after that."""
    first = point.strand(0).number
    return first if first >= 0 or point.count == 1 + point.jump else point.strand(1).number


def _switched(point: Point, due: int) -> int:
    """Let another strand go on; a deadline passes only where there is no other."""
    strands = point.count - point.jump
    return _other(due, 0, strands) if strands > 1 else point.count - 1


def _other(due: int, usual: int, count: int) -> int:
    """Pick another option than the usual one."""
    return (usual + 1 + (due - 1) % (count - 1)) % count


# What is drawn --------------------------------------------------------------------------------


def deviations() -> SearchStrategy[Deviations]:
    """Draw what is unusual about a run."""
    # Each is one draw, because where there are several Hypothesis likes to vary one alone. And
    # faults and draws are left alone in two of three runs, because most programs ask about neither.
    return st.one_of(
        st.binary(**FEW).map(lambda drawn: Deviations(_switches(drawn, _here_and_there))),
        st.binary(**MANY).map(lambda drawn: Deviations(_switches(drawn, _in_a_row))),
        st.binary(**ALL).map(_all_of_it),
    )


def _switches(
    drawn: bytes, others: Callable[[bytes], dict[Moment, Switch]]
) -> dict[Moment, Switch]:
    if not drawn[0]:
        return {}
    for moment, byte in zip(PLAIN, drawn[1:], strict=False):
        if byte < len(ONE):
            return {moment: ONE[byte]}
    return others(drawn[1 + len(PLAIN) :])


ONE: Final[tuple[Switch, ...]] = (1, "clock", 1, "clock")
"""What the first bytes mean; each twice, because 0 and 1 alone would come up too rarely."""


def _all_of_it(drawn: bytes) -> Deviations:
    switches, answers = drawn[0::2], drawn[1::2]
    return Deviations(
        _switches(switches, _here_and_there), _answers(answers[0::2]), _answers(answers[1::2])
    )


def _here_and_there(drawn: bytes) -> dict[Moment, Switch]:
    found = {
        (AGENTS[agent], COUNTS[count - 1]): _switch(switch)
        for count, agent, switch in _records(drawn, 3)
        if count
    }
    return dict(sorted(found.items(), key=itemgetter(0)))


def _in_a_row(drawn: bytes) -> dict[Moment, Switch]:
    found = {divmod(place, ABREAST)[::-1]: byte for place, byte in enumerate(drawn)}
    return {
        moment: _switch(2 * (byte - DULL)) for moment, byte in sorted(found.items()) if byte >= DULL
    }


def _answers(drawn: bytes) -> dict[int, int]:
    found = {COUNTS[count - 1]: 1 + answer for count, answer in _records(drawn, 2) if count}
    return dict(sorted(found.items()))


def _records(drawn: bytes, length: int) -> list[bytes]:
    """Cut the bytes into records; zeros are left out at the end."""
    whole = drawn.ljust(-(-len(drawn) // length) * length, b"\0")
    return [whole[at : at + length] for at in range(0, len(whole), length)]


def _switch(byte: int) -> Switch:
    if byte >= EARLY:
        return "clock"
    return max(1, byte - FURTHER + 2)
