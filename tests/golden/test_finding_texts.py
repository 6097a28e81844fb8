"""What a user reads of each kind of finding, word for word: look at the files.

They are of the first program of each kind in the corpus. After a change of the
words, `PILEUP_REWRITE=1 python -m pytest tests/golden` writes them anew; read
what has changed before you keep it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from corpus import table
from corpus.labels import BUGS, Program

FOLDER = Path(__file__).parent / "findings"
FIRST = {program.kind: program for program in reversed([*BUGS.values()])}
TOKEN = re.compile(r"pileup1-[\w-]+")


def shown(program: Program) -> str:
    """Return the report, with the token left out: it changes with every choice that is added."""
    return TOKEN.sub("pileup1-…", f"{program.explore()}\n")


@pytest.mark.parametrize("kind", sorted(FIRST))
def test_a_finding_reads_as_it_was_written(kind: str) -> None:
    text, file = shown(FIRST[kind]), FOLDER / f"{kind}.txt"
    if os.environ.get("PILEUP_REWRITE"):
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_no_file_is_of_a_kind_that_is_gone() -> None:
    assert table.MODULES
    assert sorted(file.stem for file in FOLDER.iterdir()) == sorted(FIRST)
