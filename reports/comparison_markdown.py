"""A comparison as Markdown, for a pull request or the summary of a CI step: a matrix, then all.

What topologies are called stands in code alone, as in `pileup.reports.markdown`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pileup.reports import comparison_text
from pileup.reports.comparison import Comparison, Line
from pileup.reports.comparison_text import often, ranked
from pileup.reports.comparison_words import verdict
from pileup.reports.markdown import code, folded
from pileup.reports.measures import MEASURES, written

ARROW: Final = " → "
NONE: Final = often(None)
BAR: Final = "\\|"
"""A bar within a cell, even within code, would begin the next cell."""

SHOWN: Final = ("cost", "p95", "right")
"""The measures that stand beside the findings; all are in the text."""


def render(found: Comparison, places: Mapping[str, str] | None = None) -> str:
    """Write the whole comparison; `places` says where topologies of the user's own are."""
    return "\n".join(_all(found, places or {}))


def _all(found: Comparison, places: Mapping[str, str]) -> Iterator[str]:
    yield f"## pileup: {verdict(found, code)}"
    yield ""
    variants = list(dict.fromkeys(line.controls for line in found.lines))
    if found.lines:
        yield (
            "In how many of 1,000 storms it goes wrong, "
            f"{ARROW.strip().join(f' {code(each)} ' for each in variants).strip()}. "
            f"A dot: below {1000 * max(line.clean_below for line in found.lines):.0f}, "
            "at 95% confidence."
        )
        yield ""
        yield from _table(found.lines, variants)
        yield ""
    yield from folded(
        "All tables, and how to see it again", comparison_text.render(found, places=places)
    )


def _table(lines: Sequence[Line], variants: Sequence[str]) -> Iterator[str]:
    kinds = ranked(kind for line in lines for kind in line.kinds)
    names = [name for name in SHOWN if any(name in line.measures for line in lines)]
    heads = ["", *map(code, kinds), *(MEASURES[name].heading for name in names)]
    yield _row(heads)
    yield _row(["---", *("--:" for _ in heads[1:])])
    for topology in dict.fromkeys(line.topology for line in lines):
        known = {line.controls: line for line in lines if line.topology == topology}
        both = [known[each] for each in variants if each in known]
        yield _row([_name(both[0]), *_kinds(both, kinds), *_measures(both, names)])


def _kinds(lines: Sequence[Line], kinds: Sequence[str]) -> Iterator[str]:
    for kind in kinds:
        cells = [often(line.kinds.get(kind)) for line in lines]
        yield ARROW.join(cells) if any(kind in line.kinds for line in lines) else NONE


def _measures(lines: Sequence[Line], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        unit = MEASURES[name].unit
        yield ARROW.join(written(line.measures.get(name), unit) for line in lines)


def _name(line: Line) -> str:
    return f"{code(line.topology)}{' (anti-pattern)' if line.is_anti_pattern else ''}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(each.replace('|', BAR) for each in cells)} |"
