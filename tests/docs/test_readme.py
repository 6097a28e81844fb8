"""The README: its example is run, and says what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.markdown import examples, resembles, run

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "README.md"


def test_the_example_says_what_the_page_shows(tmp_path: Path) -> None:
    example = examples(PAGE)["readme"]
    outcome = run(example, tmp_path)
    assert isinstance(outcome.error, AssertionError)
    assert resembles(example.shown[0], str(outcome.error)), str(outcome.error)


def test_the_example_is_at_most_twenty_lines_of_the_user_s_own() -> None:
    lines = [line for line in examples(PAGE)["readme"].code.splitlines() if line.strip()]
    assert len(lines) <= 20


@pytest.mark.parametrize(
    "page",
    [
        "docs/ARCHITECTURE.md",
        "docs/determinism.md",
        "docs/fakes.md",
        "docs/faults.md",
        "docs/detectors.md",
        "docs/serial.md",
        "docs/search.md",
        "docs/saved.md",
        "docs/campaigns.md",
        "docs/benchmarks.md",
    ],
)
def test_every_page_that_is_linked_is_there(page: str) -> None:
    assert f"]({page})" in PAGE.read_text("utf-8")
    assert (ROOT / page).is_file()


def test_ci_runs_the_very_test_command_of_the_page() -> None:
    commands = [line for line in PAGE.read_text("utf-8").splitlines() if "'.[test]'" in line]
    assert len(commands) == 1
    assert commands[0].startswith("python3 -m venv .venv && ")
    assert "grep -F \"'.[test]'\" README.md" in (ROOT / ".ci/run").read_text("utf-8")
