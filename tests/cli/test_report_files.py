"""`--report FILE` and `report -o FILE`: the file is what its name says, and has the same in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import Call

FEW = ("--runs", "20", "--no-saved")
ENDS = {".html": "<!doctype html>", ".md": "## pileup: ", ".txt": "pileup: ", ".json": "{\n"}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "command",
    [["explore", "shop:NAIVE", *FEW], ["run", "shop:NAIVE", "--strategy", "round_robin"]],
    ids=["explore", "run"],
)
def test_a_command_writes_what_it_tells(command: list[str], end: str, call: Call) -> None:
    bare = call(*command)
    assert call(*command, "--report", f"x{end}") == bare
    text = Path(f"x{end}").read_text("utf-8")
    assert text.startswith(ENDS[end])
    assert "lost_write" in text
    assert "pileup1-" in text


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("end", [".html", ".md", ".txt"])
def test_what_was_kept_is_written_as_it_was_written_at_once(end: str, call: Call) -> None:
    call("explore", "shop:NAIVE", *FEW, "--report", f"once{end}")
    call("explore", "shop:NAIVE", *FEW, "--report", "kept.json")
    done = call("report", "kept.json", "-o", f"later{end}")
    assert (done.code, done.out, done.err) == (1, "", f"Written to later{end}.\n")
    later = Path(f"later{end}").read_text("utf-8")
    beside = "with the --setup, --check and --allow-real that were given, if any were"
    lines = [line for line in later.splitlines() if line and beside not in line]
    assert lines == list(filter(None, Path(f"once{end}").read_text("utf-8").splitlines()))


@pytest.mark.usefixtures("shop")
def test_a_replay_is_written_with_how_to_see_it_again(call: Call) -> None:
    call("explore", "shop:add_entry", "--runs", "20")
    (saved,) = Path(".pileup").glob("*.json")
    done = call("replay", str(saved), "shop:add_entry", "--report", "again.txt")
    text = Path("again.txt").read_text("utf-8")
    assert text.startswith(done.out)
    assert "replay: pileup replay pileup1-" in text
    assert text.endswith(" shop:add_entry\n")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "command",
    [
        ["explore", "shop:NAIVE", *FEW, "--report", "no/x.html"],
        ["run", "shop:NAIVE", "--report", "no/x.html"],
        ["report", "kept.json", "-o", "no/x.html"],
    ],
)
def test_a_folder_that_is_not_there_is_refused(command: list[str], call: Call) -> None:
    call("explore", "shop:NAIVE", *FEW, "--report", "kept.json")
    done = call(*command)
    assert done.code == 2
    assert "there is no folder no. Make it first." in done.err
    assert done.out == ""


@pytest.mark.usefixtures("shop")
def test_a_folder_of_reports_becomes_one_page(call: Call) -> None:
    Path("kept").mkdir()
    call("explore", "shop:NAIVE", *FEW, "--report", "kept/a.json")
    call("explore", "shop:HARDENED", *FEW, "--report", "kept/b.json")
    assert call("report", "kept", "-o", "all.html").code == 1
    text = Path("all.html").read_text("utf-8")
    assert text.count("<article ") == 2
    assert "20 runs clean" in text


@pytest.mark.usefixtures("shop")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is Linux's alone")
@pytest.mark.parametrize("command", ["explore", "run", "replay"])
def test_where_it_cannot_be_written_all_is_told_at_least(command: str, call: Call) -> None:
    call("explore", "shop:add_entry", "--runs", "20")
    (saved,) = map(str, Path(".pileup").glob("*.json"))
    words = {
        "explore": ("shop:NAIVE", *FEW),
        "run": ("shop:NAIVE", "--strategy", "round_robin"),
        "replay": (saved, "shop:add_entry"),
    }[command]
    bare = call(command, *words)
    done = call(command, *words, "--report", "/dev/full")
    assert (done.code, done.out) == (2, bare.out)
    assert "/dev/full cannot be written (No space left on device)" in done.err
