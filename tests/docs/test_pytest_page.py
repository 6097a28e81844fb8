"""The examples of docs/pytest.md are run by pytest, which says what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.markdown import examples, resembles
from support.sessions import on_its_own, without_others

EXAMPLES = examples(Path(__file__).parents[2] / "docs" / "pytest.md")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_says_what_the_page_shows(
    name: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_its_own(monkeypatch)
    pytester.makeini("[pytest]")
    example = EXAMPLES[name]
    pytester.makepyfile(**{f"test_{example.module}": example.code})
    result = pytester.runpytest_subprocess(*without_others(()))
    told = "\n".join(result.outlines)
    assert resembles(example.shown[0], told), told
    assert result.parseoutcomes().get("failed", 0) == (1 if "FAILED" in example.shown[0] else 0)
