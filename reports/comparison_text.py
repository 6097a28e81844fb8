"""A comparison as text: tables that fit a terminal, the worst news first."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from pileup.reports.columns import figures, paragraph
from pileup.reports.comparison import Cell, Comparison, Crowd, Line
from pileup.reports.comparison_words import ablations, advice, claims
from pileup.reports.measures import MEASURES, SHOWN, written

WIDTH: Final = 100
MARK: Final = " *"
MARKED: Final = "* an anti-pattern: it is here to be seen, not to be used."

SPREAD: Final = "blast radius"

SEVERE: Final = (
    *("lost_write", "duplicate_effect", "session_leak", "lost_work", "deadlock"),
    *("contamination", "retry_amplification", "silent_partial", "zombie_write", "torn_read"),
)
"""In which order kinds are told: first what seeds trouble, then its symptoms."""


def render(found: Comparison, width: int = WIDTH, places: Mapping[str, str] | None = None) -> str:
    """Write the whole comparison; `places` says where topologies of the user's own are."""
    parts = (
        _breaks(found, width),
        _goes(found, width),
        _crowds(found.crowds, width),
        ablations(found.ablations, width),
        claims(found.claims, width),
        advice(found.advice, width),
        *(paragraph(note, width) for note in found.notes),
        _again(found, width, places or {}),
    )
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part)


def _variants(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    """Put the lines of one variant together, in the order in which they come."""
    for controls in dict.fromkeys(line.controls for line in lines):
        yield controls, [line for line in lines if line.controls == controls]


def _name(line: Line) -> str:
    return f"{line.topology}{MARK if line.is_anti_pattern else ''}"


# What breaks ---------------------------------------------------------------------------------


def _breaks(found: Comparison, width: int) -> Iterator[str]:
    title = f"What goes wrong, in how many of 1,000 storms ({found.terms.get('storm', '')})"
    yield from paragraph(title, width)
    for controls, lines in _variants(found.lines):
        yield ""
        yield from _matrix(controls, lines, width)
    yield ""
    spread = any(SPREAD in line.measures for line in found.lines)
    told = [*certainty(found.lines), *([f"{MEASURES[SPREAD].told}."] if spread else [])]
    yield from paragraph(" ".join(told), width)
    if any(line.is_anti_pattern for line in found.lines):
        yield from paragraph(MARKED, width)


def _matrix(controls: str, lines: Sequence[Line], width: int) -> Iterator[str]:
    broken = [line for line in by_trouble(lines) if line.kinds]
    if broken:
        yield f"{controls}:"
        kinds = ranked(kind for line in broken for kind in line.kinds)
        spread = [SPREAD] if any(SPREAD in line.measures for line in broken) else []
        rows = [(f"  {_name(line)}", _cells(line, kinds, spread)) for line in broken]
        yield from figures([*kinds, *(MEASURES[name].heading for name in spread)], rows, width)
    clean = [line for line in lines if not line.kinds]
    if clean:
        below = 1000 * max(line.clean_below for line in clean)
        which = ", ".join(map(_name, clean)) if broken else "any topology"
        yield from paragraph(
            f"{controls}: nothing in {which} (below {below:.0f} of 1,000)", width, "  "
        )


def _cells(line: Line, kinds: Sequence[str], spread: Sequence[str]) -> list[str]:
    found = [often(line.kinds.get(kind)) for kind in kinds]
    return [*found, *(often(line.measures.get(name)) for name in spread)]


def by_trouble(lines: Iterable[Line]) -> list[Line]:
    """Put those first in which most goes wrong."""
    return sorted(lines, key=lambda line: -sum(cell.value for cell in line.kinds.values()))


def often(cell: Cell | None) -> str:
    """Write in how many of 1,000 storms something was."""
    return "." if cell is None else f"{cell.value:.0f}"


def ranked(kinds: Iterable[str]) -> list[str]:
    """Put kinds in the order in which they are told, each once."""
    return sorted(dict.fromkeys(kinds), key=_rank)


def _rank(kind: str) -> tuple[int, str]:
    return (SEVERE.index(kind) if kind in SEVERE else len(SEVERE), kind)


def certainty(lines: Sequence[Line]) -> Iterator[str]:
    """Say how sure figures are, and what a dot means."""
    cells = [cell for line in lines for cell in line.kinds.values()]
    if cells:
        wide = max(max(cell.high - cell.value, cell.value - cell.low) for cell in cells)
        below = 1000 * max(line.clean_below for line in lines)
        yield f"With so many runs a figure is right to within {wide:.0f} at 95% confidence,"
        yield f"and a dot means below {below:.0f}."


# How it goes ---------------------------------------------------------------------------------


def _goes(found: Comparison, width: int) -> Iterator[str]:
    there = dict.fromkeys(name for line in found.lines for name in line.measures)
    names = [name for name in SHOWN if name in there]
    if not names:
        return
    usual, outage = found.terms.get("usual day", ""), found.terms.get("outage", "")
    yield from paragraph(f"How a usual day goes ({usual}), and an outage ({outage})", width)
    yield ""
    rows = list(_rows(found.lines, names))
    yield from figures([MEASURES[name].heading for name in names], rows, width)
    yield ""
    told = [MEASURES[name].told for name in names]
    yield from paragraph(" ".join(f"{each}." for each in told if each), width)


def _rows(lines: Sequence[Line], names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for controls, alike in _variants(lines):
        yield f"{controls}:", ["" for _ in names]
        for each in alike:
            cells = [written(each.measures.get(name), MEASURES[name].unit) for name in names]
            yield f"  {_name(each)}", cells


# Crowds --------------------------------------------------------------------------------------


def _crowds(crowds: Sequence[Crowd], width: int) -> Iterator[str]:
    names = list(dict.fromkeys(name for each in crowds for name in each.measures))
    if not names:
        return
    yield "So many single agents at once"
    yield ""
    rows = [
        (
            f"  {each.instances:,}, {each.controls}",
            [written(each.measures.get(name), MEASURES[name].unit) for name in names],
        )
        for each in crowds
    ]
    yield from figures([MEASURES[name].heading for name in names], rows, width)


# See it again --------------------------------------------------------------------------------


def _again(found: Comparison, width: int, places: Mapping[str, str]) -> Iterator[str]:
    told = "To see any of it again, as a story: pileup replay TOPOLOGY/CONTROLS/WHAT, as in"
    lines = list(_examples(found, places))
    if lines:
        yield from paragraph(told, width)
        yield from (f"    {line}" for line in lines)


def _examples(found: Comparison, places: Mapping[str, str]) -> Iterator[str]:
    """Show how to see the worst that was found, what is slow, and the user's own again."""
    worst = [line for line in by_trouble(found.lines) if line.kinds]
    own = [line for line in worst if line.topology in places]
    for name in dict.fromkeys(line.topology for line in (*worst[:1], *own[:1])):
        line = next(each for each in worst if each.topology == name)
        yield replay_of(line, min(line.kinds, key=_rank), places)


def replay_of(line: Line, what: str, places: Mapping[str, str]) -> str:
    """Write the command that shows a cell again."""
    place = [places[line.topology]] if line.topology in places else []
    return shlex.join(["pileup", "replay", f"{line.topology}/{line.controls}/{what}", *place])
