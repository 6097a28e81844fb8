"""The commands and examples of docs/exports.md are run, and say what the page shows."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.markdown import examples, resembles, run

from pileup.cli import main
from pileup.reports.exports import FORMS

PAGE = Path(__file__).parents[2] / "docs" / "exports.md"
EXAMPLES = examples(PAGE)
COMMAND = re.compile(r"^\$ pileup (.*)\n", re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """Find each command of the page, with what is shown below it."""
    for block in (shown for example in EXAMPLES.values() for shown in example.shown):
        _, *parts = COMMAND.split(block)
        yield from zip(parts[::2], parts[1::2], strict=True)


def test_each_command_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    EXAMPLES["shop"].write(tmp_path)
    for line, shown in commands():
        command, _, file = line.partition(" > ")
        main(shlex.split(command))
        said = capsys.readouterr()
        if file:
            Path(file).write_text(said.out, "utf-8")
        else:
            assert resembles(shown, said.out + said.err), f"{line}\n{said.out}{said.err}"
    sys.modules.pop("shop", None)


def test_the_commands_are_those_that_the_page_is_about() -> None:
    assert [line.split()[0] for line, _ in commands()] == ["explore", "export", "export"]


def test_the_example_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    example = EXAMPLES["by-hand"]
    outcome = run(example, tmp_path)
    assert outcome.error is None
    assert resembles(example.shown[0], outcome.printed), outcome.printed


def test_every_form_is_on_the_page_with_its_file() -> None:
    text = PAGE.read_text("utf-8")
    for name, form in FORMS.items():
        assert f"\n| `{name}` | `….{form.suffix}` | " in text
        assert f"\n## {name}\n" in text
