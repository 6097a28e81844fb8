"""The README: its example is run, and says what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.markdown import examples, resembles, run
from support.sessions import on_its_own, without_others

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "README.md"


def test_the_example_says_what_the_page_shows(tmp_path: Path) -> None:
    example = examples(PAGE)["readme"]
    outcome = run(example, tmp_path)
    assert isinstance(outcome.error, AssertionError)
    assert resembles(example.shown[0], str(outcome.error)), str(outcome.error)


def test_the_test_fails_with_the_same_story(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_its_own(monkeypatch)
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it=examples(PAGE)["in-a-suite"].code)
    result = pytester.runpytest_subprocess(*without_others(()))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "1. lost_write (critical): add_entry-0 wrote over a change of memory?entries? by add_*",
            "replay: pytest test_it.py::test_add_entry --pileup-replay=pileup1-*",
        ]
    )


def test_the_example_is_at_most_twenty_lines_of_the_user_s_own() -> None:
    lines = [line for line in examples(PAGE)["readme"].code.splitlines() if line.strip()]
    assert len(lines) <= 20


def test_every_page_is_linked_and_every_link_is_there() -> None:
    linked = set(re.findall(r"\]\((docs/[^)]*)\)", PAGE.read_text("utf-8")))
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert pages <= linked
    assert [each for each in sorted(linked) if not (ROOT / each).is_file()] == []


def test_ci_runs_the_very_test_command_of_the_page() -> None:
    commands = [line for line in PAGE.read_text("utf-8").splitlines() if "'.[test]'" in line]
    assert len(commands) == 1
    assert commands[0].startswith("python3 -m venv .venv && ")
    assert "grep -F \"'.[test]'\" README.md" in (ROOT / ".ci/run").read_text("utf-8")
