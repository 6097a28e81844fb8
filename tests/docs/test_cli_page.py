"""The commands of docs/cli.md are run, one after another, and say what the page shows."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.markdown import examples, resembles

from pileup.cli import main, pileup_command
from pileup.cli.exits import CLEAN, FINDINGS, HARNESS, INTERRUPTED, USAGE

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
SHOP = examples(PAGE)["shop"]
COMMAND = re.compile(r"^\$ pileup (.*)\n", re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """Find each command of the page, with what is shown below it."""
    for block in SHOP.shown:
        _, *parts = COMMAND.split(block)
        yield from zip(parts[::2], parts[1::2], strict=True)


def test_each_command_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    SHOP.write(tmp_path)
    for line, shown in commands():
        main(shlex.split(line))
        said = capsys.readouterr()
        assert resembles(shown, said.out + said.err), f"{line}\n{said.out}{said.err}"
    sys.modules.pop("shop", None)


def test_every_command_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    tried = {line.partition(" ")[0] for line, _ in commands()}
    assert tried == {"explore", "run", "replay", "compare", "report", "list"}
    for name in pileup_command.commands:
        assert f"pileup {name}" in text


def test_every_exit_code_is_on_the_page() -> None:
    table = PAGE.read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    assert codes == [CLEAN, FINDINGS, USAGE, HARNESS, INTERRUPTED]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_switched_on_as_click_wants_it(shell: str) -> None:
    assert f"_PILEUP_COMPLETE={shell}_source pileup" in PAGE.read_text("utf-8")
