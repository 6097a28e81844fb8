"""`--pileup-report=DIR`: what each exploration found, as files to keep."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path
from typing import Final

from pileup.reports import data
from pileup.reports.text import Recipe, render
from pileup.results import Exploration

LONGEST: Final = 80


def write(folder: str, program: str, found: Exploration, recipe: Recipe) -> None:
    """Write an exploration, as a story and as data, into files named after test and agents."""
    slug = re.sub(r"[^A-Za-z0-9]+", "_", program).strip("_")[:LONGEST]
    mark = blake2b(program.encode("utf-8", "backslashreplace"), digest_size=4).hexdigest()
    path = Path(folder) / f"{slug}-{mark}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data.write([data.Told(program, found)]), "utf-8", "backslashreplace")
    story = f"{render(found, recipe)}\n"
    path.with_suffix(".txt").write_text(story, "utf-8", "backslashreplace")
