"""What a pull request shows, word for word: what the demo finds, and what it finds once mended.

After a change of the words, `PILEUP_REWRITE=1 python -m pytest tests/golden` writes them anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import pileup
from pileup.reports import writing
from pileup.reports.data import Told
from pileup.reports.recipe import IN_PYTHON
from pileup.scenarios.config_race import FIXED, RACE

FOLDER = Path(__file__).parent / "markdown"
PROGRAMS = {"race": RACE, "fixed": FIXED}
TOKEN = re.compile(r"pileup1-[\w-]+")


@pytest.mark.parametrize("name", PROGRAMS)
def test_markdown_reads_as_it_was_written(name: str) -> None:
    found = pileup.explore(PROGRAMS[name], runs=100)
    told = writing.spelled([Told(f"config_race:{name}", found)], ".md", lambda _: IN_PYTHON)
    text, file = TOKEN.sub("pileup1-…", told), FOLDER / f"{name}.md"
    if os.environ.get("PILEUP_REWRITE"):
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
