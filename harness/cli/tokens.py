"""A replay token, wherever the user has it: on the command line, in a file, on stdin."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.search.keeping.saved import Failure
    from pileup.tokens import Ticket

TOKEN: Final = re.compile(r"pileup1-[0-9a-f]{8}-[\w-]+", re.ASCII)
LARGEST: Final = 20_000_000
STDIN: Final = "-"


class Shown(NamedTuple):
    """A token, what it holds, and the saved failure that it was found in, if it was."""

    token: str
    ticket: Ticket
    failure: Failure | None = None


def read(what: str) -> Shown:
    """Read TOKEN, FILE, `-`, or what a cell of a comparison is called."""
    from pileup.cli.topologies import is_cell, token_of
    from pileup.search.keeping.saved import load
    from pileup.tokens import PREFIX, decode

    if is_cell(what):
        what = token_of(what)
    if what.startswith(f"{PREFIX}-"):
        return Shown(what, decode(what))
    if what.endswith(".json"):
        failure = load(Path(what))
        return Shown(failure.token, failure.ticket, failure)
    token = _only_token(_text(what), what)
    return Shown(token, decode(token))


def expect_no_test(shown: Shown) -> None:
    """Refuse what only a test can show again, and say how it does."""
    test = test_of(shown.ticket.program)
    if test is not None:
        raise UsageError(
            f"This token belongs to a test, which alone has its agents. To see it again:\n\n"
            f"    {shlex.join(['pytest', test, f'--pileup-replay={shown.token}'])}"
        )


def test_of(program: str) -> str | None:
    """Return the test that a program belongs to, by the name that pytest has for it."""
    title = program.rpartition(": ")[0]
    file, _, test = title.partition("::")
    return title if file.endswith(".py") and test else None


def _text(what: str) -> str:
    if what == STDIN:
        return sys.stdin.read(LARGEST)
    try:
        with Path(what).open(encoding="utf-8", errors="replace") as file:
            return file.read(LARGEST)
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{what!r} is no replay token and no file that can be read ({told}). Give the token "
            "that a report printed after 'replay:', a file of .pileup, a file with a token in it, "
            "or - to read one from stdin."
        ) from None


def _only_token(text: str, what: str) -> str:
    found = list(dict.fromkeys(TOKEN.findall(text)))
    where = "stdin" if what == STDIN else what
    if len(found) > 1:
        raise UsageError(
            f"There are {len(found)} replay tokens in {where}. Give the one that is meant."
        )
    if not found:
        raise UsageError(
            f"There is no replay token in {where}: a token begins with 'pileup1-'. Copy the whole "
            "one that a report printed after 'replay:'."
        )
    return str(found[0])
