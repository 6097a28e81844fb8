"""`pileup run`: one run, and what happened in it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pileup.cli import single
from pileup.cli.exits import CLEAN, FINDINGS
from pileup.cli.options import (
    HOW,
    conditions,
    data,
    examples,
    on_screen,
    scenario,
    strategy,
    target,
)
from pileup.cli.recipes import Command
from pileup.cli.reporting import report_file, write_report
from pileup.cli.screen import Screen, aside

if TYPE_CHECKING:
    from pileup import Run, Scenario
    from pileup.choices import Strategy
    from pileup.search.explorer import Explorer


@click.command(
    context_settings=HOW,
    epilog=examples("pileup run shop.py:pay", "pileup run shop.py:pay --strategy random --seed 3"),
)
@target
@conditions()
@strategy(None)
@data("Print the run as JSON.")
@report_file
@on_screen
@click.pass_obj
def run(
    screen: Screen,
    /,
    target: str,
    strategy: str | None,
    seed: int,
    as_json: bool,
    report: str | None,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    """Run agents once, and tell what happened in which order.

    By default one agent goes after another, which shows what they do before
    anything comes between them.
    """
    with aside(as_json):
        done = _done(scenario(target, conditions), strategy, seed)
    again = Command.to_replay(target, conditions).by_token()
    if as_json:
        screen.tell_data(single.as_json(target, done))
    else:
        screen.tell(single.as_text(done, again))
    write_report(report, [single.told(target, done)], lambda _: again)
    return CLEAN if done.clean else FINDINGS


def _done(asked: Scenario, strategy: str | None, seed: int) -> Run:
    from pileup.strategies import Dull, make

    explorer = asked.explorer(seed)
    if strategy is None:
        return _played(explorer, Dull(), 0)
    # Its second run, because in the first one some only count, or take the dullest order.
    return _played(explorer, make(strategy, seed), 1)


def _played(explorer: Explorer, strategy: Strategy, number: int) -> Run:
    """Make so many runs and one more, and return that one, seen twice."""
    from pileup.search.runs.garbage import resting_collector
    from pileup.sim.world import controlled

    with resting_collector(), controlled(explorer.conditions.budgets):
        try:
            for each in range(number):
                explorer.run(strategy, each)
            again = partial(explorer.run, strategy, number)
            return explorer.certain(again(), again)
        finally:
            explorer.runtime.close()
