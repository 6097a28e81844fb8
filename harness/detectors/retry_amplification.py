"""Retry amplification: several places retry one above the other, and their attempts multiply.

One place that retries, with a bound, is how it should be. If its caller
retries as well, and the caller's caller, one call becomes 3 x 3 x 3 attempts,
just when the service is down. Who retried is in the frames (see `attempts`).

What is right and looks the same must stay silent, so nothing is said of

* one place that retries fewer than ten times, or that waits as it was told to;
* what is asked again after it has succeeded: polling, a heartbeat;
* different calls that fail in one loop, each with its own input;
* tasks that ask the same beside each other, each with its own retries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Final, NamedTuple

from pileup.detectors.attempts import Attempt, attempts, loop_of
from pileup.detectors.case import Case
from pileup.detectors.telling import found
from pileup.findings import Finding

ENDLESS: Final = 10
"""So many attempts of one call by one place are as good as without a bound."""

MOST_OPEN: Final = 16
"""How many tasks may make the same call at the same time and still be told apart."""

Signature = tuple[str, ...]
"""A place that retries, in all its calls: it and what leads to it, without lines."""


class Loop(NamedTuple):
    """One call of a place that retries: its frame, what leads to it, and the line it stood at."""

    frame: int
    signature: Signature
    line: str


@dataclass
class Series:
    """The attempts of one logical call, in order."""

    attempts: list[Attempt]
    tries: dict[int, int] = field(default_factory=dict)
    loops: dict[int, Loop] = field(default_factory=dict)
    multiplies: bool = False
    polite: int = 0

    def add(self, later: Attempt, place: int) -> None:
        """Add an attempt that a loop has made."""
        earlier = self.attempts[-1]
        loop = _loop(later, place)
        inner = {number for number, _ in earlier.note.path} & self.tries.keys() - {loop.frame}
        above = {number for number, _ in later.note.path[:place]}
        self.multiplies = self.multiplies or bool(inner - above)
        self.tries[loop.frame] = self.tries.get(loop.frame, 1) + 1
        self.loops.setdefault(loop.frame, loop)
        wait = earlier.note.wait
        self.polite += wait is not None and later.row[7] - earlier.row[7] >= wait
        self.attempts.append(later)

    @property
    def layers(self) -> list[tuple[Loop, int]]:
        """The places that retried, the innermost first, and how often each tried at the most."""
        most: dict[Signature, tuple[Loop, int]] = {}
        for frame, count in self.tries.items():
            loop = self.loops[frame]
            known = most.get(loop.signature)
            if known is None or count > known[1]:
                most[loop.signature] = (loop, count)
        return sorted(most.values(), key=lambda layer: (-len(layer[0].signature), layer[0].frame))


def retry_amplification(case: Case) -> Iterator[Finding]:
    """Find the calls whose attempts multiplied, or had no end."""
    seen: set[str] = set()
    for series in _series(case):
        layers = series.layers
        if series.multiplies:
            said = "multiplied"
        elif len(layers) == 1 and layers[0][1] - series.polite >= ENDLESS:
            said = "endless"
        else:
            continue
        mark = f"{said} {series.attempts[0].row[0]} {' | '.join(_mark(each) for each, _ in layers)}"
        if mark not in seen and not _is_repeated(case, series):
            seen.add(mark)
            yield _finding(case, series, layers, mark)


def _series(case: Case) -> Iterator[Series]:
    """Put the attempts together that are of one call."""
    by_call: dict[str, list[Series]] = {}
    for each in attempts(case):
        under_way = by_call.setdefault(each.about, [])
        for series in reversed(under_way):
            place = loop_of(series.attempts[-1], each)
            if place is not None:
                series.add(each, place)
                if not each.failed:
                    under_way.remove(series)
                    yield series
                break
        else:
            if each.failed:
                under_way.append(Series([each]))
                if len(under_way) > MOST_OPEN:
                    yield under_way.pop(0)
    for left in by_call.values():
        yield from left


def _is_repeated(case: Case, series: Series) -> bool:
    """Whether the same is asked again after it has succeeded: then to ask again is no retry."""
    first, last = series.attempts[0], series.attempts[-1]
    success = None if last.failed else last.number
    for number, row in enumerate(case.rows):
        if row[3] != first.row[3] or row[0] != first.row[0] or row[8] == FAIL:
            continue
    return False
