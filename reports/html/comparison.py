"""A comparison of topologies as one page to look at."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Final, NamedTuple

from pileup.reports.comparison import NAIVE, Ablation, Comparison, Shown
from pileup.reports.comparison_data import read, write
from pileup.reports.comparison_text import SPREAD, certainty
from pileup.reports.comparison_words import changes, missed, verdict
from pileup.reports.html import curves, plots
from pileup.reports.html.axes import across
from pileup.reports.html.drawing import Drawing
from pileup.reports.html.environment import SCRIPTS, STYLES, page
from pileup.reports.html.matrix import Matrix
from pileup.reports.measures import MEASURES, SHOWN, interval, written
from pileup.reports.plain import name, sentence
from pileup.reports.recipe import Recipe
from pileup.reports.story.model import Story
from pileup.reports.story.telling import tell_run

TOKEN: Final = re.compile(r"pileup1-[\w-]*", re.ASCII)
"""What is longer than anybody reads, and means something only while it is whole."""

MOMENTS: Final = 500
"""As many as are drawn in all stories together: a page is to be sent by mail."""

STYLES_TOO: Final = (*STYLES, "comparison.css")
SCRIPTS_TOO: Final = (*SCRIPTS, "comparison.js")


class Part(NamedTuple):
    """A story in which a kind is seen, and its diagram."""

    name: str
    shown: Shown
    story: Story
    drawing: Drawing | None


def render(found: Comparison, places: Mapping[str, str] | None = None) -> str:
    """Write the page; `places` says where topologies of the user's own are."""
    shown = _plain(found)
    parts = [*_parts(shown.stories, places or {})]
    content: dict[str, object] = {
        "found": shown,
        "verdict": verdict(shown),
        "sure": [*certainty(shown.lines)],
        "matrix": Matrix(shown, places or {}, {each.shown.kind: each.name for each in parts}),
        "measures": [each for each in (*SHOWN, SPREAD) if _is_known(each, shown)],
        "naive": _naive(shown),
        "lies": [*plots.spreads(shown)],
        "growths": [*curves.growths(shown.crowds)],
        "telling": sorted(filter(_tells, shown.ablations), key=missed),
        "silent": [each.control for each in shown.ablations if not _tells(each)],
        "parts": parts,
        **{each.__name__: each for each in (across, curves.along, curves.height)},
        **{each.__name__: each for each in (changes, written, interval)},
        "known": MEASURES,
    }
    return page("comparison.html.j2", content, STYLES_TOO, SCRIPTS_TOO)


def _is_known(measure: str, found: Comparison) -> bool:
    return any(measure in line.measures for line in found.lines)


def _naive(found: Comparison) -> str:
    lines = [line for line in found.lines if line.controls == NAIVE]
    broken = sum(bool(line.kinds) for line in lines)
    return f"something goes wrong in {broken} of {len(lines)} topologies" if lines else ""


def _parts(stories: Sequence[Shown], places: Mapping[str, str]) -> Iterator[Part]:
    drawn = _fitting(stories)
    for number, each in enumerate(stories):
        recipe = Recipe(partial(_again, places.get(each.topology, "")))
        story = tell_run(each.run, recipe, each.topology)
        called = f"story{number + 1}"
        is_drawn = story.shown is not None and number in drawn
        drawing = Drawing(story.shown.diagram, called) if story.shown and is_drawn else None
        yield Part(called, each, story, drawing)


def _fitting(stories: Sequence[Shown]) -> Collection[int]:
    """Say which stories are short enough to be drawn, the shortest first."""
    sizes = [len(each.run.history) for each in stories]
    order = sorted(range(len(stories)), key=sizes.__getitem__)
    room = accumulate(sizes[place] for place in order)
    return [place for place, taken in zip(order, room, strict=True) if taken <= MOMENTS]


def _again(place: str, token: str) -> str:
    return shlex.join(["pileup", "replay", token, *([place] if place else [])])


def _tells(each: Ablation) -> bool:
    return bool(each.away or each.alone)


# What may be shown ---------------------------------------------------------------------------


def _plain(found: Comparison) -> Comparison:
    """Spell out whatever would give an order or not be seen, because names may be anybody's."""
    bare = json.loads(write(replace(found, stories=())))
    stories = tuple(
        Shown(name(each.topology), name(each.controls), name(each.kind), each.run)
        for each in found.stories
    )
    return replace(read(json.dumps(_spelled(bare))), stories=stories)


def _spelled(value: object) -> object:
    match value:
        case dict():
            return {name(each): _spelled(part) for each, part in value.items()}
        case list():
            return [_spelled(each) for each in value]
        case str():
            return value if TOKEN.fullmatch(value) else sentence(value)
    return value
