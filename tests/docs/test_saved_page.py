"""The examples of docs/saved.md are run, and say what the page shows."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from support.markdown import examples, resembles, run

import pileup

EXAMPLES = examples(Path(__file__).parents[2] / "docs" / "saved.md")
SAVING = ("saved", "mended")

# They switch themselves on as soon as `explore` takes `saved`.
can_save = pytest.mark.skipif(
    "saved" not in inspect.signature(pileup.explore).parameters, reason="explore cannot save yet"
)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in SAVING])
def test_the_example_says_what_the_page_shows(name: str, tmp_path: Path) -> None:
    outcome = run(EXAMPLES[name], tmp_path)
    assert outcome.error is None
    assert resembles(EXAMPLES[name].shown[0], outcome.printed), outcome.printed


@can_save
def test_what_is_saved_is_tried_first_and_mended_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [("saved", 0), ("saved", 1), ("mended", 0)]
    for name, block in runs:
        outcome = run(EXAMPLES[name], tmp_path)
        assert outcome.error is None
        assert resembles(EXAMPLES[name].shown[block], outcome.printed), outcome.printed
