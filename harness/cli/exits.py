"""What a command's exit code says, and what is said when something goes wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from pileup.errors import HarnessError, UsageError

if TYPE_CHECKING:
    from pileup.cli.screen import Screen

CLEAN: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
HARNESS: Final = 3
INTERRUPTED: Final = 130

TOLD: Final = """\
\b
Exit codes:
    0  nothing was found
    1  something was found
    2  the command, or what it names, cannot be used as it is
    3  pileup could not do its work; what was run proves nothing
  130  interrupted before anything was found"""
"""For the help of `pileup` itself."""

THEIRS: Final = (
    "pileup: your own code raised this outside of any agent (in setup, perhaps), so there is "
    "nothing to tell about the agents."
)


class Broken(UsageError):
    """The user's own code raised something where no finding can be made of it."""

    def __init__(
        self, said: str, error: BaseException, is_theirs: Callable[[FrameType], bool]
    ) -> None:
        trace = error.__traceback__
        while trace is not None and not is_theirs(trace.tb_frame):
            trace = trace.tb_next
        told = "".join(traceback.format_exception(type(error), error, trace))
        super().__init__(f"{told}\n{said}")


def failed(error: BaseException, screen: Screen) -> int:
    """Tell what went wrong; return the exit code for it."""
    match error:
        case KeyboardInterrupt() | click.Abort():
            screen.complain("\npileup: interrupted. What had been saved by then is still there.")
            return INTERRUPTED
        case click.ClickException():
            error.show()
            return USAGE
    if screen.traceback:
        screen.complain("".join(traceback.format_exception(error)).rstrip())
    match error:
        case Broken():
            screen.complain(str(error))
            return USAGE
        case UsageError() | HarnessError():
            screen.complain(f"pileup: {error}")
            return USAGE if isinstance(error, UsageError) else HARNESS
    return _unexpected(error, screen)


def _unexpected(error: BaseException, screen: Screen) -> int:
    """Tell of the user's own code that raised, or of a bug of ours."""
    from pileup.sim.stacks import is_own

    if any(is_own(frame) for frame, _ in traceback.walk_tb(error.__traceback__)):
        screen.complain(str(Broken(THEIRS, error, is_own)))
        return USAGE
    if isinstance(error, SystemExit):
        raise error  # of click's, which has completed something for a shell
    what = traceback.format_exception_only(error)[-1].strip()
    screen.complain(
        f"pileup: this should not happen: {what}\nIt is probably a bug of pileup's. The same "
        "command with --traceback shows where it comes from; please report it with that text."
    )
    return HARNESS
