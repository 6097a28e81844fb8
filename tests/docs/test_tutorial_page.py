"""docs/tutorial.md is followed to the letter, in an empty folder and a fresh environment."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installing import environment
from support.markdown import resembles
from support.tutorial import Shell, Step, changed, steps, write

from pileup.pytest_plugin.options import SAVED

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
STEPS = steps(PAGE.read_text("utf-8"))
SHOP = """\
import json
from pathlib import Path

AT = Path("/shop")


@cached
def buy(what):
    return what


def sell(what):
    return json.loads(what)
"""


def commands() -> list[str]:
    typed = [step.text for step in STEPS if step.kind == "command"]
    return [line for text in typed for line in text.splitlines()]


def packages() -> list[str]:
    (line,) = (line for line in commands() if line.startswith("pip install "))
    return shlex.split(line)[2:]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(folder: Path) -> Iterator[Shell]:
    with Shell(folder, {"PATH": "/usr/bin:/bin"}) as shell:
        yield shell


@pytest.fixture
def newcomers_shell(folder: Path, tmp_path: Path) -> Iterator[Shell]:
    with Shell(folder, environment(tmp_path / "around", packages(), folder)) as shell:
        yield shell


def test_the_page_can_be_followed_to_the_letter(newcomers_shell: Shell, folder: Path) -> None:
    for step in STEPS:
        if step.kind != "command":
            write(step, folder)
            continue
        answer = newcomers_shell.type(step.text)
        told = f"$ {step.text}\n{answer.said}"
        if step.shown is None:
            assert answer.code == 0, told
        else:
            assert resembles(step.shown, answer.said), told
    where = newcomers_shell.type('python -c "import pileup; print(pileup.__file__)"').said
    assert Path(where).is_relative_to(folder / ".venv"), "the page was tried with another pileup"


def test_ci_runs_what_the_reader_has_run() -> None:
    (workflow,) = (step.text for step in STEPS if step.path.endswith(".yml"))
    run = re.findall(r"- run: (.*)", workflow)
    assert len(run) == 2
    assert set(run) <= set(commands())


def test_ci_keeps_the_folder_of_failures_although_it_is_hidden() -> None:
    (workflow,) = (step.text for step in STEPS if step.path.endswith(".yml"))
    assert f"path: {SAVED}\n" in workflow
    assert "include-hidden-files: true" in workflow


def test_a_page_links_to_pages_that_exist() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE.read_text("utf-8"))
    assert [link for link in links if not (PAGE.parent / link).is_file()] == []


# How a page is read -------------------------------------------------------------------------


def test_what_follows_a_command_is_what_it_shows() -> None:
    page = "```sh\nls\n```\n\ntext\n\n```text\na\nb\n```\n\n```sh\nls\n```\n"
    assert steps(page) == [Step("command", "ls\n", shown="a\nb\n"), Step("command", "ls\n")]


def test_a_block_for_a_file_has_its_name_above() -> None:
    page = "<!-- file: a/b.py -->\n```python\nx = 1\n```\n"
    assert steps(page) == [Step("file", "x = 1\n", "a/b.py")]


@pytest.mark.parametrize(
    "page", ["```python\nx = 1\n```\n", "<!-- file: a -->\n```\n```\n\n```text\na\n```\n"]
)
def test_a_block_that_nobody_uses_is_refused(page: str) -> None:
    with pytest.raises(AssertionError):
        steps(page)


def test_a_changed_function_takes_the_place_of_the_old_one() -> None:
    after = changed(SHOP, "from a import b\n\n\ndef buy(what):\n    return b(what)\n")
    assert after == "from a import b\n" + SHOP.replace("@cached\n", "").replace(
        "return what\n", "return b(what)\n"
    )


def test_a_change_of_a_function_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        changed(SHOP, "def steal(what):\n    return what\n")


def test_a_shell_remembers_what_was_typed(shell: Shell) -> None:
    shell.type("here=there")
    assert shell.type("echo $here\nfalse").said == "there\n"
    assert shell.type("false").code == 1
    assert shell.type("printf no-end >&2").said == "no-end"


def test_a_shell_that_is_left_is_noticed(shell: Shell) -> None:
    with pytest.raises(AssertionError, match="gone away: bye"):
        shell.type("echo bye; exit 3")
