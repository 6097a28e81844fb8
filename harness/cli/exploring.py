"""`pileup explore`: many orders, and what goes wrong in them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pileup.cli.exits import CLEAN, FINDINGS, INTERRUPTED
from pileup.cli.options import (
    HOW,
    SAVED,
    conditions,
    examples,
    on_screen,
    runs,
    scenario,
    strategy,
    target,
)
from pileup.cli.progress import watching
from pileup.cli.screen import Screen
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup import Exploration, Finding


@click.command(
    context_settings=HOW,
    epilog=examples(
        "pileup explore shop.py:pay --agents 5 --runs 1000",
        "pileup explore shop.agents:PAYING --faults lossy-acks",
    ),
)
@target
@runs
@conditions()
@strategy("auto")
@click.option(
    "--saved",
    metavar="FOLDER",
    default=SAVED,
    show_default=True,
    type=click.Path(),
    help="Where failures are kept, and tried first next time.",
)
@click.option("--no-saved", is_flag=True, help="Keep none.")
@click.option("--no-shrink", is_flag=True, help="Show the run that found it, not the plainest one.")
@click.option(
    "--workers", type=int, default=1, metavar="N", help="So many processes play the runs."
)
@click.option("--seconds", type=float, metavar="N", help="Real time, in place of --runs.")
@click.option(
    "--resume", metavar="FILE", type=click.Path(), help="Write runs down; go on from there."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write the result there as well: as JSON if it ends in .json, else as text.",
)
@on_screen
@click.pass_obj
def explore(
    screen: Screen,
    /,
    target: str,
    runs: int,
    strategy: str,
    seed: int,
    saved: str,
    no_saved: bool,
    no_shrink: bool,
    workers: int,
    seconds: float | None,
    resume: str | None,
    as_json: bool,
    report: str | None,
    **conditions: Any,  # Any: each option has its own type
) -> int:
    """Run agents in many orders, and tell what goes wrong.

    Many copies share one world, and each run takes another order.

    MODULE:NAME, or FILE.py:NAME, is an agent (an async or sync function that takes
    the world, or the world and itself), or a pileup.Scenario.
    """
    import pileup

    if report is not None:
        _expect_folder(Path(report))
    quiet = Screen(quiet=True) if as_json else screen
    # What agents print is theirs, but JSON has to be read by somebody.
    aside = redirect_stdout(sys.stderr) if as_json else nullcontext()
    with aside, watching(quiet, target, seconds) as watch:
        found = pileup.explore(
            scenario(target, conditions),
            runs=runs,
            strategy=strategy,
            seed=seed,
            shrink=not no_shrink,
            saved=None if no_saved else saved,
            workers=workers,
            seconds=seconds,
            resume=resume,
            progress=watch,
        )
    if report is not None:
        _write(Path(report), target, found)
    if as_json:
        screen.tell_data(_as_json(target, found))
    else:
        screen.tell(found)
        if not (no_saved or found.clean):
            for line in _hints(found.findings[0], saved, [target, *_as_given(conditions)]):
                screen.remark(line)
    return code_of(found)


def code_of(found: Exploration) -> int:
    """Say by a number how it came out."""
    if not found.clean:
        return FINDINGS
    return INTERRUPTED if found.interrupted else CLEAN


def _hints(worst: Finding, folder: str, given: list[str]) -> Iterator[str]:
    """Say how to see the worst finding again, from the file in which it was saved."""
    from pileup.search.saved import load

    for file in sorted(Path(folder).glob(f"*-{worst.fingerprint}.json")):
        with suppress(UsageError):  # another program's, or what somebody else has put there
            if load(file).token == worst.replay:
                words = ["pileup", "replay", str(file), *given]
                yield f"\nTo see it again:  {' '.join(shlex.quote(word) for word in words)}"


def _as_given(conditions: dict[str, Any]) -> Iterator[str]:
    """Repeat what replay has to be told again, because a token cannot hold it."""
    for name in ("setup", "check"):
        if conditions[name] is not None:
            yield from (f"--{name}", conditions[name])
    for what in conditions["allow_real"]:
        yield from ("--allow-real", what)


def _as_json(target: str, found: Exploration) -> str:
    from pileup.reports.data import Told, write

    return write([Told(target, found)])


def _expect_folder(path: Path) -> None:
    """Refuse what cannot be written to before anything runs."""
    if not path.parent.is_dir():
        raise UsageError(f"--report {path}: there is no folder {path.parent}. Make it first.")


def _write(path: Path, target: str, found: Exploration) -> None:
    text = _as_json(target, found) if path.suffix == ".json" else str(found)
    try:
        path.write_text(f"{text}\n", "utf-8", "backslashreplace")
    except OSError as error:
        raise UsageError(f"--report {path} cannot be written ({error.strerror}).") from None
