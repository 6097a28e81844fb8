"""`pileup compare`: several scenarios side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from pileup.cli.completing import complete_places
from pileup.cli.exits import CLEAN, FINDINGS, INTERRUPTED
from pileup.cli.named import module, scenarios_in
from pileup.cli.options import (
    HOW,
    conditions,
    data,
    examples,
    on_screen,
    runs,
    scenario,
    strategy,
    workers,
)
from pileup.cli.progress import watching
from pileup.cli.screen import Screen, aside
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup import Exploration, Finding, Scenario
    from pileup.reports.data import Told

HEAD: Final = ("", "runs", "steps", "of 1,000 runs")
NOTE: Final = "Steps are those of a run, on average."
NOTE_AT_LEAST: Final = "+ at least so many: there are several findings of that kind."
NOTE_SURE: Final = "How sure a clean one is holds at 95% confidence, for orders like those tried."


@click.command(
    context_settings=HOW,
    epilog=examples(
        "pileup compare shop.py:NAIVE shop.py:HARDENED --runs 1000",
        "pileup compare pileup.scenarios.config_race",
    ),
)
@click.argument("names", metavar="NAME...", nargs=-1, shell_complete=complete_places)
@runs
@conditions()
@strategy("auto")
@workers
@data("Print the results as JSON.")
@on_screen
@click.pass_obj
def compare(
    screen: Screen,
    /,
    names: tuple[str, ...],
    runs: int,
    strategy: str,
    seed: int,
    workers: int,
    as_json: bool,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    """Explore several alike, and show side by side what goes wrong.

    NAME is MODULE:NAME or FILE.py:NAME, or a whole MODULE or FILE.py for all
    scenarios in it. --json has a token for each finding, to see it again.
    """
    from pileup.reports.data import write

    quiet = Screen(quiet=True) if as_json else screen
    told: list[Told] = []
    with aside(as_json):
        for name, each in _all(names, conditions):
            told.append(_explored(quiet, name, each, (runs, strategy, seed, workers)))
            if told[-1].exploration.interrupted:
                screen.remark("pileup: interrupted; what comes after is left out.")
                break
    if as_json:
        screen.tell_data(write(told))
    else:
        screen.tell("\n".join(_table(told)))
    if any(not each.exploration.clean for each in told):
        return FINDINGS
    return INTERRUPTED if told[-1].exploration.interrupted else CLEAN


def _all(names: tuple[str, ...], conditions: dict[str, Any]) -> list[tuple[str, Scenario]]:
    """Find all that is to be compared, before anything runs."""
    if not names:
        raise UsageError(
            "There is nothing to compare. Name two agents or scenarios, as in `pileup compare "
            "shop.py:NAIVE shop.py:HARDENED`, or a module for all of its scenarios, as in "
            "`pileup compare pileup.scenarios.config_race`."
        )
    found = [pair for name in names for pair in _named(name, conditions)]
    for _, each in found:
        each.explorer()
    return found


def _named(name: str, conditions: dict[str, Any]) -> Iterator[tuple[str, Scenario]]:
    if ":" in name:
        yield name, scenario(name, conditions)
        return
    there = [f"{name}:{each}" for each, _ in scenarios_in(module(name))]
    if not there:
        raise UsageError(
            f"There are no scenarios in {name}. Name its agents, as in {name}:pay, or make one "
            "at its top level: PAYING = pileup.Scenario(pay, setup=start, agents=5)."
        )
    for each in there:
        yield each, scenario(each, conditions)


def _explored(screen: Screen, name: str, asked: Scenario, terms: tuple[int, str, int, int]) -> Told:
    import pileup
    from pileup.reports.data import Told

    runs, strategy, seed, workers = terms
    with watching(screen, name) as watch:
        found = pileup.explore(
            asked, runs=runs, strategy=strategy, seed=seed, workers=workers, progress=watch
        )
    return Told(name, found)


def _table(told: list[Told]) -> Iterator[str]:
    rows = [row for each in told for row in _rows(each)]
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD) - 1)]
    for row in (HEAD, *rows):
        first, *numbers = (cell.rjust(width) for cell, width in zip(row, widths, strict=False))
        yield "  ".join([first.strip().ljust(widths[0]), *numbers, row[-1]]).rstrip()
    yield ""
    yield NOTE
    if any("+ " in row[-1] for row in rows):
        yield NOTE_AT_LEAST
    if any("below" in row[-1] for row in rows):
        yield NOTE_SURE


def _rows(told: Told) -> Iterator[tuple[str, str, str, str]]:
    """Tell an exploration in as many rows as there are kinds of findings."""
    found = told.exploration
    head = (told.name, f"{found.runs:,}", f"{found.stats.steps / found.runs:.1f}")
    for said in _kinds(found) or [f"    0  {_sure(found)}"]:
        yield (*head, said)
        head = ("", "", "")


def _kinds(found: Exploration) -> list[str]:
    """Say of each kind how often it came up, worst first."""
    kinds: dict[str, list[Finding]] = {}
    for finding in found.findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return [_often(kind, alike, found) for kind, alike in kinds.items()]


def _often(kind: str, alike: list[Finding], found: Exploration) -> str:
    times = max(found.stats.sightings[finding.fingerprint].times for finding in alike)
    often = round(1000 * times / found.runs)
    if len(alike) == 1:
        return f"{often:>5,}  {kind} ({alike[0].severity})"
    return f"{often:>5,}+ {kind} ({alike[0].severity}), {len(alike)} distinct"


def _sure(found: Exploration) -> str:
    """Say how sure it is that nothing is there, in a few words."""
    if found.exhausted:
        return "clean: all orders tried"
    if not found.drawn:
        return f"clean: {found.claim}" if found.claim else "clean"
    return f"clean: below {found.bound} of runs"
