"""`pileup explore`: many orders, and what goes wrong in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pileup.cli.exits import CLEAN, FINDINGS, INTERRUPTED
from pileup.cli.options import (
    HOW,
    SAVED,
    conditions,
    data,
    examples,
    on_screen,
    runs,
    scenario,
    strategy,
    target,
    usually,
    workers,
)
from pileup.cli.progress import watching
from pileup.cli.recipes import Command
from pileup.cli.reporting import report_file, write_report
from pileup.cli.screen import Screen, aside

if TYPE_CHECKING:
    from pileup import Exploration
    from pileup.reports.recipe import Recipe


@click.command(
    context_settings=HOW,
    epilog=examples(
        "pileup explore shop.py:pay --agents 5 --runs 1000",
        "pileup explore shop.agents:PAYING --faults lossy-acks",
        "pileup explore shop.py:pay --report pay.html",
    ),
)
@target
@runs
@conditions()
@strategy("auto")
@click.option(
    "--saved",
    metavar="FOLDER",
    default=SAVED,
    type=click.Path(),
    help=usually("Where failures are kept, and tried first next time.", SAVED),
)
@click.option("--no-saved", is_flag=True, help="Keep none.")
@click.option("--no-shrink", is_flag=True, help="Show the run that found it, not the plainest one.")
@workers
@click.option("--seconds", type=float, metavar="N", help="Real time, in place of --runs.")
@click.option(
    "--resume", metavar="FILE", type=click.Path(), help="Write runs down; go on from there."
)
@data()
@report_file
@on_screen
@click.pass_obj
def explore(
    screen: Screen,
    /,
    target: str,
    runs: int,
    strategy: str,
    seed: int,
    saved: str,
    no_saved: bool,
    no_shrink: bool,
    workers: int,
    seconds: float | None,
    resume: str | None,
    as_json: bool,
    report: str | None,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    """Run agents in many orders, and tell what goes wrong.

    Many copies share one world, and each run takes another order.

    MODULE:NAME, or FILE.py:NAME, is an agent (an async or sync function that takes
    the world, or the world and itself), or a pileup.Scenario.
    """
    import pileup
    from pileup.reports.data import Told

    quiet = Screen(quiet=True) if as_json else screen
    with aside(as_json), watching(quiet, target, seconds) as watch:
        found = pileup.explore(
            scenario(target, conditions),
            runs=runs,
            strategy=strategy,
            seed=seed,
            shrink=not no_shrink,
            saved=None if no_saved else saved,
            workers=workers,
            seconds=seconds,
            resume=resume,
            progress=watch,
        )
    again = Command.to_replay(target, conditions)
    if as_json:
        screen.tell_data(_as_json(target, found))
    else:
        screen.tell(_story(found, again.by_token() if no_saved else again.by_file(found, saved)))
    # Last, because where it cannot be written all is told at least; and with tokens in it,
    # because it may be read where the saved failures are not.
    write_report(report, [Told(target, found)], lambda _: again.by_token())
    return code_of(found)


def code_of(found: Exploration) -> int:
    """Say by a number how it came out."""
    if not found.clean:
        return FINDINGS
    return INTERRUPTED if found.interrupted else CLEAN


def _story(found: Exploration, recipe: Recipe) -> str:
    from pileup.reports.text import render

    return render(found, recipe)


def _as_json(target: str, found: Exploration) -> str:
    from pileup.reports.data import Told, write

    return write([Told(target, found)])
