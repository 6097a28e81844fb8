"""`pileup compare`: topologies, or agents and scenarios, side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from pileup.cli import side_by_side, topologies
from pileup.cli.completing import complete_places
from pileup.cli.exits import CLEAN, FINDINGS, INTERRUPTED
from pileup.cli.options import HOW, RUNS, conditions, data, examples, on_screen, strategy, usually
from pileup.cli.recipes import recipe_for
from pileup.cli.reporting import is_page, report_file, write_report
from pileup.cli.screen import Screen, aside
from pileup.cli.topologies import STORMS, STORMS_OF_OWN
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.reports.data import Told
    from pileup.scenarios.topology import Topology

Own: TypeAlias = "tuple[Topology, str, str]"
"""A topology, where every process finds it, and what the user has called it."""

OF_SCENARIOS: Final = (
    *("agents", "setup", "check", "faults", "backend", "timed", "oracle", "allow_real"),
    "strategy",
)
"""Options that only agents and scenarios heed."""


@click.command(
    context_settings=HOW,
    epilog=examples(
        "pileup compare                                  all topologies there are",
        "pileup compare --report topologies.html         all of it as a page",
        "pileup compare crew.py:CREW                     one of your own",
        "pileup compare shop.py:NAIVE shop.py:HARDENED --runs 1000",
    ),
)
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_places)
@click.option(
    "--runs",
    type=int,
    metavar="N",
    help=usually(
        "How many runs; of topologies, how many storms.",
        f"{RUNS}; {STORMS}, of your own {STORMS_OF_OWN}",
    ),
)
@click.option("--no-controls", is_flag=True, help="Of topologies: take no control away.")
@conditions()
@strategy("auto")
@click.option(
    "--workers",
    type=int,
    metavar="N",
    help=usually("Processes that play the runs.", "1; for topologies as many as cores"),
)
@data("Print the results as JSON.")
@report_file
@on_screen
@click.pass_context
def compare(context: click.Context, /, names: tuple[str, ...], **given: Any) -> int:  # Any: options
    """Show side by side what goes wrong.

    Without a NAME, the topologies that come with pileup: naive, hardened, and with
    each control alone and taken away. With NAMEs of topologies, those beside the
    single agent and the supervisor. The exit code is 1 if a hardened one fails.

    With other NAMEs, agents and scenarios, all explored alike. NAME is MODULE:NAME
    or FILE.py:NAME, or a whole MODULE or FILE.py for all scenarios in it. --json
    has a token for each finding, to see it again.
    """
    found = [topologies.own_topology(name) for name in names]
    if all(found):
        _expect_no_conditions(context)
        return _topologies(context.obj, [each for each in found if each is not None], given)
    if any(found):
        raise UsageError("Topologies are compared with topologies: name nothing else beside them.")
    if given.pop("no_controls"):
        raise UsageError("--no-controls is for topologies. Leave it out for agents and scenarios.")
    return _scenarios(context.obj, names, **given)


def _expect_no_conditions(context: click.Context) -> None:
    """Refuse what would be of no effect, because topologies have days of their own."""
    said = click.core.ParameterSource.COMMANDLINE
    for each in context.command.params:
        if (each.name in OF_SCENARIOS) and context.get_parameter_source(each.name) is said:
            raise UsageError(
                f"--{each.name.replace('_', '-')} says nothing to topologies, which are compared "
                "on days of their own (docs/topologies.md). Leave it out."
            )


def _topologies(screen: Screen, own: list[Own], given: dict[str, Any]) -> int:  # Any: options
    from pileup.reports.comparison_data import write

    places = {topology.name: place for topology, place, _ in own}
    if len(places) < len(own):
        names = ", ".join(repr(topology.name) for topology, _, _ in own)
        raise UsageError(f"They are called {names}. Give each a name of its own.")
    controls = not given["no_controls"]
    terms = topologies.terms_of(places, given["runs"], given["seed"], controls=controls)
    # On a page there is room for a run of each kind, which it takes a while to make plain.
    terms = replace(terms, shown=is_page(given["report"]))
    as_json = given["as_json"]
    with aside(as_json):
        found = topologies.run(Screen(quiet=True) if as_json else screen, terms, given["workers"])
    named = {topology.name: path for topology, _, path in own}
    if as_json:
        screen.tell_data(write(found))
    else:
        screen.tell(topologies.told(found, named))
    topologies.write(given["report"], found, named)  # last: then all is told, whatever happens
    return topologies.code_of(found)


def _scenarios(
    screen: Screen,
    names: tuple[str, ...],
    *,
    runs: int | None,
    strategy: str,
    seed: int,
    workers: int | None,
    as_json: bool,
    report: str | None,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    from pileup.reports.data import write

    quiet = Screen(quiet=True) if as_json else screen
    terms = (RUNS if runs is None else runs, strategy, seed, 1 if workers is None else workers)
    told: list[Told] = []
    with aside(as_json):
        for name, each in side_by_side.all_named(names, conditions):
            told.append(side_by_side.explored(quiet, name, each, terms))
            if told[-1].exploration.interrupted:
                screen.remark("pileup: interrupted; what comes after is left out.")
                break
    if as_json:
        screen.tell_data(write(told))
    else:
        screen.tell("\n".join(side_by_side.table(told)))
    write_report(report, told, recipe_for)
    if any(not each.exploration.clean for each in told):
        return FINDINGS
    return INTERRUPTED if told[-1].exploration.interrupted else CLEAN
