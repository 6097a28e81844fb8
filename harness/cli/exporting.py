"""`pileup export`: a saved failure, or what a token shows, as a test that stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pileup.cli.completing import complete_saved
from pileup.cli.exits import CLEAN
from pileup.cli.options import HOW, examples, on_screen, scenario, target
from pileup.cli.screen import Screen
from pileup.cli.tokens import Shown, read
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup import Finding, Scenario


@click.command(
    context_settings=HOW, epilog=examples("pileup export .pileup/FILE.json shop.py:pay -o tests")
)
@click.argument("what", metavar="TOKEN|FILE", shell_complete=complete_saved)
@target
@click.option("--setup", metavar="MODULE:NAME", help="What makes the world.")
@click.option("--check", metavar="MODULE:NAME", help="What must hold in the world at the end.")
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False, exists=True),
    help="Write the test there; else it is printed.",
)
@on_screen
@click.pass_obj
def export(
    screen: Screen,
    /,
    what: str,
    target: str,
    output: str | None,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    """Write a failure as a pytest file that stands alone.

    The test fails until the agents are mended, and needs nothing but them.
    """
    text, name = _exported(what, target, conditions)
    if output is None:
        screen.tell_data(text.removesuffix("\n"))
        return CLEAN
    path = Path(output) / f"{name}.py"
    path.write_text(text, "utf-8")
    screen.tell(path)
    return CLEAN


def _exported(what: str, target: str, conditions: dict[str, Any]) -> tuple[str, str]:
    """Return the test and its name."""
    from pileup.search.export import export as exported
    from pileup.search.export import name_of

    shown = read(what)
    asked = scenario(target, conditions, shown.ticket.agents)
    findings = _shown_again(shown, asked)
    if not findings:
        raise UsageError(
            f"With {target} as it is now it shows nothing any more, so there is nothing to export. "
            "Probably it is mended; `pileup explore` tells."
        )
    return exported(asked.explorer(), findings[0]), name_of(findings[0])


def _shown_again(shown: Shown, asked: Scenario) -> Sequence[Finding]:
    """See it again; a saved failure even if the agents have changed since."""
    import pileup
    from pileup.search.again import try_again

    if shown.failure is None:
        return pileup.replay(shown.token, asked).findings
    verdicts = try_again(asked.explorer(), [shown.failure])
    return [each.finding for each in verdicts if each.finding is not None]
