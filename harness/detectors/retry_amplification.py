"""Retry amplification: several places retry one above the other, and their attempts multiply.

One place that retries, with a bound, is how it should be. If its caller
retries as well, and the caller's caller, one call becomes 3 x 3 x 3 attempts,
just when the service is down. Who retried is in the frames (see `attempts`).

What is right and looks the same must stay silent, so nothing is said of

* one place that retries fewer than ten times, or that waits as it was told to;
* one that backs off: each time it waits longer, or as long as it has come to wait;
* one that waits between its attempts, and has given up in the end: it has a bound;
* what is asked again after it has succeeded: polling, a heartbeat;
* different calls that fail in one loop, each with its own input;
* tasks that ask the same beside each other, each with its own retries.

The bug is told apart by the innermost place that retries: how far out it went, and
which of the places above it took part, differs from run to run. What was asked for
does not count: places that multiply do so with all that goes through them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, prod
from typing import Final, NamedTuple

from pileup.detectors.attempts import Attempt, attempts, loop_of
from pileup.detectors.case import Case
from pileup.detectors.layers import Loop, Signature, is_round, loop_at
from pileup.detectors.storms import GROWTH, SOON
from pileup.detectors.telling import found
from pileup.findings import Finding
from pileup.history import OK
from pileup.notes import Note
from pileup.spelling import Brief

END: Final = "end"

ENDLESS: Final = 10
"""So many attempts of one call by one place are as good as without a bound."""

STEPS: Final = 3
"""So often waits must have grown before we say that somebody backs off."""

MOST_OPEN: Final = 16
"""How many tasks may make the same call at the same time and still be told apart."""

Successes = dict[tuple[int, str], int]
"""When each agent first succeeded with each call."""


class Layer(NamedTuple):
    """A place that retries, and how often it tried in one call at the most."""

    loop: Loop
    tries: int


@dataclass
class Series:
    """The attempts of one logical call, in order; `again` is the loop that made it once more."""

    attempts: list[Attempt]
    tries: dict[int, int] = field(default_factory=dict)
    loops: dict[int, Loop] = field(default_factory=dict)
    inside: dict[int, set[int]] = field(default_factory=dict)
    shortest: float = inf
    longest: float = 0.0
    grown: int = 0
    polite: int = 0
    again: int | None = None

    def add(self, later: Attempt, place: int) -> None:
        """Add an attempt that a loop has made."""
        earlier = self.attempts[-1]
        self.polite += self._waits(earlier, later.row[7] - earlier.row[7])
        self.attempts.append(later)
        if is_round(earlier.note.path, later.note.path, place):
            self._count(earlier, later, place)

    def _count(self, earlier: Attempt, later: Attempt, place: int) -> None:
        """Count a loop that has gone round, and which others it has had inside."""
        loop = loop_at(later.note.path, place)
        above = {number for number, _ in later.note.path[: place + 1]}
        inner = {number for number, _ in earlier.note.path if number in self.tries} - above
        self.inside.setdefault(loop.frame, set()).update(inner)
        self.tries[loop.frame] = self.tries.get(loop.frame, 1) + 1
        self.loops.setdefault(loop.frame, loop)

    def _waits(self, earlier: Attempt, gap: float) -> bool:
        """Note how long it was until the next attempt; whether that was as long as it should be."""
        wait = earlier.note.wait
        self.shortest = min(gap, self.shortest)
        if wait is not None and gap >= wait:
            return True
        self.grown += gap > GROWTH * self.longest
        self.longest = max(gap, self.longest)
        return self.grown > STEPS and gap * GROWTH > self.longest >= SOON

    def forget(self, frame: int | None) -> None:
        """Leave out a loop that does not retry."""
        if frame is not None:
            self.tries.pop(frame, None)
            self.inside.pop(frame, None)

    @property
    def outermost(self) -> int | None:
        """The loop above all others that made attempts."""
        return min(self.tries, key=lambda frame: len(self.loops[frame].signature), default=None)

    @property
    def multiplies(self) -> bool:
        """Whether a loop tried again after another inside of it had tried several times."""
        return any(inner & self.tries.keys() for inner in self.inside.values())

    @property
    def layers(self) -> list[Layer]:
        """The places that retried, the innermost first."""
        most: dict[Signature, Layer] = {}
        for frame, count in self.tries.items():
            loop = self.loops[frame]
            known = most.get(loop.signature)
            if known is None or count > known.tries:
                most[loop.signature] = Layer(loop, count)
        return sorted(most.values(), key=lambda each: (-len(each.loop.signature), each.loop.frame))


def retry_amplification(case: Case) -> Iterator[Finding]:
    """Find the calls whose attempts multiplied, or had no end."""
    told: list[frozenset[str]] = []
    suspects = [
        each for each in _all_series(case) if each.multiplies or len(each.attempts) >= ENDLESS
    ]
    suspects.sort(key=lambda each: -len(each.tries))  # the whole of it before a part of it
    successes = _successes(case) if suspects else {}
    for series in suspects:
        series.forget(_polling(series, successes))
        layers = series.layers
        if series.multiplies:
            said = "multiplied"
        elif layers and _hammers(case, series, layers[0]):
            said, layers = "endless", layers[:1]
        else:
            continue
        marks = [f"{said} {each.loop.mark}" for each in layers]
        if not any(known.issuperset(marks) for known in told):
            told.append(frozenset(marks))
            yield _finding(case, series, layers, marks[0])


def _hammers(case: Case, series: Series, layer: Layer) -> bool:
    """Whether a place has tried so often, and so soon each time, that it seems to have no end."""
    if layer.tries - series.polite < ENDLESS:
        return False
    return series.shortest < SOON or not _gave_up(case, series.attempts[-1])


def _gave_up(case: Case, last: Attempt) -> bool:
    """Whether an attempt failed, and its agent has come to an end without another one."""
    if not last.failed:
        return False
    return any(row[3] == last.row[3] and row[0] == END for row in case.rows[last.number :])


def _all_series(case: Case) -> list[Series]:
    """Put the attempts together that are of one call."""
    found: list[Series] = []
    under_way: dict[str, list[Series]] = {}
    answered: dict[str, Series] = {}
    for each in attempts(case):
        about = each.about
        done = answered.pop(about, None)
        if done is not None:
            place = loop_of(done.attempts[-1], each)
            done.again = None if place is None else each.note.path[place][0]
        series = _joined(under_way.setdefault(about, []), each)
        if series is None and each.failed:
            series = Series([each])
            found.append(series)
            under_way[about] = [*under_way[about][-MOST_OPEN:], series]
        elif series is not None and not each.failed:
            under_way[about].remove(series)
            answered[about] = series
    return found


def _joined(under_way: list[Series], later: Attempt) -> Series | None:
    """Add an attempt to the call that it belongs to, if there is one."""
    for series in reversed(under_way):
        place = loop_of(series.attempts[-1], later)
        if place is not None:
            series.add(later, place)
            return series
    return None


def _polling(series: Series, successes: Successes) -> int | None:
    """Return the loop of a call that asks again after it has succeeded: that is no retry.

    Where the frames do not tell, because nothing was asked afterwards, one that has
    succeeded before may have been asked again by whatever is above all.
    """
    if series.again is not None:
        return series.again
    first = series.attempts[0]
    before = successes.get((first.row[3], first.about), first.number)
    return series.outermost if before < first.number else None


def _successes(case: Case) -> Successes:
    """Return when each agent first succeeded with each call."""
    found: Successes = {}
    for number, row in enumerate(case.rows):
        if row[8] == OK:
            note = row[11]
            each = Attempt(number, row, note if note is not None else Note(), row[3])
            if not each.failed:
                found.setdefault((row[3], each.about), number)
    return found


# What is said of it ----------------------------------------------------------------------------


def _finding(case: Case, series: Series, layers: list[Layer], mark: str) -> Finding:
    first = series.attempts[0]
    agent, item = case.agents[first.row[3]].name, first.row[1][0].item if first.row[1] else None
    what = f"{first.row[0]} {item.name}" if item is not None else first.row[0]
    number = len(series.attempts)
    factors = " x ".join(f"{each.tries} {each.loop.spot}" for each in layers)
    whole = prod(each.tries for each in layers)
    amount = f": {number} = {factors}" if whole == number else f", of up to {whole} = {factors}"
    receipt: dict[str, Brief] = {"attempts": number, "layers": len(layers)}
    for place, each in enumerate(layers, 1):
        receipt[f"layer_{place}"] = each.loop.line
        receipt[f"factor_{place}"] = each.tries
    return found(
        "retry_amplification",
        title=f"one call, {what}, became {number} attempts{amount}",
        explanation=_explained(series, layers, f"{agent}'s call, {what}"),
        agents=tuple(case.agents[each.row[3]].name for each in series.attempts),
        evidence=tuple(each.number for each in series.attempts),
        receipt=receipt,
        mark=mark,
    )


def _explained(series: Series, layers: list[Layer], call: str) -> str:
    numbers = [each.number for each in series.attempts]
    failures = sum(each.failed for each in series.attempts)
    end = (
        f"{failures} failed, and then one succeeded." if failures < len(numbers) else "All failed."
    )
    lines = [
        f"{call}, was made {len(numbers)} times (events {numbers[0]} to {numbers[-1]}).",
        end,
        f"{layers[0].loop.line} tried up to {layers[0].tries} times.",
    ]
    for each in layers[1:]:
        lines += [f"{each.loop.line} had all of that done up to {each.tries} times."]
    if len(layers) == 1:
        lines += ["No bound was seen: if the service is down for longer, it is called for longer."]
    else:
        lines += ["Each of them multiplies the load on a service that is failing already."]
    return "\n".join(lines)
