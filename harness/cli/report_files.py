"""Files that are read: their text, and what they claim to be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.reports.data import Told, ToldRun

COMPARISON: Final = "pileup_comparison"
REPORT: Final = "pileup_report"


def text_of(path: Path) -> str:
    """Read a file, or say why it cannot be read."""
    from pileup.reports.pages import LARGEST

    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}).") from None


def claims_to_be(mark: str, path: Path) -> bool:
    """Whether it says of itself that it is that; there may be other JSON beside it."""
    if path.is_dir():
        return False
    try:
        page = json.loads(text_of(path))
    except (ValueError, RecursionError, UsageError):
        return False
    return isinstance(page, dict) and mark in page


def told_in(path: Path) -> Sequence[Told | ToldRun]:
    """Read what a report tells of."""
    from pileup.reports.data import read_any

    text = text_of(path)
    try:
        return read_any(text)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
