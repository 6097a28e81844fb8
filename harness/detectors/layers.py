"""What a place that retries is called, in the terms of whoever can change it.

A loop of the user's own is called by its line. A loop in a library is of no use
to anybody by the library's line, so it is called by the user's own frame that
is nearest to it:

* `await retrying(send)` stands in the user's code, and there the attempts are
  bounded: it is called by that line, the nearest one further out;
* `@retry` stands on a function. Who calls it need not know that it retries,
  and may do so from many places; so it is called by the function below it.
  Such a function is known by the library's wrapper around it, which is what
  its caller calls: a function within a function.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeAlias

from pileup.notes import NESTED, Frame

Path: TypeAlias = tuple[Frame, ...]
"""The frames that led to an attempt, outermost first."""

NUMBER: Final = re.compile(r"\d+")

Signature = tuple[str, ...]
"""A place that retries, in all its calls: it and what leads to it, without lines."""

NEAR: Final = 2
"""A loop of one's own is told apart from others by its function and the caller of that."""


class Loop(NamedTuple):
    """One call of a place that retries: its frame, what leads to it, and what it is called.

    `spot` is short; `mark` has no lines, because an edit above would move them.
    """

    frame: int
    signature: Signature
    line: str
    spot: str
    mark: str


def loop_at(path: Path, place: int) -> Loop:
    """Return the loop that stands at a place in an attempt's path."""
    frame, line = path[place]
    names = tuple([nameless(each) for number, each in path[: place + 1] if number > 0])
    own = _own_frame(path, place) if is_library(line) else None
    if own is None:
        return Loop(frame, names, line, _short(line), " < ".join(names[-NEAR:]))
    through = f"through {_package(line)}"
    mark = f"{nameless(own)} {through}"
    return Loop(frame, names, f"{own} ({through})", f"{_short(own)} ({through})", mark)


def _own_frame(path: Path, place: int) -> str | None:
    """Return the user's own line that a loop in a library is called by, if there is one."""
    outside = place
    while outside >= 0 and (path[outside][0] < 0 or is_library(path[outside][1])):
        outside -= 1
    entered = next((line for number, line in path[outside + 1 :] if number > 0), "")
    inside = [line for number, line in path[place + 1 :] if number > 0 and not is_library(line)]
    if inside and _is_wrapper(entered, of=_package(path[place][1])):
        return inside[0]
    return path[outside][1] if outside >= 0 else None


def _is_wrapper(line: str, of: str) -> bool:
    return _package(line) == of and line.partition(" in ")[2].startswith(NESTED)


def is_library(line: str) -> bool:
    """Whether a line is of a library: these are named with their packages."""
    return "/" in line.partition(":")[0]


def _package(line: str) -> str:
    return line.partition(":")[0].partition("/")[0]


def is_round(earlier: Path, later: Path, place: int) -> bool:
    """Whether the loop that stands in the later path has gone round, or made the same call again.

    What stands further down in the same function and is another call is no attempt of its:
    a client that connects once more repeats what it was told when it was new.
    """
    frame = later[place][0]
    before = next((at for at, (number, _) in enumerate(earlier) if number == frame), None)
    if before is not None and _is_starter(earlier, before) != _is_starter(later, place):
        return False  # the one is what a task did that was started, the other is its starter's own
    if before is None or _line(later[place][1]) <= _line(earlier[before][1]):
        return True
    return _below(earlier, before) == _below(later, place)


def _is_starter(path: Path, place: int) -> bool:
    return place + 1 < len(path) and path[place + 1][0] < 0


def _below(path: Path, place: int) -> str:
    return next((nameless(line) for number, line in path[place + 1 :] if number > 0), "")


def _line(line: str) -> int:
    found = NUMBER.match(line.partition(":")[2])
    return int(found[0]) if found else 0


def nameless(line: str) -> str:
    """Leave the number out of a line, because an edit above it moves it: `client.py in post`."""
    file, _, rest = line.partition(":")
    return f"{file}{rest.lstrip('0123456789')}"


def _short(line: str) -> str:
    """Name a place by file and line alone."""
    return line.partition(" in ")[0]
