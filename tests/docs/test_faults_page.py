"""Every example of docs/faults.md is run, says what the page shows, and no fault is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.markdown import examples, resembles, run

from pileup.faults import CATALOGUE, PROFILES

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
EXAMPLES = examples(PAGE)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_says_what_the_page_shows(name: str, tmp_path: Path) -> None:
    example = EXAMPLES[name]
    outcome = run(example, tmp_path)
    assert outcome.error is None
    assert resembles(example.shown[0], outcome.printed), outcome.printed


def test_the_table_is_the_catalogue() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    shown = {row.split("`")[1]: [cell.strip() for cell in row.split("|")[2:4]] for row in rows}
    for name, kind in CATALOGUE.items():
        side = "the agent" if kind.side == "agent" else kind.side
        lasting = f", {kind.seconds:g} s" if kind.seconds else ""
        assert shown[name] == [side, f"{kind.says}{lasting}"]


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_named(name: str) -> None:
    assert f'`"{name}"`' in PAGE.read_text("utf-8")
