"""Saved failures: kept as text, read without trust, and tried again on what the agents are now."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pileup
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.faults import Rule
from pileup.findings import Finding
from pileup.search.explorer import Explorer
from pileup.search.keeping.again import Verdict, try_again
from pileup.search.keeping.saved import LARGEST, MOST_FILES, Failure, Shelf
from pileup.tokens import decode, encode

NAME = "adds x3"


async def adds(world: World) -> None:
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)


async def adds_at_once(world: World) -> None:
    await world.memory.add("n", 1)


async def adds_under_a_lock(world: World) -> None:
    async with world.memory.lock():
        await adds(world)


async def adds_and_looks_elsewhere_too(world: World) -> None:
    n = await world.memory.get("n") or 0
    await world.memory.get("m")
    await world.memory.set("n", n + 1)


def called_adds(body: Callable[..., Any]) -> Callable[..., Any]:
    """Pose as the same agent after an edit."""

    async def edited(world: World) -> None:
        await body(world)

    edited.__name__ = "adds"
    return edited


def explorer(body: Callable[..., Any] = adds, agents: int = 3, **given: Any) -> Explorer:
    return pileup.Scenario(body, agents=agents, **given).explorer()


@pytest.fixture(scope="module")
def finding() -> Finding:
    (found,) = pileup.explore(adds, agents=3).findings
    return found


@pytest.fixture
def shelf(tmp_path: Path, finding: Finding) -> Shelf:
    shelf = Shelf(tmp_path / ".pileup")
    shelf.keep(NAME, finding)
    return shelf


def only(shelf: Shelf, name: str = NAME) -> Path:
    (path,) = (each.path for each in shelf.failures(name))
    return path


# Kept --------------------------------------------------------------------------------------


def test_a_finding_is_kept_as_text_and_read_again(shelf: Shelf, finding: Finding) -> None:
    (failure,) = shelf.failures(NAME)
    assert (failure.kind, failure.fingerprint) == (finding.kind, finding.fingerprint)
    assert (failure.title, failure.token) == (finding.title, finding.replay)
    assert failure.ticket == decode(finding.replay)
    assert shelf.warnings == []


def test_the_file_can_be_read_by_people(shelf: Shelf) -> None:
    text = only(shelf).read_text("utf-8")
    page = json.loads(text)
    assert list(page) == sorted(page)
    assert page["program"] == NAME
    assert "adds-1: start" in page["choices"]
    assert "What" in page["explanation"][-1]
    assert all(each.isprintable() for line in text.splitlines() for each in line)


def test_a_file_says_in_the_folder_what_it_is(shelf: Shelf) -> None:
    assert "delete" in (shelf.folder / "README.txt").read_text("utf-8")
    assert {path.name for path in shelf.folder.iterdir()} == {"README.txt", only(shelf).name}


def test_the_same_finding_is_kept_once(shelf: Shelf, finding: Finding) -> None:
    before = only(shelf).read_bytes()
    assert shelf.keep(NAME, finding) == only(shelf)
    assert only(shelf).read_bytes() == before


def test_another_finding_and_another_program_have_files_of_their_own(
    shelf: Shelf, finding: Finding
) -> None:
    shelf.keep(NAME, replace(finding, key="m"))
    shelf.keep(f"{NAME} in test_a", finding)
    assert len(shelf.failures(NAME)) == 2
    assert len(shelf.failures(f"{NAME} in test_a")) == 1
    assert [each.path.name for each in shelf.failures(NAME)] == sorted(
        each.path.name for each in shelf.failures(NAME)
    )


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a/b\\c:d", "CON", "", ".", "ä\n\x00", "x" * 5_000, "\ud800", "A", "a"],
)
def test_no_name_leaves_the_folder_or_is_too_long(
    tmp_path: Path, finding: Finding, name: str
) -> None:
    shelf = Shelf(tmp_path / "deep" / "shelf")
    path = shelf.keep(name, replace(finding, kind=f"../{name}"))
    assert path.parent == shelf.folder
    assert path.name.replace("_", "").replace("-", "").removesuffix(".json").isalnum()
    assert len(path.name) < 130
    assert len(list(shelf.folder.iterdir())) == 2
    assert len(shelf.failures(name)) == 1


def test_names_that_differ_in_case_alone_have_different_files(
    tmp_path: Path, finding: Finding
) -> None:
    shelf = Shelf(tmp_path)
    one, other = (shelf.keep(name, finding).name.lower() for name in ("Adds x1", "adds x1"))
    assert one != other


def test_what_was_not_proved_is_not_kept(shelf: Shelf, finding: Finding) -> None:
    with pytest.raises(UsageError, match="no replay token"):
        shelf.keep(NAME, replace(finding, replay=""))


def test_what_is_dropped_is_gone_and_may_be_gone_already(shelf: Shelf) -> None:
    (failure,) = shelf.failures(NAME)
    shelf.drop(failure)
    shelf.drop(failure)
    assert shelf.failures(NAME) == []


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "nowhere")
    assert shelf.failures(NAME) == []
    assert shelf.warnings == []
    assert not shelf.folder.exists()


KEEPS = """
import sys
from pathlib import Path
from pileup.findings import Finding
from pileup.search.keeping.saved import Shelf

finding = Finding.from_json(Path(sys.argv[2]).read_text("utf-8"))
for _ in range(60):
    shelf = Shelf(sys.argv[1])
    shelf.keep("adds x3", finding)
    assert len(shelf.failures("adds x3")) == 1, shelf.warnings
"""


def test_processes_may_write_at_the_same_time(tmp_path: Path, finding: Finding) -> None:
    (tmp_path / "finding").write_text(finding.to_json(), "utf-8")
    command = [sys.executable, "-c", KEEPS, str(tmp_path / "shelf"), str(tmp_path / "finding")]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    told = [writer.communicate()[1] for writer in writers]
    assert told == [b""] * 4
    assert len(list((tmp_path / "shelf").iterdir())) == 2


# Not trusted -------------------------------------------------------------------------------


def changed(shelf: Shelf, **fields: object) -> None:
    path = only(shelf)
    page = {**json.loads(path.read_text("utf-8")), **fields}
    path.write_text(json.dumps(page), "utf-8")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pileup_saved": 2}, "not of format 1"),
        ({"pileup_saved": "1"}, "not of format 1"),
        ({"replay": "pileup1-00000000-abc"}, "damaged"),
        ({"replay": "pileup0-x"}, "not a replay token"),
        ({"replay": None}, "'replay' is missing or no text"),
        ({"title": ["a"]}, "'title' is missing or no text"),
        ({"program": "others x3"}, "of other agents"),
        ({"fingerprint": "../../x"}, "fingerprint"),
    ],
)
def test_a_file_with_something_wrong_in_it_is_passed_over(
    shelf: Shelf, fields: dict[str, object], said: str
) -> None:
    changed(shelf, **fields)
    assert shelf.failures(NAME) == []
    (warning,) = shelf.warnings
    assert said in warning


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a": 1' + b" " * LARGEST, b"NaN"],
)
def test_a_damaged_file_is_passed_over(shelf: Shelf, data: bytes) -> None:
    only(shelf).write_bytes(data)
    assert shelf.failures(NAME) == []
    assert len(shelf.warnings) == 1


def test_a_link_is_not_followed(shelf: Shelf, tmp_path: Path) -> None:
    path = only(shelf)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert shelf.failures(NAME) == []
    assert "link" in shelf.warnings[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_what_is_no_file_is_not_opened(shelf: Shelf) -> None:
    path = only(shelf)
    path.unlink()
    os.mkfifo(path)
    assert shelf.failures(NAME) == []
    assert "no file" in shelf.warnings[0]


def test_a_link_in_the_way_is_replaced_and_not_written_through(
    shelf: Shelf, tmp_path: Path, finding: Finding
) -> None:
    path = only(shelf)
    path.unlink()
    (tmp_path / "precious").write_text("precious")
    path.symlink_to(tmp_path / "precious")
    shelf.keep(NAME, finding)
    assert (tmp_path / "precious").read_text() == "precious"
    assert only(shelf) == path


def test_no_terminal_takes_orders_from_a_file(shelf: Shelf) -> None:
    changed(shelf, title="\x1b[2Jgone\nline", kind="a\x07b")
    (failure,) = shelf.failures(NAME)
    assert str(failure) == "a b:  [2Jgone line"


def test_other_files_are_none_of_its_business(shelf: Shelf) -> None:
    (shelf.folder / "notes.json").write_text("mine")
    (shelf.folder / f"{only(shelf).stem}.txt").write_text("mine")
    assert len(shelf.failures(NAME)) == 1
    assert shelf.warnings == []


def test_only_so_many_are_tried(shelf: Shelf) -> None:
    path = only(shelf)
    text = path.read_text("utf-8")
    for number in range(MOST_FILES):
        path.with_name(f"{path.stem}-{number}.json").write_text(text, "utf-8")
    assert len(shelf.failures(NAME)) == MOST_FILES
    assert "1,001 failures" in shelf.warnings[0]


# Tried again -------------------------------------------------------------------------------


def tried(shelf: Shelf, body: Callable[..., Any] = adds, agents: int = 3, **given: Any) -> Verdict:
    (verdict,) = try_again(explorer(body, agents, **given), shelf.failures(NAME))
    return verdict


def test_what_is_still_there_is_still_failing(shelf: Shelf, finding: Finding) -> None:
    verdict = tried(shelf)
    assert verdict.state == "STILL FAILING"
    assert str(verdict) == (
        f"STILL FAILING: lost_write: {finding.title} (the same choices still show it)"
    )
    assert verdict.finding is not None
    assert verdict.finding.replay == finding.replay


def test_what_no_longer_shows_is_fixed(tmp_path: Path) -> None:
    def fails(_: World) -> None:
        raise AssertionError

    (failed,) = pileup.explore(adds_at_once, agents=1, check=fails).findings
    shelf = Shelf(tmp_path)
    shelf.keep(NAME, failed)
    (verdict,) = try_again(explorer(adds_at_once, 1), shelf.failures(NAME))
    assert (verdict.state, verdict.finding) == ("FIXED", None)
    assert str(verdict).startswith("FIXED: check_failed: ")


@pytest.mark.parametrize("body", [adds_at_once, adds_under_a_lock])
def test_choices_that_no_longer_fit_say_that_the_agents_have_changed(
    shelf: Shelf, body: Callable[..., Any]
) -> None:
    verdict = tried(shelf, called_adds(body))
    assert verdict.state in ("CHANGED", "FIXED")
    assert verdict.run is None
    assert "probably fixed" in str(verdict) or verdict.state == "FIXED"


def test_an_edit_that_mends_nothing_is_still_failing(shelf: Shelf, finding: Finding) -> None:
    verdict = tried(shelf, called_adds(adds_and_looks_elsewhere_too))
    assert verdict.state == "STILL FAILING"
    assert verdict.finding is not None
    again = explorer(called_adds(adds_and_looks_elsewhere_too)).replay(
        decode(verdict.finding.replay)
    )
    assert again.faithful
    assert [each.fingerprint for each in again.findings] == [finding.fingerprint]


@pytest.mark.parametrize("agents", [2, 7])
def test_another_number_of_agents_is_tried_by_name(shelf: Shelf, agents: int) -> None:
    verdict = tried(shelf, agents=agents)
    assert verdict.state == "STILL FAILING"
    assert "the nearest run shows it" in str(verdict)


def test_too_few_agents_show_nothing(shelf: Shelf) -> None:
    assert tried(shelf, agents=1).state == "CHANGED"


def test_other_agents_are_left_alone(shelf: Shelf) -> None:
    verdict = tried(shelf, adds_at_once)
    assert (verdict.state, verdict.run) == ("OTHER AGENTS", None)


def test_a_failure_is_tried_under_the_faults_that_it_was_found_with(tmp_path: Path) -> None:
    async def pays(world: World) -> None:
        await world.memory.set("n", 1)
        await world.memory.set("done", 1)

    def done(world: World) -> None:
        assert world.memory.peek("done")

    faults = [Rule("crash", on="write memory[[]n]", odds=0.5), Rule("crash", on="write memory*")]
    (found,) = pileup.explore(pays, agents=1, check=done, faults=faults).findings
    shelf = Shelf(tmp_path)
    shelf.keep(NAME, found)
    (verdict,) = try_again(explorer(pays, 1, check=done), shelf.failures(NAME))
    assert verdict.state == "STILL FAILING"


def forged(shelf: Shelf, **fields: Any) -> Failure:
    (failure,) = shelf.failures(NAME)
    changed(shelf, replay=encode(replace(failure.ticket, **fields)))
    (failure,) = shelf.failures(NAME)
    return failure


@pytest.mark.parametrize(
    "faults", ["{", "[]", "[" * 100_000, '{"pileup_faults": 9}', '{"rules": [{"fault": "x"}]}']
)
def test_a_plan_that_cannot_be_read_hurts_nobody(shelf: Shelf, faults: str) -> None:
    (verdict,) = try_again(explorer(), [forged(shelf, faults=faults)])
    assert verdict.state == "CHANGED"
    assert "cannot be tried" in str(verdict)


def test_nonsense_in_a_tape_hurts_nobody(shelf: Shelf) -> None:
    (failure,) = shelf.failures(NAME)
    labels = {"schedule": ("", ": ", "clock", "x", "\n: \n", "data: x", *["a: b"] * 5)}
    tape = replace(failure.ticket.tape, schedule=(9,) * 11, labels=labels)  # type: ignore[arg-type]
    (verdict,) = try_again(explorer(), [forged(shelf, tape=tape)])
    assert verdict.state in ("CHANGED", "STILL FAILING")
