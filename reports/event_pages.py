"""The history of a run that comes from elsewhere, looked at before it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, get_args

from pileup.events import Outcome
from pileup.faults.catalogue import CATALOGUE
from pileup.notes import Note
from pileup.reports.pages import Page, is_plain, is_real, is_whole

OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)
ACCESSES: Final = ("read", "write", "change", "update")
PAIR, SEEN = 2, 4

Test = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return type(value) is int and is_real(value)


def _or_none(fits: Test) -> Test:
    return lambda value: value is None or fits(value)


def _all(fits: Test) -> Test:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _pair(first: Test, second: Test) -> Test:
    return lambda value: (
        isinstance(value, list) and len(value) == PAIR and first(value[0]) and second(value[1])
    )


TEXTS, WHOLE = "a list of texts", "a whole number"
TEXT, FLAG = "a text", "true or false"

FACTS: Final[Mapping[str, tuple[str, Test]]] = {
    **{name: (f"{WHOLE}, or null", _or_none(is_whole)) for name in ("unit", "part", "beside")},
    "tokens": (WHOLE, is_whole),
    **{
        name: (f"{TEXT}, or null", _or_none(_is_text))
        for name in ("intent", "key", "refused", "message", "adds", "faulty")
    },
    **{name: ("a number, or null", _or_none(is_real)) for name in ("wait", "lease")},
    "cost": ("a number", is_real),
    **dict.fromkeys(("effect", "unheard", "whole", "skips"), (FLAG, _is_flag)),
    "partial": (f"{FLAG}, or null", _or_none(_is_flag)),
    **{name: (TEXTS, _all(_is_text)) for name in ("sent", "got", "caps")},
    "path": ("a list of frames: [number, line]", _all(_pair(_is_number, _is_text))),
    "over": ("a list of items: [name, version]", _all(_pair(_is_text, is_whole))),
}
"""What a note may say, by the name of the fact."""


def look_at_head(head: Page) -> None:
    """Look at what is told of the agents."""
    head.whole("pileup_history")
    for who in head.pages("agents"):
        for name in ("name", "session", "role"):
            who.text(name)
        who.fits("parent", f"{TEXT}, or null", _or_none(_is_text))
    if head.has("tasks"):
        head.fits("tasks", "a list of [agent, task, parent]", _all(_is_task))


def _is_task(value: object) -> bool:
    return isinstance(value, list) and len(value) == PAIR + 1 and all(map(is_whole, value))


def look_at(event: Page) -> None:
    """Look at what is told of an event."""
    for name in ("agent", "do"):
        event.text(name)
    event.whole("asked")
    event.real("at")
    event.fits("end", f"one of {', '.join(OUTCOMES)}", OUTCOMES.__contains__)
    for name, (wanted, fits) in MAY_BE.items():
        if event.has(name):
            event.fits(name, wanted, fits)
    if event.has("note"):
        _look_at_note(event.page("note"))


def _is_seen(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == SEEN
        and all(map(_is_text, value[:2]))
        and value[2] in ACCESSES
        and _or_none(is_whole)(value[3])
    )


def _is_fault(value: object) -> bool:
    return isinstance(value, str) and value in CATALOGUE


MAY_BE: Final[Mapping[str, tuple[str, Test]]] = {
    "n": (WHOLE, is_whole),
    "items": ("a list of [resource, key, access, version]", _all(_is_seen)),
    "strand": (WHOLE, is_whole),
    "step": (f"{TEXT}, or null", _or_none(_is_text)),
    "unit": (WHOLE, is_whole),
    "undone": (FLAG, _is_flag),
    "detail": ("a text, a number, true, false or null", is_plain),
    "fault": ("the name of a fault", _is_fault),
}
"""What may be told of an event besides, because most have none of it."""


def _look_at_note(note: Page) -> None:
    for name in note.names():
        if name not in FACTS:
            raise note.refuse(name, f"left out, as a note says only {', '.join(sorted(FACTS))}")
        note.fits(name, *FACTS[name])


assert FACTS.keys() == Note.__annotations__.keys()
