"""Where what was marked can come out, and where it can be put: what both kinds of leaks ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.asking import TAKING
from pileup.detectors.attempts import LATE
from pileup.detectors.case import Case
from pileup.history import FAIL, RawRow
from pileup.operations import READ, Item, Past

PROMPT: Final = "prompt"
REQUEST: Final = "request"
ANSWER: Final = "answer"

COMPLETE: Final = "complete"
PUBLISH: Final = "publish"
METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))


def happened(row: RawRow) -> bool:
    """Whether an operation took effect, whatever its caller knows of that."""
    return row[8] != FAIL and (bool(row[2]) or not row[1])


def outlet(row: RawRow) -> str | None:
    """Say where an operation let out what it carried: into a prompt, a request, an answer."""
    name = row[0]
    if name == COMPLETE:
        return PROMPT
    if name == "end":
        return ANSWER
    return REQUEST if name.removeprefix(LATE) in METHODS else None


def items(row: RawRow) -> Iterator[Item]:
    """Return what an operation touched."""
    for item, _ in row[1]:
        yield item.item if type(item) is Past else item


def places(row: RawRow) -> Iterator[Item]:
    """Return where an operation put something."""
    for item, access in row[1]:
        if access != READ:
            yield item


def is_taking(row: RawRow) -> bool:
    """Whether a queue handed a message over."""
    note = row[11]
    return row[0] in TAKING and note is not None and note.message is not None


def whose(case: Case, number: int) -> str:
    """Name the agent that did it."""
    return case.agents[case.rows[number][3]].name


def let_out(case: Case, number: int) -> str:
    """Say how it came out: "sent it to http[/mail] (POST)"."""
    row = case.rows[number]
    way = outlet(row)
    if way == PROMPT:
        return "put it into a prompt"
    if way == ANSWER:
        return "returned it as its answer"
    name = next((item.name for item in items(row)), "nowhere")
    return f"{'sent it to' if way == REQUEST else 'put it into'} {name} ({row[0]})"
