"""`pileup replay`: one run again."""

from __future__ import annotations

import shlex
from dataclasses import replace as varied
from typing import TYPE_CHECKING, Any

import click

from pileup.cli import single, topologies
from pileup.cli.completing import complete_places, complete_saved
from pileup.cli.exits import CLEAN, FINDINGS
from pileup.cli.options import HOW, conditions, data, examples, on_screen, scenario
from pileup.cli.recipes import Command
from pileup.cli.reporting import report_file, write_report
from pileup.cli.screen import Screen, aside
from pileup.cli.tokens import Shown, expect_no_test, read
from pileup.errors import Diverged, UsageError

if TYPE_CHECKING:
    from pileup import Run, Scenario

IN_THE_TOKEN = ("--faults", "--backend", "--timed", "--oracle")


@click.command(
    context_settings=HOW,
    epilog=examples(
        "pileup replay .pileup/FILE.json shop.py:pay",
        "pileup replay - shop.py:pay < token.txt",
        "pileup replay supervisor/naive/lost_write",
    ),
)
@click.argument("what", metavar="TOKEN|FILE|CELL|-", shell_complete=complete_saved)
@click.argument("target", metavar="MODULE:NAME", required=False, shell_complete=complete_places)
@conditions(*IN_THE_TOKEN, copies="as many as there were")
@data("Print the run as JSON.")
@report_file
@on_screen
@click.pass_obj
def replay(
    screen: Screen,
    /,
    what: str,
    target: str | None,
    as_json: bool,
    report: str | None,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    """See one run again, exactly as it was.

    TOKEN is what a report prints after `replay:`. It may also stand in a FILE: one
    of .pileup, or any text; or come from stdin (-), for tokens are long. MODULE:NAME
    is what was explored. The token says how many agents there were, and under which
    faults.

    CELL is a figure of the last `pileup compare`, TOPOLOGY/CONTROLS/WHAT. It needs
    no MODULE:NAME, unless the topology is your own.
    """
    shown = read(what)
    expect_no_test(shown)
    with aside(as_json):
        run = _seen_again(shown, _asked(what, shown, target, conditions))
    name = target or shown.ticket.program
    again = Command(()) if target is None else Command.to_replay(target, conditions)
    if as_json:
        screen.tell_data(single.as_json(name, run))
    else:
        screen.tell(run)
    write_report(report, [single.told(name, run)], lambda _: again.by_token())
    return CLEAN if run.clean else FINDINGS


def _asked(
    what: str,
    shown: Shown,
    target: str | None,
    conditions: dict[str, Any],  # Any: each option has its own type
) -> Scenario:
    """Find what a token was recorded with: the user names it, or it comes with pileup."""
    found = topologies.scenario_of(shown.ticket.program, target)
    if found is not None:
        if any(conditions.values()):
            raise UsageError(
                "This token is of the comparison of topologies, which knows its agents, setup and "
                "check by itself. Leave the options out."
            )
        return found
    if target is None:
        raise UsageError(
            f"A token does not say where its agents are, because to open one must run nothing. "
            f"This one is of '{shown.ticket.program}'. Write pileup replay "
            f"{'TOKEN' if what == shown.token else shlex.quote(what)} MODULE:NAME, with what was "
            "explored."
        )
    return scenario(target, conditions, shown.ticket.agents)


def _seen_again(shown: Shown, asked: Scenario) -> Run:
    """Replay it; where the agents have changed, a saved failure by what was done, step by step."""
    import pileup
    from pileup.reports.text import render_run
    from pileup.search.keeping.again import try_again

    try:
        return pileup.replay(shown.token, asked)
    except Diverged:
        failures = [] if shown.failure is None else [shown.failure]
        for verdict in try_again(asked.explorer(), failures):
            if verdict.run is not None:
                return varied(verdict.run, render=render_run, faithful=False)
        raise
