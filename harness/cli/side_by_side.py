"""Agents and scenarios side by side: all explored alike, and what went wrong in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from pileup.cli.named import module, scenarios_in
from pileup.cli.options import scenario
from pileup.cli.progress import watching
from pileup.cli.screen import Screen
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup import Exploration, Finding, Scenario
    from pileup.reports.data import Told

HEAD: Final = ("", "runs", "steps", "of 1,000 runs")
NOTE: Final = "Steps are those of a run, on average."
NOTE_SURE: Final = "How sure a clean one is holds at 95% confidence, for orders like those tried."


def all_named(names: tuple[str, ...], conditions: dict[str, Any]) -> list[tuple[str, Scenario]]:
    """Find all that is to be compared, before anything runs."""
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


def explored(screen: Screen, name: str, asked: Scenario, terms: tuple[int, str, int, int]) -> Told:
    """Explore one of them: so many runs, by a strategy, from a seed, in so many processes."""
    import pileup
    from pileup.reports.data import Told

    runs, strategy, seed, workers = terms
    with watching(screen, name) as watch:
        found = pileup.explore(
            asked, runs=runs, strategy=strategy, seed=seed, workers=workers, progress=watch
        )
    return Told(name, found)


def table(told: list[Told]) -> Iterator[str]:
    """Write them below each other."""
    rows = [row for each in told for row in _rows(each)]
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD) - 1)]
    for row in (HEAD, *rows):
        first, *numbers = (cell.rjust(width) for cell, width in zip(row, widths, strict=False))
        yield "  ".join([first.strip().ljust(widths[0]), *numbers, row[-1]]).rstrip()
    yield ""
    yield NOTE
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
    """Say of each kind in how many runs it came up, worst first."""
    kinds: dict[str, list[Finding]] = {}
    for finding in found.findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return [_often(kind, alike, found) for kind, alike in kinds.items()]


def _often(kind: str, alike: list[Finding], found: Exploration) -> str:
    often = round(1000 * found.stats.kinds[kind] / found.runs)
    several = f", {len(alike)} distinct" if len(alike) > 1 else ""
    return f"{often:>5,}  {kind} ({alike[0].severity}){several}"


def _sure(found: Exploration) -> str:
    """Say how sure it is that nothing is there, in a few words."""
    if found.exhausted:
        return "clean: all orders tried"
    if not found.drawn:
        return f"clean: {found.claim}" if found.claim else "clean"
    return f"clean: below {found.bound} of runs"
