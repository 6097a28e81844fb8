"""`pileup report --compare`, from a shell: what it prints, and what its exit code says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.small_comparison import SMALL, cell

import pileup
from pileup.cli import main
from pileup.fakes import World
from pileup.reports import comparison_data, data
from pileup.reports.data import Told, ToldRun


async def hasty(world: World, me: pileup.Agent) -> None:
    entries = await world.memory.get("entries") or []
    await world.memory.set("entries", [*entries, me.name])


async def careful(world: World, me: pileup.Agent) -> None:
    async with world.memory.lock():
        await hasty(world, me)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, agent in (("hasty", hasty), ("careful", careful)):
        found = pileup.explore(agent, runs=60)
        Path(f"{name}.json").write_text(data.write([Told("shop.py:pay", found)]), "utf-8")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_what_is_new_is_told_with_its_replay_and_the_exit_code_is_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["report", "--compare", "careful.json", "hasty.json"]) == 1
    said = capsys.readouterr().out
    assert "NEW  shop.py:pay: lost_write (critical)" in said
    assert "replay: pileup replay pileup1-" in said


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("hasty", "careful", "FIXED"),
        ("hasty", "hasty", "1 not told apart"),
        ("careful", "careful", "nothing was found in either"),
    ],
)
def test_without_anything_new_or_worse_it_is_0(
    capsys: pytest.CaptureFixture[str], before: str, after: str, said: str
) -> None:
    assert main(["report", "--compare", f"{before}.json", f"{after}.json"]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_it_is_there_as_data_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--compare", "careful.json", "hasty.json", "--json"]) == 1
    page = json.loads(capsys.readouterr().out)
    assert [each["trend"] for each in page["found"]] == ["new"]


def test_folders_of_reports_are_compared_program_by_program(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for when, second in (("before", "careful"), ("after", "hasty")):
        (folder / when).mkdir()
        for number, name in enumerate(("hasty", second), 1):
            (told,) = data.read((folder / f"{name}.json").read_text("utf-8"))
            text = data.write([told._replace(name=f"test {number}")])
            (folder / when / f"{number}.json").write_text(text, "utf-8")
    assert main(["report", "--compare", "before", "after"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("pileup: 1 new, 1 not told apart.")
    assert "NEW  test 2: lost_write" in said


def test_comparisons_name_the_cell_to_be_replayed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck = replace(SMALL.lines[3], kinds={"deadlock": cell(1000)})
    worse = replace(SMALL, lines=(*SMALL.lines[:3], stuck))
    for name, found in (("old", SMALL), ("new", worse)):
        (folder / f"{name}.json").write_text(comparison_data.write(found), "utf-8")
    assert main(["report", "--compare", "old.json", "new.json"]) == 1
    assert "pileup replay 'single agent/hardened/deadlock'" in capsys.readouterr().out


def test_what_cannot_be_compared_is_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.json").write_text(comparison_data.write(SMALL), "utf-8")
    shown = pileup.explore(hasty, runs=60).counterexample
    assert shown is not None
    (folder / "run.json").write_text(data.write_run(ToldRun("pay", shown)), "utf-8")
    (folder / "broken.json").write_text("{", "utf-8")
    (folder / "bytes.json").write_bytes(b"\xff")
    for other, why in (
        ("other", "the other is not"),
        ("run", "A single run says nothing"),
        ("broken", "it is not JSON"),
        ("bytes", "cannot be read"),
    ):
        assert main(["report", "--compare", "hasty.json", f"{other}.json"]) == 2
        assert why in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_options_that_do_not_go_together_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "hasty.json", "--json"]) == 2
    assert "--json goes with --compare" in capsys.readouterr().err
    assert main(["report", "hasty.json", "--compare", "hasty.json", "-o", "x.html"]) == 2
    assert "Differences are printed" in capsys.readouterr().err
