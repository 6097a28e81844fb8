"""Every example of docs/detectors.md is run, and its tables are what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.markdown import examples, resembles, run

from pileup.detectors import KINDS, registry

PAGE = Path(__file__).parents[2] / "docs" / "detectors.md"
EXAMPLES = examples(PAGE)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_says_what_the_page_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_added", {})  # what an example registers ends with it
    example = EXAMPLES[name]
    outcome = run(example, tmp_path)
    assert outcome.error is None
    assert resembles(example.shown[0], outcome.printed), outcome.printed


def test_every_kind_is_in_the_table() -> None:
    rows = ["| kind | severity | it proves that |", "|---|---|---|"]
    rows += [f"| `{name}` | {kind.severity} | {kind.proves} |" for name, kind in KINDS.items()]
    assert "\n".join(rows) in PAGE.read_text("utf-8")
