"""Every example of docs/fakes.md is run, says what the page shows, and no part is left out."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pytest
from support.markdown import examples, resembles, run

from pileup.fakes import World

PAGE = Path(__file__).parents[2] / "docs" / "fakes.md"
EXAMPLES = examples(PAGE)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_says_what_the_page_shows(name: str, tmp_path: Path) -> None:
    example = EXAMPLES[name]
    outcome = run(example, tmp_path)
    assert outcome.error is None
    assert resembles(example.shown[0], outcome.printed), outcome.printed


def test_every_part_of_the_world_is_in_the_table() -> None:
    parts = [name for name, value in vars(World).items() if isinstance(value, cached_property)]
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(f"world.{name}" for name in parts)
