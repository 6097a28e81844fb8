"""`--pileup-report=DIR`: what each exploration found, as files to keep."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path
from typing import Final

from pileup.reports.data import Told
from pileup.reports.recipe import Recipe
from pileup.reports.writing import spelled
from pileup.results import Exploration

LONGEST: Final = 80
ENDS: Final = (".json", ".txt", ".html")


def write(folder: str, program: str, found: Exploration, recipe: Recipe) -> None:
    """Write an exploration, as data, as text and as a page, named after test and agents."""
    slug = re.sub(r"[^A-Za-z0-9]+", "_", program).strip("_")[:LONGEST]
    mark = blake2b(program.encode("utf-8", "backslashreplace"), digest_size=4).hexdigest()
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    for end in ENDS:
        told = spelled([Told(program, found)], end, lambda _: recipe)
        file = path / f"{slug}-{mark}{end}"
        file.write_text(f"{told}\n", "utf-8", "backslashreplace")
