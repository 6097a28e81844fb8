"""A comparison as text: a small one, made by hand, to the letter; and how it fits a terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.small_comparison import SMALL, cell

from pileup.reports.comparison import Comparison, Line
from pileup.reports.comparison_text import render

GOLDEN = Path(__file__).parent / "comparison.txt"


def test_it_says_what_it_always_said() -> None:
    assert f"{render(SMALL)}\n" == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, render(SMALL, width).splitlines())) <= width


def test_columns_that_find_no_room_follow_below_with_the_names_beside_them() -> None:
    kinds = {f"kind_{number}": cell(number) for number in range(100, 120)}
    many = replace(SMALL, lines=(Line("supervisor", "naive", kinds=kinds),))
    text = render(many, 60)
    assert all(f" {number}" in text for number in range(100, 120))
    assert text.count("\n  supervisor ") > 2
    assert max(map(len, text.splitlines())) <= 60


def test_the_worst_topology_stands_first() -> None:
    text = render(SMALL)
    places = [text.index(f"\n  {name}") for name in ("crew *", "supervisor", "single agent")]
    assert places == sorted(places)


def test_a_topology_in_which_nothing_was_found_is_named_with_how_sure_that_is() -> None:
    assert "hardened: nothing in single agent, supervisor (below 72 of 1,000)" in render(SMALL)
    clean = replace(SMALL, lines=SMALL.lines[3:5])
    assert "hardened: nothing in any topology (below 72 of 1,000)" in render(clean)
    assert "To see any of it again" not in render(clean)


def test_how_to_see_the_user_s_own_again_names_where_it_is() -> None:
    text = render(SMALL, places={"supervisor": "mine.py:BOSS"})
    assert "    pileup replay crew/naive/deadlock\n" in text
    assert text.endswith("    pileup replay supervisor/naive/lost_write mine.py:BOSS")


def test_a_name_with_a_space_is_quoted_for_the_shell() -> None:
    alone = replace(SMALL, lines=SMALL.lines[:1])
    assert render(alone).endswith("pileup replay 'single agent/naive/check_failed'")


def test_what_is_not_there_has_no_heading() -> None:
    bare = Comparison("", {}, SMALL.lines[:1])
    for heading in ("usual day", "articles", "control does", "at once", "Which to take"):
        assert heading not in render(bare)
