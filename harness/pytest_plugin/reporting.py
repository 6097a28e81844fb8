"""`--pileup-report=DIR`: what each exploration found, as files to keep."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path
from typing import Final

from pileup.results import Exploration

LONGEST: Final = 80


def write(folder: str, program: str, found: Exploration) -> Path:
    """Write the story of an exploration into a file named after the test and its agents."""
    slug = re.sub(r"[^A-Za-z0-9]+", "_", program).strip("_")[:LONGEST]
    mark = blake2b(program.encode("utf-8", "backslashreplace"), digest_size=4).hexdigest()
    path = Path(folder) / f"{slug}-{mark}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    return found.report(path)
