"""`--report FILE` and `-o FILE`: what is told, into a file as well, as its name ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.reports.recipe import Recipe
    from pileup.reports.writing import Asked

F = TypeVar("F", bound=Callable[..., int])

ENDS: Final = "as a page if it ends in .html, as Markdown (.md), as data (.json), else as text"


def report_file(command: F) -> F:
    """Let a command write what it tells into a file besides."""
    return click.option(
        "--report",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        callback=_expect_folder,
        help=f"Write the result there as well: {ENDS}.",
    )(command)


def _expect_folder(_: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Refuse what cannot be written to before anything runs."""
    if path is not None:
        expect_folder(option.opts[0], Path(path))
    return path


def expect_folder(option: str, path: Path) -> None:
    """Refuse a file in a folder that is not there."""
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {path.parent}. Make it first.")


def is_page(path: str | None) -> bool:
    """Whether what is written there is a page to look at."""
    from pileup.reports.writing import PAGES

    return path is not None and Path(path).suffix in PAGES


def write_report(path: str | None, told: Sequence[Asked], recipes: Callable[[str], Recipe]) -> None:
    """Write it, if somebody wants it."""
    if path is not None:
        from pileup.reports.writing import write

        write(Path(path), told, recipes)
