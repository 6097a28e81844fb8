"""Files that are read: their text, and what they claim to be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.reports.data import Told, ToldRun
    from pileup.reports.pages import Form


def text_of(path: Path) -> str:
    """Read a file, or say why it cannot be read."""
    from pileup.reports.pages import LARGEST

    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}).") from None


def is_report(path: Path) -> bool:
    """Whether a file says of itself that it is a report; there may be other JSON beside it."""
    from pileup.reports.data import FORM

    return _claims_to_be(FORM, path)


def is_comparison(path: Path) -> bool:
    """Whether a file says of itself that it is a comparison of topologies."""
    from pileup.reports.comparison_data import FORM

    return _claims_to_be(FORM, path)


def _claims_to_be(form: Form, path: Path) -> bool:
    try:
        return form.is_claimed_by(text_of(path))
    except UsageError:  # a folder, or not to be read
        return False


def told_in(path: Path) -> Sequence[Told | ToldRun]:
    """Read what a report tells of."""
    from pileup.reports.data import read_any

    text = text_of(path)
    try:
        return read_any(text)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
