"""The commands of docs/topologies.md are run in one folder, and say what the page shows."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.markdown import examples, resembles

from pileup.cli import main
from pileup.comparison.terms import Terms
from pileup.scenarios.catalogue import HOMES, topology
from pileup.scenarios.controls import CONTROLS
from pileup.scenarios.documents.days import DAYS
from pileup.scenarios.documents.desk import Desk

PAGE = Path(__file__).parents[2] / "docs" / "topologies.md"
TEXT = PAGE.read_text("utf-8")
COMMAND = re.compile(r"^\$ pileup (.*)\n", re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """Find each command of the page, with what is shown below it."""
    for example in examples(PAGE).values():
        for block in example.shown:
            _, *parts = COMMAND.split(block)
            yield from zip(parts[::2], parts[1::2], strict=True)


def test_each_command_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    for example in examples(PAGE).values():
        monkeypatch.delitem(sys.modules, example.module, raising=False)
        example.write(tmp_path)
    for line, shown in commands():
        main(shlex.split(line))
        said = capsys.readouterr()
        assert resembles(shown, said.out + said.err), f"{line}\n{said.out}{said.err}"
    for example in examples(PAGE).values():
        sys.modules.pop(example.module, None)


def test_every_command_of_the_page_is_tried() -> None:
    tried = [line.partition(" ")[0] for line, _ in commands()]
    assert tried == ["compare", "replay", "replay", "explore"]


def test_the_table_of_controls_is_that_of_the_code() -> None:
    rows = [f"| `{name}` | {does} |" for name, does in CONTROLS.items()]
    assert "\n".join(rows) in TEXT


def test_each_day_and_each_tool_is_on_the_page() -> None:
    names = list(Terms.__dataclass_fields__)
    assert {"storms", "days", "outages"} <= set(names)
    for day in ("storm", "usual day", "outage"):
        assert day in DAYS
        assert f"| {day} | " in TEXT
    for tool in re.findall(
        r"`(\w+)\([^`]*\)`", TEXT.partition("| on the desk")[2].split("\n\n")[0]
    ):
        assert callable(getattr(Desk, tool)), tool


def test_as_many_topologies_are_spoken_of_as_there_are() -> None:
    patterns = [name for name in HOMES if topology(name).is_anti_pattern]
    assert (len(HOMES), len(patterns)) == (12, 3)
    assert TEXT.partition("\n\n")[2].startswith("Twelve ways")
    assert "three of them anti-patterns" in " ".join(TEXT.split())


def test_every_file_that_is_named_is_there() -> None:
    root = PAGE.parents[1]
    for name in re.findall(r"`(scenarios/[\w/.]+)`", TEXT):
        assert (root / name).exists(), name
