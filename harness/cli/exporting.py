"""`pileup export`: a failure as a test that stands alone, or a run for another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from pileup.cli.completing import complete_places, complete_saved
from pileup.cli.exits import CLEAN
from pileup.cli.histories import expect_no_report, expected, run_of, seen_again
from pileup.cli.options import HOW, examples, on_screen, scenario, usually
from pileup.cli.screen import Screen, aside
from pileup.cli.tokens import read
from pileup.errors import UsageError

PYTEST: Final = "pytest"
FORMS: Final = (PYTEST, "perfetto", "otlp", "elle", "shiviz")
"""The test, and the forms of `pileup.reports.exports`, which is not imported for a help text."""


@click.command(
    context_settings=HOW,
    epilog=examples(
        "pileup export .pileup/FILE.json shop.py:pay -o tests",
        "pileup run shop.py:pay --json > run.json",
        "pileup export run.json --as perfetto -o .",
    ),
)
@click.argument("what", metavar="TOKEN|FILE|CELL", shell_complete=complete_saved)
@click.argument("target", metavar="MODULE:NAME", required=False, shell_complete=complete_places)
@click.option(
    "--as",
    "form",
    type=click.Choice(FORMS),
    default=PYTEST,
    help=usually("What to write.", PYTEST),
)
@click.option("--setup", metavar="MODULE:NAME", help="What makes the world.")
@click.option("--check", metavar="MODULE:NAME", help="What must hold in the world at the end.")
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False, exists=True),
    help="Write the file there; else it is printed.",
)
@on_screen
@click.pass_obj
def export(
    screen: Screen,
    /,
    what: str,
    target: str | None,
    form: str,
    output: str | None,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    """Write a failure as a pytest file, or a run for another tool.

    The test stands alone: it fails until the agents are mended, and needs
    nothing but them.

    The other forms tell what happened in the run: --as perfetto for
    ui.perfetto.dev, otlp for OpenTelemetry, elle for elle-cli, shiviz for ShiViz.
    They take a FILE that `run`, `explore` or `replay` wrote with --json as well. The
    run is in it, so nothing is run, and MODULE:NAME only says which one is
    meant if there are several.
    """
    with aside(is_data=True):
        if form == PYTEST:
            text, name = _test(what, target, conditions)
        else:
            text, name = _history(what, target, form, conditions)
    if output is None:
        screen.tell_data(text.removesuffix("\n"))
        return CLEAN
    path = Path(output) / name
    path.write_text(text, "utf-8", newline="\n")
    screen.tell(path)
    return CLEAN


def _test(what: str, target: str | None, conditions: dict[str, Any]) -> tuple[str, str]:
    """Return the test, and what its file is called."""
    from pileup.search.keeping.export import export as exported
    from pileup.search.keeping.export import name_of

    expect_no_report(what)
    shown = read(what)
    asked = scenario(expected(target, shown), conditions, shown.ticket.agents)
    findings = seen_again(shown, asked).findings
    if not findings:
        raise UsageError(
            f"With {target} as it is now it shows nothing, so there is no failure to write a test "
            "of. `pileup explore` tells what there is."
        )
    return exported(asked.explorer(), findings[0]), f"{name_of(findings[0])}.py"


def _history(
    what: str, target: str | None, form: str, conditions: dict[str, Any]
) -> tuple[str, str]:
    """Return the history in another form, and what its file is called."""
    from pileup.reports.exports import FORMS as WRITERS

    meant = run_of(what, target, conditions)
    suffix = WRITERS[form].suffix
    return WRITERS[form].write(meant.run.history), f"{meant.file_name}.{suffix}"
