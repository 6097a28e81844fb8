"""`pileup run`: one run, and what happened in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from pileup.cli.exits import CLEAN, FINDINGS
from pileup.cli.options import HOW, conditions, examples, on_screen, scenario, strategy, target
from pileup.cli.screen import Screen

if TYPE_CHECKING:
    from pileup import Run
    from pileup.choices import Strategy
    from pileup.search.explorer import Explorer


@click.command(
    context_settings=HOW,
    epilog=examples("pileup run shop.py:pay", "pileup run shop.py:pay --strategy random --seed 3"),
)
@target
@conditions()
@strategy(None)
@on_screen
@click.pass_obj
def run(
    screen: Screen,
    /,
    target: str,
    strategy: str | None,
    seed: int,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    """Run agents once, and tell what happened in which order.

    By default one agent goes after another, which shows what they do before
    anything comes between them.
    """
    explorer = scenario(target, conditions).explorer(seed)
    if strategy is None:
        from pileup.strategies import Dull

        done = _played(explorer, Dull(), 0)
    else:
        from pileup.strategies import make

        # Its second run, because in the first one some only count, or take the dullest order.
        done = _played(explorer, make(strategy, seed), 1)
    screen.tell("\n".join(_told(done)))
    return CLEAN if done.clean else FINDINGS


def _played(explorer: Explorer, strategy: Strategy, number: int) -> Run:
    """Make so many runs and one more, and return that one, seen twice."""
    from pileup.search.garbage import resting_collector
    from pileup.sim.world import controlled

    with resting_collector(), controlled(explorer.conditions.budgets):
        try:
            for each in range(number):
                explorer.run(strategy, each)
            return explorer.prove(explorer.run(strategy, number))
        finally:
            explorer.runtime.close()


def _told(run: Run) -> Iterator[str]:
    from pileup.reports.text import render_run
    from pileup.spelling import brief

    yield render_run(run)
    yield ""
    told = {name: brief(result) for name, result in run.results.items() if result is not None}
    for name, result in told.items():
        yield f"{name} returned {result!r}"
    rest = len(run.results) - len(told)
    if rest:
        yield f"{rest} agent{'' if rest == 1 else 's'} returned nothing."
    if run.seconds:
        yield f"It took {run.seconds:g} s of the agents' own, virtual time."
    yield f'replay: pileup.replay("{run.token}", ...)'
