"""Explorations as JSON and back: nothing that is told gets lost, nothing damaged is believed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.commands import Call, Start
from support.sessions import without_others

import pileup
from pileup.choices import Tape
from pileup.cli.recipes import BESIDE
from pileup.fakes import World
from pileup.faults import Rule
from pileup.reports import pages, writing
from pileup.reports.data import Told, ToldRun, read, read_any, read_run, write, write_run
from pileup.reports.recipe import IN_PYTHON, Recipe
from pileup.reports.text import render, render_alone
from pileup.scenarios.config_race import FIXED, RACE
from pileup.tokens import Ticket, encode


async def pays(world: World) -> None:
    paid = await world.memory.get("paid") or 0
    with pileup.step("pay"):
        await world.memory.set("paid", paid + 1)


EXPLORED: dict[str, dict[str, Any]] = {  # Any: whatever `explore` takes
    "race": {"agent": RACE},
    "fixed": {"agent": FIXED},
    "all orders": {"agent": FIXED, "strategy": "systematic"},
    "faults": {"agent": pays, "faults": [Rule("lost", odds=0.5), Rule("torn")], "agents": 3},
    "oracle": {"agent": pays, "oracle": "serial"},
    "unshrunk": {"agent": pays, "shrink": False, "timed": True},
    "nothing shared": {"agent": lambda: None},
}


@cache
def explored(name: str) -> pileup.Exploration:
    return pileup.explore(runs=30, **EXPLORED[name])


def told_again(name: str) -> pileup.Exploration:
    (told,) = read(write([Told(name, explored(name))]))
    assert told.name == name
    return told.exploration


@pytest.mark.parametrize("name", EXPLORED)
def test_what_is_read_tells_the_same_story(name: str) -> None:
    found, again = explored(name), told_again(name)
    assert str(replace(again, render=writing.render)) == str(found)
    assert again.findings == found.findings
    assert again.stats == found.stats
    assert again.strength == found.strength if found.clean else not again.clean


def test_the_run_that_is_shown_can_be_replayed_and_looked_into() -> None:
    shown, again = explored("race").counterexample, told_again("race").counterexample
    assert shown is not None
    assert again is not None
    assert again.history.digest == shown.history.digest
    assert again.tape == shown.tape
    assert pileup.replay(again.token, RACE).history.digest == shown.history.digest


def test_the_runs_that_show_other_findings_are_kept_as_well() -> None:
    others, again = explored("race").others, told_again("race").others
    assert [each.token for each in again] == [each.token for each in others] != []
    assert [each.findings for each in again] == [each.findings for each in others]
    assert [each.history.digest for each in again] == [each.history.digest for each in others]


def test_a_report_of_before_more_than_one_run_was_kept_can_be_read() -> None:
    page = json.loads(write([Told("race", explored("race"))]))
    del page["explorations"][0]["others"]
    (told,) = read(json.dumps(page))
    assert told.exploration.others == ()
    assert told.exploration.findings == explored("race").findings
    assert str(replace(told.exploration, render=writing.render)) == str(explored("race"))


def test_several_go_into_one_file_in_order() -> None:
    names = ["race", "fixed", "race"]
    told = read(write([Told(name, explored(name)) for name in names]))
    assert [each.name for each in told] == names


def test_a_machine_finds_what_it_looks_for() -> None:
    page = json.loads(write([Told("race", explored("race"))]))
    assert page["pileup_report"] == 1
    (found,) = page["explorations"]
    worst = found["findings"][0]
    assert (found["name"], found["runs"], found["clean"]) == ("race", 30, False)
    assert (worst["kind"], worst["severity"]) == ("lost_write", "critical")
    assert worst["seen"]["times"] > 0
    assert found["stats"]["kinds"]["lost_write"] == worst["seen"]["times"]
    assert pileup.replay(worst["replay"], RACE).findings


def test_a_report_of_before_kinds_were_counted_can_be_read() -> None:
    told = Told("race", explored("race"))
    page = json.loads(write([told]))
    counted = page["explorations"][0]["stats"].pop("kinds")
    assert read(write([told]))[0].exploration.stats.kinds == counted != {}
    assert read(json.dumps(page))[0].exploration.stats.kinds == {}


# A single run ------------------------------------------------------------------------------


DULLEST = encode(Ticket(Tape(), agents=2))


@cache
def single(name: str) -> pileup.Run:
    """Return a run that stands alone: a counterexample, or the dullest run there is."""
    shown = explored(name).counterexample
    return pileup.replay(DULLEST if shown is None else shown.token, EXPLORED[name]["agent"])


@pytest.mark.parametrize("name", ["race", "fixed", "faults", "nothing shared"])
def test_a_single_run_that_is_read_tells_the_same_story(name: str) -> None:
    run = single(name)
    told = read_run(write_run(ToldRun(name, run)))
    assert told.name == name
    assert render_alone(told.run) == render_alone(run)
    assert told.run.findings == run.findings
    assert told.run.history.digest == run.history.digest
    assert (told.run.tape, told.run.results) == (run.tape, run.results)
    assert told.clean == run.clean == (name in ("fixed", "nothing shared"))


def test_a_run_and_explorations_are_not_taken_for_each_other() -> None:
    run = write_run(ToldRun("race", single("race")))
    many = write([Told("race", explored("race"))])
    with pytest.raises(pileup.UsageError, match="a single run, which `read_run` reads"):
        read(run)
    with pytest.raises(pileup.UsageError, match="explorations, which `read` reads"):
        read_run(many)
    assert [type(each) for text in (run, many) for each in read_any(text)] == [ToldRun, Told]


@pytest.mark.parametrize(
    ("result", "told"),
    [
        *((each, each) for each in (None, True, 3, 0.5, "x")),
        *((float("nan"), "nan"), (float("-inf"), "-inf"), (World, "<type>"), ([1], "<list>")),
    ],
)
def test_whatever_an_agent_returned_makes_json_that_everybody_reads(
    result: object, told: object
) -> None:
    run = replace(single("race"), results={"a": result})
    text = write_run(ToldRun("race", run))
    page = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert page["run"]["results"] == {"a": told}
    assert read_run(text).run.results == {"a": told}


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("name", None, "the report.run.name should be a text; None is there"),
        ("results", {"a": [1]}, "run.results.a should be a text, a number, true, false or null"),
        ("results", [], "the report.run.results should be an object; [] is there"),
        ("faithful", 1, "the report.run.faithful should be true or false; 1 is there"),
        ("token", "pileup1-00000000-x", "damaged"),
    ],
)
def test_what_is_wrong_with_a_run_is_told_with_its_place(
    name: str, wrong: object, said: str
) -> None:
    page = json.loads(write_run(ToldRun("race", single("race"))))
    page["run"][name] = wrong
    with pytest.raises(pileup.UsageError) as refused:
        read_run(json.dumps(page))
    assert said in str(refused.value)


def test_a_run_that_is_not_quite_the_recorded_one_is_told_as_such() -> None:
    run = replace(single("race"), faithful=False)
    told = read_run(write_run(ToldRun("race", run))).run
    assert "not quite the run that was recorded" in render_alone(told)


# What is damaged ---------------------------------------------------------------------------

WRONG: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    3,
    1.5,
    10**30,
    "",
    "x",
    "1",
    [],
    ["x"],
    [[]],
    {},
    {"x": 1},
    [None],
)


def variants(page: Any, most: int) -> Iterator[str]:  # Any: JSON
    """Put something else in the place of each part of a page, one at a time."""

    def inside(value: Any) -> Iterator[tuple[Any, Any]]:
        keys = value if isinstance(value, dict) else range(min(len(value), most))
        for key in list(keys):
            yield value, key
            if isinstance(value[key], dict | list):
                yield from inside(value[key])

    for home, key in inside(page):
        was = home[key]
        for wrong in WRONG:
            home[key] = wrong
            yield json.dumps(page)
        home[key] = was
        if isinstance(home, dict):
            del home[key]
            yield json.dumps(page)
            home[key] = was


@pytest.mark.parametrize(("name", "least"), [("faults", 900), ("fixed", 300)])
def test_whatever_is_damaged_is_refused_or_does_no_harm(name: str, least: int) -> None:
    page = json.loads(write([Told(name, explored(name))]))
    refused = 0
    for text in variants(page, 3):
        try:
            told = read(text)
        except pileup.UsageError as error:
            refused += str(error).startswith("This is no pileup report: ")
        else:
            for each in told:
                str(replace(each.exploration, render=writing.render))
    assert refused > least


def test_a_run_that_is_damaged_is_refused_or_does_no_harm() -> None:
    page = json.loads(write_run(ToldRun("race", single("race"))))
    refused = 0
    for text in variants(page, 3):
        try:
            for told in read_any(text):
                assert isinstance(told, ToldRun)
                render_alone(told.run)
        except pileup.UsageError as error:
            refused += str(error).startswith("This is no pileup report: ")
    assert refused > 800


@pytest.mark.parametrize(
    ("where", "name", "wrong", "said"),
    [
        ("findings", "agents", [3], "findings[0].agents[0] should be a text; 3 is there"),
        ("findings", "evidence", ["x"], "findings[0].evidence[0] should be a whole number"),
        ("history", "fault", "gremlin", "history[1].fault should be the name of a fault"),
        ("history", "do", 3, "history[1].do should be a text; 3 is there"),
    ],
)
def test_what_would_break_later_is_refused_at_once(
    where: str, name: str, wrong: object, said: str
) -> None:
    for place in ("counterexample", "others[0]"):
        page = json.loads(write([Told("race", explored("race"))]))
        found = page["explorations"][0]
        run = found["others"][0] if place == "others[0]" else found[place]
        run[where][1 if where == "history" else 0][name] = wrong
        with pytest.raises(pileup.UsageError) as refused:
            read(json.dumps(page))
        assert f"{place}.{said}" in str(refused.value)


def test_a_run_that_is_to_show_something_and_does_not_is_refused() -> None:
    page = json.loads(write([Told("race", explored("race"))]))
    page["explorations"][0]["others"][0]["findings"] = []
    with pytest.raises(pileup.UsageError, match=r"others\[0\].findings should be a list of what"):
        read(json.dumps(page))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "the report should be an object"),
        ("{}", "it has no 'pileup_report'"),
        ('{"pileup_report": 2}', "it is of format 2, and this pileup reads format 1"),
        ('{"pileup_report": "1"}', "the report.pileup_report should be a whole number"),
        ('{"pileup_report": 1}', "the report.explorations should be a list; None is there"),
        (
            '{"pileup_report": 1, "explorations": [{"name": "x", "findings": [{"kind": 3}]}]}',
            "the report.explorations[0].findings[0].kind should be a text; 3 is there",
        ),
    ],
)
def test_an_error_says_what_stands_where(text: str, said: str) -> None:
    with pytest.raises(pileup.UsageError) as refused:
        read(text)
    assert said in str(refused.value)
    assert "pileup explore --json" in str(refused.value)


def test_what_is_too_large_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LARGEST", 10)
    with pytest.raises(pileup.UsageError, match="longer than 10 letters"):
        read('{"pileup_report": 1}')


IN_PYTHON_TOLD = ('pileup.replay("{}", ...)', IN_PYTHON.beside)

# `pileup report` ---------------------------------------------------------------------------


def test_a_folder_of_reports_is_told_one_after_another(tmp_path: Path, call: Call) -> None:
    for name in ("race", "fixed"):
        (tmp_path / f"{name}.json").write_text(write([Told(name, explored(name))]), "utf-8")
    (tmp_path / "other.json").write_text('{"something": "else"}', "utf-8")
    (tmp_path / "broken.json").write_text("{", "utf-8")
    done = call("report", str(tmp_path))
    assert done.code == 1
    assert done.out == f"fixed\n=====\n{explored('fixed')}\n\nrace\n====\n{explored('race')}\n"


def test_a_run_is_told_beside_explorations(tmp_path: Path, call: Call) -> None:
    run = single("fixed")
    (tmp_path / "a.json").write_text(write_run(ToldRun("lone", run)), "utf-8")
    (tmp_path / "b.json").write_text(write([Told("fixed", explored("fixed"))]), "utf-8")
    done = call("report", str(tmp_path))
    assert done.code == 0
    assert done.out == f"lone\n====\n{render_alone(run)}\n\nfixed\n=====\n{explored('fixed')}\n"


@pytest.mark.parametrize(
    ("name", "line", "beside"),
    [
        ("shop.py:pay", "pileup replay {} shop.py:pay", BESIDE),
        ("my shop/agents.py:PAY", "pileup replay {} 'my shop/agents.py:PAY'", BESIDE),
        ("a.py::test_b: pays x2", "pytest a.py::test_b --pileup-replay={}", ""),
        ("a.py::t[$(ls)]: pays x2", "pytest 'a.py::t[$(ls)]' --pileup-replay={}", ""),
        ("race; ls", *IN_PYTHON_TOLD),
        ("x:y; ls", *IN_PYTHON_TOLD),
    ],
)
def test_a_report_says_how_to_see_a_run_again_by_what_it_is_called(
    name: str, line: str, beside: str, tmp_path: Path, call: Call
) -> None:
    file = tmp_path / "told.json"
    shown = explored("race").counterexample
    assert shown is not None
    file.write_text(write([Told(name, explored("race"))]), "utf-8")
    again = Recipe(line.format, beside)
    assert call("report", str(file)).out == f"{render(explored('race'), again)}\n"


def test_a_clean_report_is_0(tmp_path: Path, call: Call) -> None:
    (tmp_path / "fixed.json").write_text(write([Told("fixed", explored("fixed"))]), "utf-8")
    done = call("report", str(tmp_path / "fixed.json"))
    assert (done.code, done.out) == (0, f"{explored('fixed')}\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{}", "x.json: This is no pileup report"), (b"\xff", "x.json cannot be read")],
)
def test_a_file_that_is_no_report_is_named(
    content: bytes, said: str, tmp_path: Path, call: Call
) -> None:
    (tmp_path / "x.json").write_bytes(content)
    done = call("report", str(tmp_path / "x.json"))
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_an_empty_folder_says_how_a_report_is_made(tmp_path: Path, call: Call) -> None:
    done = call("report", str(tmp_path))
    assert done.code == 2
    assert "pileup explore --report" in done.err


def test_what_a_test_run_has_written_is_told_as_well(tmp_path: Path, start: Start) -> None:
    test = "import pytest\n\n\n@pytest.mark.pileup(runs=20)\nasync def test_adds(world):\n"
    body = "    n = await world.memory.get('n') or 0\n    await world.memory.set('n', n + 1)\n"
    (tmp_path / "test_it.py").write_text(test + body, "utf-8")
    options = [*without_others(()), "-q", "--pileup-report=told"]
    command = [sys.executable, "-m", "pytest", *options, "test_it.py"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    done = start("report", str(tmp_path / "told"))
    assert done.code == 1, done.err
    assert "1. lost_write (critical)" in done.out
