"""docs/comparing.md: its commands say what it shows, and its figures are right."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from support.markdown import examples, resembles

from pileup.cli import main
from pileup.reports.differences.chance import LEVEL, by_counts
from pileup.reports.differences.comparisons import DAYS
from pileup.reports.html.matrix import ROOM
from pileup.reports.schemas import NAME

PAGE = Path(__file__).parents[2] / "docs" / "comparing.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = examples(PAGE)
COMMAND = re.compile(r"^\$ pileup (.*)\n", re.MULTILINE)


def test_each_command_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("before", "after"):
        sys.modules.pop("shop", None)
        (tmp_path / "shop.py").write_text(EXAMPLES[name].code, "utf-8")
        for block in EXAMPLES[name].shown:
            _, *parts = COMMAND.split(block)
            for line, shown in zip(parts[::2], parts[1::2], strict=True):
                main(shlex.split(line))
                said = capsys.readouterr()
                assert resembles(shown, said.out + said.err), f"{line}\n{said.out}{said.err}"
    sys.modules.pop("shop", None)


def test_the_schema_is_where_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    exec(EXAMPLES["schema"].code, {})
    assert capsys.readouterr().out == EXAMPLES["schema"].shown[0]
    assert f"`reports/schemas/{NAME}`" in TEXT
    assert (PAGE.parents[1] / "reports" / "schemas" / NAME).is_file()


def test_the_figures_of_the_page_are_right() -> None:
    assert by_counts(0, 200, 8, 200) < LEVEL < by_counts(0, 200, 7, 200)
    assert f"once in {1 / by_counts(0, 200, 9, 200):.0f}`" in TEXT
    assert f"{ROOM:,} letters" in TEXT
    assert DAYS == 5
