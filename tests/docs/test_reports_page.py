"""The example and the commands of docs/reports.md are run, and say what the page shows."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from support.markdown import examples, resembles, run

from pileup.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"
SHOP, IN_PYTHON = examples(PAGE).values()
COMMAND = re.compile(r"^\$ pileup (.*)\n", re.MULTILINE)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop", raising=False)


def test_the_example_writes_a_page(tmp_path: Path) -> None:
    SHOP.write(tmp_path)
    outcome = run(IN_PYTHON, tmp_path)
    assert outcome.error is None
    assert resembles(IN_PYTHON.shown[0], outcome.printed), outcome.printed
    assert (tmp_path / "pay.html").read_text("utf-8").startswith("<!doctype html>")


def test_each_command_says_what_the_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SHOP.write(tmp_path)
    _, *parts = COMMAND.split(IN_PYTHON.shown[1])
    for line, shown in zip(parts[::2], parts[1::2], strict=True):
        main(shlex.split(line))
        said = capsys.readouterr()
        assert resembles(shown, said.out + said.err), f"{line}\n{said.out}{said.err}"
    sys.modules.pop("shop", None)
    assert "lost_write" in (tmp_path / "pay.html").read_text("utf-8")
    assert "This run is clean" in (tmp_path / "alone.html").read_text("utf-8")
