"""`pileup report`: what an exploration has written down, told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pileup.cli import topologies
from pileup.cli.exits import CLEAN, FINDINGS
from pileup.cli.options import HOW, examples, on_screen
from pileup.cli.recipes import recipe_for
from pileup.cli.screen import Screen
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.reports.data import Told, ToldRun


@click.command(
    context_settings=HOW,
    epilog=examples("pileup explore shop.py:pay --report pay.json", "pileup report pay.json"),
)
@click.argument("place", metavar="FILE|FOLDER", type=click.Path(exists=True))
@on_screen
@click.pass_obj
def report(screen: Screen, place: str) -> int:
    """Tell what explorations and runs have written down.

    FILE is what `explore`, `compare`, `run` or `replay` printed with --json, or
    what `explore --report` wrote; of a FOLDER all such files are told. It may be
    .pileup/comparison.json, too. Nothing is run.
    """
    if _has(Path(place), "pileup_comparison"):
        from pileup.reports.comparison_data import read

        found = read(_text(Path(place)))
        screen.tell(topologies.told(found, {}))
        return topologies.code_of(found)
    told = [*_all_in(Path(place))]
    screen.tell("\n\n".join(_story(each, alone=len(told) == 1) for each in told))
    return CLEAN if all(each.clean for each in told) else FINDINGS


def _all_in(place: Path) -> Iterator[Told | ToldRun]:
    if not place.is_dir():
        yield from _read(place)
        return
    files = [path for path in sorted(place.glob("*.json")) if _has(path, "pileup_report")]
    if not files:
        raise UsageError(
            f"There are no reports in {place}. `pileup explore --report {place / 'FILE.json'}` "
            "writes one. (Saved failures are listed by `pileup list saved`.)"
        )
    for path in files:
        yield from _read(path)


def _read(path: Path) -> Sequence[Told | ToldRun]:
    from pileup.reports.data import read_any

    try:
        return read_any(_text(path))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _text(path: Path) -> str:
    from pileup.reports.data import LARGEST

    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"It cannot be read ({error}).") from None


def _has(path: Path, mark: str) -> bool:
    """Whether it claims to be that; there may be other JSON beside it."""
    if path.is_dir():
        return False
    try:
        page = json.loads(_text(path))
    except (ValueError, RecursionError, UsageError):
        return False
    return isinstance(page, dict) and mark in page


def _story(told: Told | ToldRun, *, alone: bool) -> str:
    from pileup.reports.data import ToldRun
    from pileup.reports.text import render, render_alone

    recipe = recipe_for(told.name)
    if isinstance(told, ToldRun):
        story = render_alone(told.run, recipe)
    else:
        story = render(told.exploration, recipe)
    return story if alone else f"{told.name}\n{'=' * len(told.name)}\n{story}"
