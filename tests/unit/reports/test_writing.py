"""The end of a file's name says what a report is written as, whichever door it goes through."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.stories import long, raced

import pileup
from pileup.fakes import World
from pileup.reports import data, writing
from pileup.reports.data import Told, ToldRun
from pileup.reports.recipe import IN_PYTHON, Recipe
from pileup.scenarios.config_race import FIXED
from pileup.strategies import make

PASTED = Recipe(lambda token: f"pasted {token}")


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("x.html", "<!doctype html>"),
        ("x.htm", "<!doctype html>"),
        ("x.md", "## pileup: 5 distinct findings in 100 runs"),
        ("x.json", '{\n "pileup_report": 1'),
        ("x.txt", "pileup: 5 distinct findings in 100 runs"),
        ("x", "pileup: 5 distinct findings in 100 runs"),
        ("x.log", "pileup: 5 distinct findings in 100 runs"),
    ],
)
def test_an_exploration_writes_itself_as_the_name_ends(
    tmp_path: Path, name: str, begins: str
) -> None:
    where = raced().report(tmp_path / name)
    assert where == tmp_path / name
    text = where.read_text("utf-8")
    assert text.startswith(begins)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_data_that_an_exploration_wrote_is_read_again(tmp_path: Path) -> None:
    (told,) = data.read(raced().report(str(tmp_path / "x.json")).read_text("utf-8"))
    assert told.exploration.findings == raced().findings
    assert told.name == "add_entry x3"


def test_a_clean_exploration_is_written_in_every_format(tmp_path: Path) -> None:
    found = pileup.explore(FIXED, runs=20)
    for name in ("x.html", "x.md", "x.txt", "x.json"):
        text = found.report(tmp_path / name).read_text("utf-8")
        assert "20 runs clean" in text
        assert "they do in fewer than 14% of runs" in text


def told(name: str) -> list[Told | ToldRun]:
    run = raced().counterexample
    assert run is not None
    reports: dict[str, list[Told | ToldRun]] = {
        "run": [ToldRun("a run", run)],
        "two": [Told("one", raced()), Told("two", long(40))],
        "both": [Told("one", raced()), ToldRun("a run", run)],
    }
    return reports[name]


@pytest.mark.parametrize("suffix", [".html", ".md", ".txt"])
def test_several_are_told_one_after_another(suffix: str) -> None:
    text = writing.spelled(told("both"), suffix, lambda _: PASTED)
    assert text.index("5 distinct findings") < text.lower().index("this run shows 1 finding")
    assert text.count("pasted pileup1-") >= 2


def test_each_is_seen_again_by_its_own_recipe() -> None:
    asked: list[str] = []

    def recipes(name: str) -> Recipe:
        asked.append(name)
        return IN_PYTHON

    writing.spelled(told("both"), ".txt", recipes)
    assert asked == ["one", "a run"]


def test_a_run_is_data_of_its_own() -> None:
    page = json.loads(writing.spelled(told("run"), ".json", lambda _: IN_PYTHON))
    assert page["run"]["name"] == "a run"
    page = json.loads(writing.spelled(told("two"), ".json", lambda _: IN_PYTHON))
    assert [each["name"] for each in page["explorations"]] == ["one", "two"]


def test_data_of_explorations_and_runs_together_is_refused() -> None:
    with pytest.raises(pileup.UsageError, match=r"holds explorations, or one run.*a run is a run"):
        writing.spelled(told("both"), ".json", lambda _: IN_PYTHON)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(pileup.UsageError, match=r"cannot be written \(No such file or directory\)"):
        writing.write(tmp_path / "no" / "x.html", told("run"), lambda _: IN_PYTHON)


def test_what_is_no_number_to_other_readers_is_spelled_out() -> None:
    async def divides() -> float:
        await pileup.checkpoint()
        return float("inf")

    async def shares(world: World) -> None:
        await world.memory.set("ratio", [float("nan"), {"deep": float("-inf")}])

    assert as_json(divides)["run"]["results"] == {"divides-0": "inf"}
    assert as_json(shares)["run"]["clean"]


def as_json(agent: Callable[..., Awaitable[object]]) -> dict[str, Any]:  # Any: JSON
    run = pileup.Scenario(agent, agents=1).explorer().once(make("random", 0))
    text = writing.spelled([ToldRun("a run", run)], ".json", lambda _: IN_PYTHON)
    found: dict[str, Any] = json.loads(text, parse_constant=refused)
    return found


def refused(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def test_what_was_read_can_be_written_again(tmp_path: Path) -> None:
    found, _ = data.read(writing.spelled(told("two"), ".json", lambda _: IN_PYTHON))
    page = found.exploration.report(tmp_path / "again.html").read_text("utf-8")
    assert found.exploration.findings[0].kind in page
    assert str(found.exploration).startswith("pileup: ")
