"""The examples of docs/pytest-benchmark.md are run by pytest, and say what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.markdown import Example, examples, resembles
from support.sessions import on_its_own, without_others

EXAMPLES = examples(Path(__file__).parents[2] / "docs" / "pytest-benchmark.md")
OPTIONS = (
    *without_others(("benchmark", "cacheprovider")),
    *("--benchmark-max-time=0.01", "--benchmark-min-rounds=2"),
)

# Whoever saves or compares asks what machine this is, which takes longer than the rest.
CONFTEST = """
def pytest_benchmark_generate_machine_info():
    return {}
"""


def said(pytester: pytest.Pytester, example: Example, *options: str) -> str:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=example.code)
    result = pytester.runpytest_subprocess(*OPTIONS, *options)
    return f"{result.stdout.str()}\n"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    on_its_own(monkeypatch)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_says_what_the_page_shows(name: str, pytester: pytest.Pytester) -> None:
    text = said(pytester, EXAMPLES[name])
    assert resembles(EXAMPLES[name].shown[0], text), text


def test_the_comparison_says_what_the_page_shows(pytester: pytest.Pytester) -> None:
    before = EXAMPLES["bounds"]
    now = Example("now", before.code.replace('"draft"', '"draft" * 50'), ())
    said(pytester, before, "--benchmark-save=before")
    text = said(pytester, now, "--benchmark-compare")
    assert resembles(before.shown[1], text), text
