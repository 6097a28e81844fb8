"""Comparisons as files: the end of a file's name says what it is written as, as in `writing`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from pileup.reports import comparison_data
from pileup.reports.comparison import Comparison
from pileup.reports.writing import PAGES, put

Places: TypeAlias = Mapping[str, str]
"""Where topologies of the user's own are, by their names."""


def write(path: Path, found: Comparison, places: Places) -> Path:
    """Write a comparison into a file, as its name says; return where."""
    return put(path, spelled(found, path.suffix, places))


def spelled(found: Comparison, suffix: str, places: Places) -> str:
    """Spell a comparison as a file with such an end of its name has it."""
    return FORMATS.get(suffix, _as_text)(found, places)


def _as_data(found: Comparison, _: Places) -> str:
    return comparison_data.write(found)


def _as_text(found: Comparison, places: Places) -> str:
    from pileup.reports.comparison_text import render

    return render(found, places=places)


def _as_markdown(found: Comparison, places: Places) -> str:
    from pileup.reports.comparison_markdown import render

    return render(found, places)


def _as_page(found: Comparison, places: Places) -> str:
    from pileup.reports.html.comparison import render

    return render(found, places)


FORMATS: Final[dict[str, Callable[[Comparison, Places], str]]] = {
    **dict.fromkeys(PAGES, _as_page),
    ".json": _as_data,
    ".md": _as_markdown,
}
