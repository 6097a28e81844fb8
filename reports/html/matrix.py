"""The matrix of a comparison: a row for each topology and its controls, a cell for each kind.

Each cell leads to a note with its interval and how to see a run that shows it.
Tokens are long, and several cells share a run, so that each stands in the page
once; those for which there is no room are in the JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

from pileup.reports.comparison import Cell, Comparison, Line
from pileup.reports.comparison_text import by_trouble, often, ranked, replay_of

LEVELS: Final = (0.0, 100.0, 250.0, 500.0, 750.0)
"""From so many of 1,000 on a cell is shaded as much more."""

ROOM: Final = 200_000
"""Letters that all tokens together may take: a page is to be sent by mail."""


class Note(NamedTuple):
    """What a cell says in full, once somebody asks."""

    name: str
    topology: str
    controls: str
    kind: str
    told: tuple[str, ...]
    replay: str = ""
    token: str = ""
    """Under which name its token stands in the page, if it does."""
    story: str = ""


class Shade(NamedTuple):
    """One cell: its figure, how dark it is, what it says in a sentence, and its note."""

    figure: str
    level: int
    said: str
    note: str


class Variant(NamedTuple):
    """One row: a topology under some controls."""

    line: Line
    cells: tuple[Shade, ...]


class Row(NamedTuple):
    """A topology, naive and hardened."""

    topology: str
    shape: str
    is_anti_pattern: bool
    variants: tuple[Variant, ...]


class Matrix:
    """All of it, with the notes that its cells lead to and the tokens that stand in the page."""

    def __init__(
        self, found: Comparison, places: Mapping[str, str], stories: Mapping[str, str]
    ) -> None:
        """Put it together; `stories` are the names of those there are, by kind."""
        self._places = places
        self._stories = stories
        self._kept = _kept(found.lines)
        self.notes: list[Note] = []
        self.tokens = {name: token for token, name in self._kept.items()}
        self.kinds = tuple(ranked(kind for line in found.lines for kind in line.kinds))
        topologies = dict.fromkeys(line.topology for line in by_trouble(found.lines))
        self.rows = tuple(self._row(found.lines, each) for each in topologies)

    def _row(self, lines: Sequence[Line], topology: str) -> Row:
        own = [line for line in lines if line.topology == topology]
        variants = []
        for line in own:
            notes = [*self._notes(line)]
            self.notes += notes
            variants.append(Variant(line, tuple(_cells(line, self.kinds, notes))))
        return Row(topology, own[0].shape, own[0].is_anti_pattern, tuple(variants))

    def _notes(self, line: Line) -> Iterator[Note]:
        """Write a note for each kind, and one for all that were not seen."""
        names = (f"note{number}" for number in count(len(self.notes) + 1))
        about = (line.topology, line.controls)
        for kind in ranked(line.kinds):
            cell = line.kinds[kind]
            yield Note(
                next(names),
                *(*about, kind, (_said(cell), _counted(cell, line.runs))),
                replay=replay_of(line, kind, self._places) if cell.token else "",
                token=self._kept.get(cell.token, ""),
                story=self._stories.get(kind, ""),
            )
        yield Note(next(names), *about, "", (clean(line), _so_many(line.runs)))


def _kept(lines: Sequence[Line]) -> dict[str, str]:
    """Name the tokens for which there is room, the short ones first."""
    tokens = dict.fromkeys(cell.token for line in lines for cell in line.kinds.values())
    kept: dict[str, str] = {}
    left = ROOM
    for token in sorted(filter(None, tokens), key=len):
        left -= len(token)
        if left < 0:
            break
        kept[token] = f"token{len(kept) + 1}"
    return kept


def _cells(line: Line, kinds: Sequence[str], notes: Sequence[Note]) -> Iterator[Shade]:
    named = {note.kind: note.name for note in notes}
    for kind in kinds:
        cell = line.kinds.get(kind)
        said = clean(line) if cell is None else _said(cell)
        yield Shade(
            "·" if cell is None else often(cell),
            0 if cell is None else _level(cell.value),
            f"{kind}, {line.topology}, {line.controls}: {said}",
            named["" if cell is None else kind],
        )


def _level(value: float) -> int:
    return max(1, sum(value >= least for least in LEVELS))


def _said(cell: Cell) -> str:
    return (
        f"in {often(cell)} of 1,000 storms; with 95% confidence between {cell.low:.0f} "
        f"and {cell.high:.0f}."
    )


def _counted(cell: Cell, runs: int) -> str:
    return f"Seen in {round(cell.value * runs / 1000):,} of {runs:,} storms that were run."


def clean(line: Line) -> str:
    """Say how sure it is that a kind is not there."""
    return f"not seen; with 95% confidence in fewer than {1000 * line.clean_below:.0f} of 1,000."


def _so_many(runs: int) -> str:
    return f"{runs:,} storms were run. More make it surer: pileup compare --runs {10 * runs}."
