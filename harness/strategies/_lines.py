"""The lines of an order that is spelled out: how they are read, and which operation each is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pileup.choices import CLOCK, Foot, Stream
from pileup.errors import UsageError
from pileup.operations import READ, WRITE, Operation

MOST_LINES: Final = 100_000
SHOWN: Final = 60
ANSWER: Final = re.compile(r"(fault|data)(?: ([1-9]\d{0,8}))?: *(.+)")
VALUE: Final = re.compile(r"(.*)=(\d{1,30})")
HIDDEN: Final = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


class Line:
    """One line about an operation, or `clock`."""

    __slots__ = ("deed", "number", "open", "text", "tries", "who")

    def __init__(self, number: int, text: str) -> None:
        who, _, deed = text.partition(": ")
        self.number = number
        self.text = text
        self.who = reveal(who)
        self.deed = reveal(deed)
        self.open = True
        self.tries = 0


class Asked(NamedTuple):
    """A question that is not about the schedule: the `place`-th time that it is asked, from 0."""

    stream: Stream
    label: str
    place: int


def which(left: Sequence[Line], op: Operation | None) -> Line | None:
    """Find the line that an operation is; what it touches may be less or more by then."""
    if op is None or not left:
        return None
    if _is_nearly(left[0], op):
        return left[0]
    label = op.label
    for line in left:
        if line.open and line.deed == label:
            return line
    for line in left:
        if line.open and _is_nearly(line, op):
            return line
    return None


def _does(line: Line, op: Operation) -> bool:
    return line.deed == op.name or line.deed.startswith(f"{op.name} ")


def _is_nearly(line: Line, op: Operation) -> bool:
    """Whether the one touches what the other does, and perhaps more."""
    if not _does(line, op):
        return False
    names = list(dict.fromkeys(touch.item.name for touch in op.touches))
    rest = line.deed[len(op.name) :]
    if all(f" {name}" in rest for name in names):
        return True
    for name in names:
        rest = rest.replace(f" {name}", "", 1)
    return not rest.strip()


def is_about(line: Line, feet: Sequence[Foot]) -> bool:
    """Whether a turn that touched these can have been a line."""
    if not feet:
        return " " not in line.deed
    verb = line.deed.partition(" ")[0]
    if verb in (READ, WRITE) and not any((verb == READ) == (foot[2] == READ) for foot in feet):
        return False
    return any(f" {item_of(foot)}" in line.deed for foot in feet)


def item_of(foot: Foot) -> str:
    """Name what was touched as a report does."""
    resource, key, _ = foot
    return f"{resource}[{key}]" if key else resource


def read(text: str) -> tuple[list[tuple[int, str]], dict[Asked, tuple[int, int]]]:
    """Read an order: its lines by number, and what is answered to what, each with its line."""
    steps: list[tuple[int, str]] = []
    owed: dict[Asked, tuple[int, int]] = {}
    for number, line in _numbered(text):
        asked = ANSWER.fullmatch(line)
        if asked is None:
            steps.append((number, _checked(number, line)))
        else:
            question, answer = _answer(number, *asked.groups())
            owed[question] = (number, answer)
    return steps, owed


def _numbered(text: object) -> Iterator[tuple[int, str]]:
    if not isinstance(text, str):
        raise UsageError(
            f"An order is spelled as a text; {type(text).__name__} was given. Write "
            'Spelled("agent-0: read memory[n]\\nagent-1: read memory[n]").'
        )
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise UsageError(f"An order has at most {MOST_LINES:,} lines; this one has {len(lines):,}.")
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.strip().startswith("#"):
            yield number, line.strip()


def _checked(number: int, line: str) -> str:
    who, colon, deed = line.partition(": ")
    if line == CLOCK or (colon and who.strip() and deed.strip()):
        return line
    raise UsageError(
        f"Line {number} of the order is {line!r:.{SHOWN}}, which nobody can do. Write who does "
        "what, as in 'agent-0: read memory[n]', or 'clock', or 'fault: ' or 'data: ' with what "
        "is asked; a comment begins with #."
    )


def _answer(number: int, kind: str, time: str | None, text: str) -> tuple[Asked, int]:
    place = int(time or 1) - 1
    if kind == "fault":
        return Asked("faults", reveal(text), place), 1
    value = VALUE.fullmatch(text)
    if value is None:
        raise UsageError(
            f"Line {number} of the order is {text!r:.{SHOWN}}, which says of no draw what it comes "
            "to. Write 'data: <what is drawn>=<number>', as in 'data: which wrong answer=2'."
        )
    return Asked("data", reveal(value[1]), place), int(value[2])


def reveal(text: str) -> str:
    r"""Read what is hidden in a line: `\x0a` is a line's end."""
    return HIDDEN.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), text)
