"""Where things stand on the page of a comparison: on axes, in boxes, on curves; and its notes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.small_comparison import SMALL, cell, with_story

from pileup.reports.comparison import Comparison, Crowd, Line
from pileup.reports.html import comparison, matrix
from pileup.reports.html.axes import FOR_NOTHING, Axis, across
from pileup.reports.html.curves import growths
from pileup.reports.html.matrix import Matrix
from pileup.reports.html.plots import spreads
from pileup.reports.measures import Unit

# Axes ----------------------------------------------------------------------------------------


def test_ten_times_as_much_is_as_far_again() -> None:
    axis = Axis.over([0.1, 1.0, 1000.0])
    places = [axis.at(value) for value in (0.1, 1.0, 10.0, 100.0, 1000.0)]
    assert places == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])


def test_nothing_has_a_place_of_its_own_before_all_else() -> None:
    axis = Axis.over([0.0, 1.0, 100.0])
    assert axis.at(0.0) == 0.0
    assert axis.at(1.0) == FOR_NOTHING
    assert [tick.label for tick in axis.ticks("count")] == ["0", "1", "10", "100"]


@pytest.mark.parametrize("values", [[], [0.0], [5.0], [1e-9, 1e9], [3.0, 3.1], [-1.0, 2.0]])
def test_whatever_there_is_finds_a_place(values: list[float]) -> None:
    axis = Axis.over(values)
    assert all(0 <= axis.at(value) <= 1 for value in (*values, 0.0, 1e12))
    assert all(0 <= tick.at <= 1 for tick in axis.ticks("count"))
    assert axis.ticks("count")


@pytest.mark.parametrize(
    ("unit", "labels"),
    [
        ("seconds", ["1 s", "10 s", "100 s", "1,000 s"]),
        ("dollars", ["$1", "$10", "$100", "$1,000"]),
        ("count", ["1", "10", "100", "1,000"]),
    ],
)
def test_figures_at_an_axis_have_their_unit(unit: Unit, labels: list[str]) -> None:
    assert [tick.label for tick in Axis.over([1.0, 1000.0]).ticks(unit)] == labels


def test_a_short_axis_has_figures_between_the_tens() -> None:
    assert [tick.label for tick in Axis.over([1.0, 9.0]).ticks("count")] == ["1", "2", "5", "10"]


def test_places_are_in_per_cent_and_marks_at_the_ends_are_whole() -> None:
    assert (across(0.0), across(1.0)) == ("1.00%", "99.00%")


# Boxes and curves ----------------------------------------------------------------------------


def test_a_box_holds_the_middle_half() -> None:
    values = tuple(float(each) for each in range(1, 22))
    line = Line("team", "naive", spreads={"latency": values})
    (plot,) = spreads(replace(SMALL, lines=(line,)))
    (bar,) = plot.groups[0].bars
    assert bar.figures == ("1.0 s", "2.0 s", "6.0 s", "11.0 s", "16.0 s", "20.0 s", "21.0 s")
    assert list(bar.places) == sorted(bar.places)


def test_each_topology_has_a_bar_for_its_controls_and_all_share_an_axis() -> None:
    latency, *_ = spreads(with_story())
    assert [group.topology for group in latency.groups] == ["single agent", "supervisor", "crew"]
    assert [bar.controls for bar in latency.groups[1].bars] == ["naive", "hardened"]
    assert len({bar.places for group in latency.groups for bar in group.bars}) == 1


def test_what_is_not_known_is_not_drawn() -> None:
    assert [*spreads(SMALL)] == []
    assert [*growths(SMALL.crowds)] == []  # of one size, which is no curve


def test_shares_stand_between_nothing_and_all_and_figures_as_logarithms() -> None:
    crowds = [Crowd(n, "naive", {"right": cell(0.5), "p95": cell(10.0 * n)}) for n in (1, 10, 100)]
    right, p95 = growths(crowds)
    assert [point.up for point in right.curves[0].points] == [0.5] * 3
    assert [tick.label for tick in right.up] == ["0%", "50%", "100%"]
    assert [point.up for point in p95.curves[0].points] == pytest.approx([0.0, 0.5, 1.0])
    assert [point.way for point in p95.curves[0].points] == pytest.approx([0.0, 0.5, 1.0])


# The matrix ----------------------------------------------------------------------------------


def test_topologies_stand_in_order_of_trouble_each_with_its_controls() -> None:
    rows = Matrix(SMALL, {}, {}).rows
    assert [row.topology for row in rows] == ["crew", "supervisor", "single agent"]
    assert [each.line.controls for each in rows[0].variants] == ["naive", "hardened"]


def test_every_cell_leads_to_a_note_of_its_own_line() -> None:
    made = Matrix(SMALL, {"crew": "mine.py:CREW"}, {"deadlock": "story7"})
    notes = {note.name: note for note in made.notes}
    assert len(notes) == len(made.notes)
    for row in made.rows:
        for variant in row.variants:
            for shade in variant.cells:
                note = notes[shade.note]
                assert (note.topology, note.controls) == (row.topology, variant.line.controls)
                assert bool(note.kind) == (shade.figure != "·")
    (deadlock,) = [note for note in made.notes if note.kind == "deadlock"]
    assert deadlock.replay == "pileup replay crew/naive/deadlock mine.py:CREW"
    assert deadlock.story == "story7"


def test_tokens_stand_once_and_the_short_ones_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "ROOM", 10)
    kinds = {"a": cell(1, 0, "x" * 7), "b": cell(1, 0, "y" * 3), "c": cell(1, 0, "y" * 3)}
    long = {"a": cell(1, 0, "z" * 8)}
    lines = (Line("team", "naive", kinds=kinds), Line("team", "hardened", kinds=long))
    made = Matrix(replace(SMALL, lines=lines), {}, {})
    assert made.tokens == {"token1": "yyy", "token2": "xxxxxxx"}
    named = {(note.controls, note.kind): note.token for note in made.notes if note.kind}
    assert named == {
        ("naive", "a"): "token2",
        ("naive", "b"): "token1",
        ("naive", "c"): "token1",
        ("hardened", "a"): "",
    }


# The page ------------------------------------------------------------------------------------


def test_a_story_for_which_there_is_no_room_has_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = comparison.render(with_story())
    assert 'data-diagram="story1"' in drawn
    monkeypatch.setattr(comparison, "MOMENTS", 3)
    told = comparison.render(with_story(), {"supervisor": "mine.py:BOSS"})
    assert 'data-diagram="story1"' not in told
    assert "for which the page has no room" in told
    assert f"pileup replay {with_story().stories[0].run.token} mine.py:BOSS" in told


def test_what_is_not_there_has_no_part_of_the_page() -> None:
    bare = comparison.render(Comparison("nothing yet", {}, ()))
    assert "Topologies without controls" in bare
    for part in ("wrong", "goes", "spread", "crowds", "controls", "articles", "take", "stories"):
        assert f'id="{part}"' not in bare
        assert f'href="#{part}"' not in bare
