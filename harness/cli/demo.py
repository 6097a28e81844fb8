"""`pileup demo`: the smallest race there is, and its fixed twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pileup.cli.exits import CLEAN
from pileup.cli.options import HOW, RUNS, on_screen
from pileup.cli.recipes import Command
from pileup.cli.screen import Screen

if TYPE_CHECKING:
    from pileup import Exploration

STORY: Final = """\
Three agents share one file, config.json. Each reads it, adds a line, and writes
it back. Alone, each is right. pileup runs them together {runs} times, in many orders:

{race}

The same agents, taking a lock first:

{fixed}

The counterexample, replayed from its token: {same}
The program is in scenarios/config_race.py; docs/ tells the rest."""


WHERE: Final = "pileup.scenarios.config_race:RACE"


@click.command(context_settings=HOW)
@on_screen
@click.pass_obj
def demo(screen: Screen) -> int:
    """See a race on a config file, and its fixed twin.

    The race is meant to be found, so the exit code is 0.
    """
    import pileup
    from pileup.scenarios.config_race import FIXED, RACE

    race, fixed = pileup.explore(RACE, runs=RUNS), pileup.explore(FIXED, runs=RUNS)
    found = race.counterexample
    assert found is not None, "the second run already takes turns, and so shows the race"
    again = pileup.replay(found.token, RACE)
    same = "the same history" if again.history.digest == found.history.digest else "ANOTHER one"
    screen.tell(STORY.format(runs=RUNS, race=_indented(race), fixed=_indented(fixed), same=same))
    return CLEAN


def _indented(found: Exploration) -> str:
    from pileup.reports.text import render

    told = render(found, Command((WHERE,)).by_token())
    return "\n".join(f"    {line}".rstrip() for line in told.splitlines())
