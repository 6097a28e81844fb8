"""One run, told: as text with a line that shows it again, or as data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileup import Run
    from pileup.reports.data import ToldRun
    from pileup.reports.recipe import Recipe


def as_text(run: Run, recipe: Recipe) -> str:
    """Tell it, and how to see it again."""
    from pileup.reports.text import render_alone

    return render_alone(_in_brief(run), recipe)


def as_json(name: str, run: Run) -> str:
    """Write it so that `pileup report` tells it again."""
    from pileup.reports.data import write_run

    return write_run(told(name, run))


def told(name: str, run: Run) -> ToldRun:
    """Call it by the name that it was asked for."""
    from pileup.reports.data import ToldRun

    return ToldRun(name, _in_brief(run))


def _in_brief(run: Run) -> Run:
    from pileup.spelling import brief

    return replace(run, results={name: brief(result) for name, result in run.results.items()})
