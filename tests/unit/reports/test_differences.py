"""Two reports compared: what is told of explorations and of comparisons, and what is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from support.small_comparison import SMALL, cell, with_story

import pileup
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.faults import Rule
from pileup.reports import comparison_data, data
from pileup.reports.comparison import Cell, Comparison, Line
from pileup.reports.data import Told, ToldRun
from pileup.reports.differences import comparisons, explorations
from pileup.reports.differences.data import write
from pileup.reports.differences.model import Count, Differences
from pileup.reports.differences.reading import compare
from pileup.reports.differences.text import render
from pileup.results import Sighting


async def hasty(world: World, me: pileup.Agent) -> None:
    """Lose another's change, and fail if a door is met open twice, which is seldom."""
    if me.index:
        met = [await world.memory.get("open") for _ in range(6)]
        if met == [None, True, False, True, False, False]:
            raise ValueError("open")
    else:
        for state in (True, False, True, False):
            await world.memory.set("open", value=state)
    await world.memory.set("count", (await world.memory.get("count") or 0) + 1)


async def careful(world: World) -> None:
    async with world.memory.lock():
        await world.memory.set("count", (await world.memory.get("count") or 0) + 1)


def told(agent: object, name: str = "count", **how: Any) -> list[Told]:  # Any: as explore takes
    return [Told(name, pileup.explore(agent, **{"runs": 60, "shrink": False, **how}))]  # type: ignore[arg-type] # either


@cache
def hasty_runs(seed: int) -> list[Told]:
    return told(hasty, seed=seed)


def with_times(times: int, runs: int = 200, strategy: str = "random") -> list[Told]:
    """Return what was found in so many runs, whatever was found."""
    found = hasty_runs(0)[0].exploration
    mark = found.findings[0].fingerprint
    stats = replace(found.stats, sightings={mark: Sighting(0, strategy, times)})
    return [Told("count", replace(found, findings=found.findings[:1], stats=stats, runs=runs))]


def without(runs: int = 200) -> list[Told]:
    found = told(careful)[0].exploration
    return [Told("count", replace(found, runs=runs))]


def trends(found: Differences) -> list[str]:
    return [each.trend for each in found.found]


# Explorations --------------------------------------------------------------------------------


def test_of_one_program_with_other_seeds_nothing_is_told() -> None:
    """Else nobody would heed it: 20 pairs, of a program whose findings come and go."""
    pairs = [explorations.compare(hasty_runs(seed), hasty_runs(seed + 1)) for seed in range(20)]
    kinds = [sorted(hasty_runs(seed)[0].exploration.stats.kinds) for seed in range(21)]
    assert sum(one != other for one, other in pairwise(kinds)) > 3
    assert [pair.found for pair in pairs] == [()] * 20
    assert all(pair.same for pair in pairs)


def test_what_was_broken_is_new_and_what_was_repaired_is_fixed() -> None:
    broken = explorations.compare(without(60), hasty_runs(0))
    assert "new" in trends(broken)
    assert broken.is_worse
    (lost, *_) = broken.found
    assert (lost.what, lost.severity, lost.before) == ("lost_write", "critical", Count(0, 60))
    assert pileup.replay(lost.token, hasty).findings
    repaired = explorations.compare(hasty_runs(0), without(60))
    assert "fixed" in trends(repaired)
    assert not repaired.is_worse


@pytest.mark.parametrize(
    ("before", "after", "trend"),
    [
        (with_times(20), with_times(60), ["worse"]),
        (with_times(60), with_times(20), ["better"]),
        (with_times(20), with_times(27), []),
        (with_times(20), with_times(2, runs=20), []),
        (with_times(2), with_times(20, runs=20), ["worse"]),
        (without(), with_times(1), []),
        (without(), with_times(9), ["new"]),
        (with_times(9), without(), ["fixed"]),
        (without(runs=5), with_times(5, runs=5), ["new"]),
        (without(runs=4), with_times(4, runs=4), []),
        (without(), with_times(9, strategy="saved"), []),
    ],
)
def test_it_is_told_if_it_is_more_than_chance(
    before: list[Told], after: list[Told], trend: list[str]
) -> None:
    assert trends(explorations.compare(before, after)) == trend


def test_where_all_orders_were_tried_once_is_enough() -> None:
    (whole,) = told(careful, strategy="systematic")
    assert whole.exploration.exhausted
    found = explorations.compare([whole], with_times(1))
    assert trends(found) == ["new"]
    assert "sure: all orders were tried" in render(found, lambda _: "")


def test_orders_that_were_not_drawn_say_nothing_about_how_often() -> None:
    (one,) = with_times(150)
    drawn = [Told("count", replace(one.exploration, drawn=False))]
    found = explorations.compare(without(), drawn)
    assert found.found == ()
    assert "not drawn at random" in " ".join(found.warnings)


def test_programs_are_told_apart_by_name_and_those_without_a_partner_are_named() -> None:
    before = [*with_times(1), *told(careful, "gone")]
    after = [*with_times(1), *told(hasty, "came")]
    found = explorations.compare(before, after)
    assert (found.only_before, found.only_after) == (("gone",), ("came",))
    assert found.found == ()


def test_other_terms_are_warned_of() -> None:
    faulty = told(hasty, faults=[Rule("slow")], agents=3, backend="trio")
    said = " ".join(explorations.compare(hasty_runs(0), faulty).warnings)
    assert "the fault rules differ: none before, slow" in said
    assert "the number of agents differs: 2 before, 3 after" in said
    assert "the event loop differs: native before, trio after" in said


# Comparisons ---------------------------------------------------------------------------------


def line(kinds: dict[str, int], **measures: Cell) -> Comparison:
    cells = {kind: cell(1000 * times / 40, 10) for kind, times in kinds.items()}
    shown = Line("team", "naive", runs=40, days=5, kinds=cells, measures=measures)
    return Comparison("", {"storm": "40 times"}, (shown,))


@pytest.mark.parametrize(
    ("before", "after", "trend"),
    [
        (line({}), line({"deadlock": 20}), ["new"]),
        (line({"deadlock": 20}), line({}), ["fixed"]),
        (line({"deadlock": 5}), line({"deadlock": 30}), ["worse"]),
        (line({"deadlock": 30}), line({"deadlock": 5}), ["better"]),
        (line({"deadlock": 10}), line({"deadlock": 15}), []),
        (line({}), line({"deadlock": 3}), []),
        (line({}, p50=cell(10, 1)), line({}, p50=cell(20, 1)), ["worse"]),
        (line({}, p50=cell(10, 1)), line({}, p50=cell(12.1, 1)), ["worse"]),
        (line({}, p50=cell(10, 1)), line({}, p50=cell(11.5, 1)), []),
        (line({}, right=cell(0.5, 0.1)), line({}, right=cell(0.9, 0.1)), ["better"]),
        (line({}, right=cell(0.9, 0.1)), line({}, right=cell(0.5, 0.1)), ["worse"]),
        (line({}, p95=cell(10, 1)), line({}, p95=cell(90, 1)), []),
        (line({}, recovery=cell(10, 1)), line({}, recovery=cell(90, 1)), []),
        (line({}, unheard_of=cell(10, 1)), line({}, unheard_of=cell(90, 1)), []),
    ],
)
def test_a_cell_is_told_if_it_is_more_than_chance(
    before: Comparison, after: Comparison, trend: list[str]
) -> None:
    assert trends(comparisons.compare(before, after)) == trend


def test_measures_of_a_few_days_are_left_out_and_that_is_said() -> None:
    few = line({}, p50=cell(10, 1))
    few = replace(few, lines=(replace(few.lines[0], days=2),))
    found = comparisons.compare(few, line({}, p50=cell(99, 1)))
    assert found.found == ()
    assert "fewer than 5 usual days" in found.warnings[0]


def test_a_comparison_differs_in_nothing_from_itself() -> None:
    found = comparisons.compare(SMALL, SMALL)
    assert (found.found, found.only_before, found.only_after) == ((), (), ())


def test_terms_of_a_comparison_that_differ_are_warned_of_but_for_seed_and_version() -> None:
    other = replace(SMALL, terms={**SMALL.terms, "storm": "other", "seed": "7"})
    said = comparisons.compare(SMALL, other).warnings
    assert [each for each in said if "differs" in each] == [
        "The storm differs: 2 instances; 40 times before, other after."
    ]


# Files ---------------------------------------------------------------------------------------


def test_two_files_are_compared_as_what_they_are() -> None:
    one, other = (data.write(each) for each in (without(), with_times(150)))
    assert trends(compare(one, other)) == ["new"]
    whole = comparison_data.write(with_story())
    assert compare(whole, whole).found == ()


def test_more_sightings_than_runs_are_no_more_than_all_of_them() -> None:
    impossible = data.write(with_times(150)).replace('"times": 150', '"times": 900')
    (found,) = compare(data.write(without()), impossible).found
    assert found.after == Count(200, 200)


def test_what_cannot_be_compared_is_refused() -> None:
    one, whole = data.write(without()), comparison_data.write(SMALL)
    with pytest.raises(UsageError, match="the other is not"):
        compare(one, whole)
    with pytest.raises(UsageError, match="The one after: This is no pileup report"):
        compare(one, "{")
    renamed = [each._replace(name="other") for each in without()]
    with pytest.raises(UsageError, match=r"no program is in both: .* count, after other\."):
        compare(one, data.write(renamed))
    shown = hasty_runs(0)[0].exploration.counterexample
    assert shown is not None
    with pytest.raises(UsageError, match="A single run says nothing about how often"):
        compare(one, data.write_run(ToldRun("count", shown)))


# What is told --------------------------------------------------------------------------------


def test_a_difference_is_told_with_both_figures_how_sure_it_is_and_how_to_see_it() -> None:
    text = render(explorations.compare(without(), with_times(9)), lambda each: f"see {each.token}")
    assert text.startswith("pileup: 1 new.\n\nNEW  count: lost_write (critical)\n  ")
    assert "\n  0 of 200 runs -> 9 of 200 runs\n  by chance: once in 281 such pairs" in text
    assert "\n  replay: see pileup1-" in text


def test_of_what_is_gone_no_replay_is_told() -> None:
    assert "replay" not in render(explorations.compare(with_times(9), without()), lambda _: "see")


def test_a_measure_is_told_with_its_interval() -> None:
    before, after = line({}, p50=cell(10, 1)), line({}, p50=cell(20, 1))
    text = render(comparisons.compare(before, after), lambda _: "")
    assert "WORSE  team/naive: p50\n  10.0 s (9.0 to 11.0) -> 20.0 s (19.0 to 21.0)" in text


def test_what_was_drawn_is_never_told_as_certain() -> None:
    far = comparisons.compare(line({}, p50=cell(1, 0.1)), line({}, p50=cell(999, 0.1)))
    often = explorations.compare(without(9_999), with_times(9_999, runs=9_999))
    for found in (far, often):
        assert "by chance: less than once in 1,000,000" in render(found, lambda _: "")


def test_what_is_the_same_is_counted() -> None:
    text = render(explorations.compare(with_times(20), with_times(20)), lambda _: "")
    assert text.startswith("pileup: 1 not told apart.")
    assert render(Differences(()), lambda _: "") == "pileup: nothing was found in either."


def test_no_line_is_wider_than_the_terminal() -> None:
    before, after = without(), [*with_times(9), *told(careful, "a program with a long name " * 5)]
    text = render(explorations.compare(before, after), lambda _: "", 60)
    assert max(map(len, text.splitlines())) <= 60


def test_as_data_it_has_the_figures() -> None:
    page = json.loads(write(explorations.compare(without(), with_times(9))))
    (found,) = page["found"]
    assert (page["pileup_differences"], page["is_worse"]) == (1, True)
    assert found["after"] == {"times": 9, "runs": 200}
    measures = comparisons.compare(line({}, p50=cell(10, 1)), line({}, p50=cell(20, 1)))
    (found,) = json.loads(write(measures))["found"]
    assert found["after"] == {"value": 20, "low": 19, "high": 21, "token": "pileup1-shown"}
