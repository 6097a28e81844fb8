"""The command line: whatever pileup can do, from a shell.

Nothing heavy is imported before a command has begun, so that help and
completion come at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

import pileup
from pileup.cli.comparing import compare
from pileup.cli.demo import demo
from pileup.cli.exits import CLEAN, TOLD, failed
from pileup.cli.exploring import explore
from pileup.cli.exporting import export
from pileup.cli.listing import list_
from pileup.cli.options import HOW, examples, on_screen
from pileup.cli.replaying import replay
from pileup.cli.running import run
from pileup.cli.screen import Screen
from pileup.cli.telling import report

MORE = (
    examples(
        "pileup demo                                     see it",
        "pileup explore shop.py:pay --agents 5           look for what goes wrong",
        "pileup replay .pileup/FILE.json shop.py:pay     see that run again",
    )
    + f"\n{TOLD}"
)


class InOrder(click.Group):
    """Commands in the order in which somebody meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name them as they were added."""
        return list(self.commands)


@click.group(cls=InOrder, context_settings=HOW, invoke_without_command=True, epilog=MORE)
@click.version_option(pileup.__version__, prog_name="pileup")
@on_screen
@click.pass_context
def pileup_command(context: click.Context) -> int:
    """What happens when a hundred copies of an agent share one world."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return CLEAN


for each in (demo, explore, run, replay, compare, list_, report, export):
    pileup_command.add_command(each)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code, as `pileup --help` explains it."""
    screen = Screen()
    given = None if arguments is None else [*arguments]
    try:
        code = pileup_command.main(given, "pileup", standalone_mode=False, obj=screen)
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - all are told
        return failed(error, screen)
    return code if isinstance(code, int) else CLEAN
