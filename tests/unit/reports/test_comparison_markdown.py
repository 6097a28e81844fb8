"""A comparison as Markdown: a small one, made by hand, to the letter; and names that mean ill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.small_comparison import SMALL

from pileup.reports.comparison import Comparison
from pileup.reports.comparison_markdown import render
from pileup.reports.comparison_text import render as text

GOLDEN = Path(__file__).parent / "comparison.md"


def test_it_says_what_it_always_said() -> None:
    assert f"{render(SMALL)}\n" == GOLDEN.read_text("utf-8")


def test_all_that_the_text_says_is_folded_below() -> None:
    _, _, below = render(SMALL).partition("<details>")
    assert text(SMALL) in below


def test_a_topology_that_fails_with_its_controls_stands_in_the_heading() -> None:
    lines = [replace(each, is_anti_pattern=False) for each in SMALL.lines]
    said = render(replace(SMALL, lines=tuple(lines))).splitlines()[0]
    assert said == "## pileup: With controls 1 of 3 topologies still fail: `crew`"


def test_topologies_without_controls_promise_nothing() -> None:
    assert render(Comparison("", {}, SMALL.lines[:1])).startswith("## pileup: Topologies without")


@pytest.mark.parametrize(
    "name",
    ["a|b", "`", "@somebody", "<img src=x>", "**bold**", "a\nb", "\u202ea", "](javascript:x)"],
)
def test_a_name_is_no_markup_and_stays_in_its_cell(name: str) -> None:
    lines = [replace(each, topology=name) for each in SMALL.lines[4:]]
    named = render(replace(SMALL, lines=(*SMALL.lines[:4], *lines)))
    (row,) = [each for each in named.splitlines() if each.startswith("|") and "25" in each][-1:]
    assert row.replace("\\|", "").count("|") == 10
    assert row.startswith(("| `", "| ``"))
    assert "\u202e" not in named
