"""`pileup report`: what an exploration has written down, told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pileup.cli import topologies
from pileup.cli.differing import differ
from pileup.cli.exits import CLEAN, FINDINGS
from pileup.cli.options import HOW, data, examples, on_screen
from pileup.cli.recipes import recipe_for
from pileup.cli.report_files import is_comparison, is_report, text_of, told_in
from pileup.cli.reporting import ENDS, expect_folder
from pileup.cli.screen import Screen
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.reports.data import Told, ToldRun


@click.command(
    context_settings=HOW,
    epilog=examples(
        "pileup explore shop.py:pay --report pay.json",
        "pileup report pay.json",
        "pileup report pay.json -o pay.html",
        "pileup report --compare before.json after.json",
    ),
)
@click.argument("place", metavar="FILE|FOLDER", type=click.Path(exists=True))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help=f"Write it there instead: {ENDS}.",
)
@click.option(
    "--compare",
    "before",
    metavar="OLD",
    type=click.Path(exists=True),
    help="Tell what is new, worse, fixed and better than in OLD.",
)
@data("With --compare: print the differences as JSON.")
@on_screen
@click.pass_obj
def report(
    screen: Screen, place: str, output: str | None, before: str | None, *, as_json: bool
) -> int:
    """Tell what explorations and runs have written down.

    FILE is what `explore`, `compare`, `run` or `replay` printed with --json, or
    what `explore --report` wrote; of a FOLDER all such files are told. It may be
    .pileup/comparison.json, too. Nothing is run.

    With --compare two reports of explorations, two folders of them, or two
    comparisons are held against each other, and only what is more than chance is
    told. The exit code is then 1 if anything is new or worse.
    """
    if before is not None:
        return differ(screen, before, place, output, _all_in, as_json=as_json)
    if as_json:
        raise UsageError("--json goes with --compare OLD. A report is JSON already; -o copies it.")
    if is_comparison(Path(place)):
        from pileup.reports.comparison_data import read

        return topologies.tell(screen, read(text_of(Path(place))), output)
    from pileup.reports.writing import spelled, write

    told = [*_all_in(Path(place))]
    if output is None:
        screen.tell(spelled(told, "", recipe_for))
    else:
        expect_folder("-o", Path(output))
        screen.remark(f"Written to {write(Path(output), told, recipe_for)}.")
    return CLEAN if all(each.clean for each in told) else FINDINGS


def _all_in(place: Path) -> Iterator[Told | ToldRun]:
    if not place.is_dir():
        yield from told_in(place)
        return
    files = [path for path in sorted(place.glob("*.json")) if is_report(path)]
    if not files:
        raise UsageError(
            f"There are no reports in {place}. `pileup explore --report {place / 'FILE.json'}` "
            "writes one. (Saved failures are listed by `pileup list saved`.)"
        )
    for path in files:
        yield from told_in(path)
