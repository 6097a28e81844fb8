"""The examples of docs/search.md are run, and say what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.markdown import examples, resembles, run

EXAMPLES = examples(Path(__file__).parents[2] / "docs" / "search.md")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_says_what_the_page_shows(name: str, tmp_path: Path) -> None:
    outcome = run(EXAMPLES[name], tmp_path)
    assert outcome.error is None
    assert resembles(EXAMPLES[name].shown[0], outcome.printed), outcome.printed
