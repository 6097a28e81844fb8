"""The examples of docs/hypothesis.md are run as tests: the first of each fails as it shows."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from support.markdown import examples, resembles, run

EXAMPLES = examples(Path(__file__).parents[2] / "docs" / "hypothesis.md")
TESTS = re.compile(r"^(?:def (test_\w+)|(Test\w+) = )", re.MULTILINE)


@pytest.fixture(autouse=True)
def _always_the_same() -> Iterator[None]:
    before = settings.get_current_profile_name()
    settings.register_profile(
        "docs", derandomize=True, database=None, deadline=None, print_blob=False
    )
    settings.load_profile("docs")
    yield
    settings.load_profile(before)


def calls(name: str) -> list[str]:
    """Write the call of each test of an example."""
    found = TESTS.findall(EXAMPLES[name].code)
    return [f"{test}()" if test else f"{case}().runTest()" for test, case in found]


def outcome(name: str, call: str, folder: Path) -> Exception | None:
    example = EXAMPLES[name]
    return run(replace(example, code=f"{example.code}\n\n{call}\n"), folder).error


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_buggy_agents_fail_as_the_page_shows(name: str, tmp_path: Path) -> None:
    error = outcome(name, calls(name)[0], tmp_path)
    if isinstance(error, ExceptionGroup):  # of several kinds the page shows the first
        error = error.exceptions[0]
    assert error is not None
    said = "".join(traceback.format_exception_only(error))
    assert resembles(EXAMPLES[name].shown[0], said), said


@pytest.mark.parametrize("name", [name for name in EXAMPLES if len(calls(name)) > 1])
def test_the_mended_agents_pass(name: str, tmp_path: Path) -> None:
    assert outcome(name, calls(name)[1], tmp_path) is None
