"""The labelled corpus: every bug is named, and nothing that is right is accused.

`PILEUP_RUNS=1000` looks at each program in so many runs (CI: 100, or what the
program says).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from corpus import table
from corpus.labels import BUGS, DECOYS, Program
from support.signs import watched_signs

__all__ = ["watched_signs"]

RUNS = int(os.environ["PILEUP_RUNS"]) if "PILEUP_RUNS" in os.environ else None
PAGE = Path(__file__).parents[2] / "docs" / "detectors.md"
TWINS = {program.twin.name: program.twin for program in BUGS.values() if program.twin is not None}


@pytest.mark.parametrize("program", BUGS.values(), ids=BUGS)
def test_a_bug_is_named(program: Program) -> None:
    found = program.explore(RUNS)
    kinds = [finding.kind for finding in found.findings]
    assert program.kind in kinds, str(found)
    assert [kind for kind in kinds if kind not in (program.kind, *program.also)] == [], str(found)


@pytest.mark.parametrize("program", TWINS.values(), ids=TWINS)
def test_its_fixed_twin_is_clean(program: Program) -> None:
    assert program.explore(RUNS).clean, str(program.explore(RUNS))


@pytest.mark.parametrize("program", DECOYS.values(), ids=DECOYS)
def test_what_looks_guilty_and_is_right_is_clean(program: Program) -> None:
    assert program.explore(RUNS).clean, str(program.explore(RUNS))


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(BUGS) >= 60
    assert len(DECOYS) >= 25
    assert [program.name for program in BUGS.values() if program.twin is None] == []


def test_the_page_shows_the_table() -> None:
    lines: dict[str, table.Line] = {}
    for program in BUGS.values():
        line = lines.setdefault(program.kind, table.Line(program.kind))
        line.bugs += 1
        line.found += 1  # as the tests above have seen
    shown = table.render(dict(sorted(lines.items())), table.Line("decoys"))
    assert "\n".join(shown) in PAGE.read_text("utf-8")
