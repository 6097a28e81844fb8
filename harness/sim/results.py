"""What an agent's result says of itself: whether it is only a part of what was asked for.

Nothing of the user's runs for it: no property, no `__getattr__`, no `repr`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from pileup.notes import Note
from pileup.operations import Operation

DEEPEST: Final = 3
MOST: Final = 200
"""So much of a result is looked at, on each level."""

ADMITTING: Final = re.compile(
    r"(?<![a-z])(partial(ly)?|incomplete|missing|fail(ed|ures?|s)?|errors?|skipped|unavailable|"
    r"degraded|timed[ _]?out|truncated|without|unable|unknown|could not|couldn't|"
    r"not (available|complete|found|reached))(?![a-z])",
    re.IGNORECASE,
)
"""Words by which a result says that something is not in it."""

COMPLETE: Final = frozenset(("complete", "completed", "whole", "ok", "success", "succeeded"))
"""Names that say so where their value is false."""


def note_partial(op: Operation, result: object, parts: int) -> None:
    """Note on the end of an agent that had so many sub-agents what its result says of itself."""
    if result is None or isinstance(result, bool):
        return
    if isinstance(result, int) and result <= parts:
        return  # probably it is how many of them came through
    if op.note is None:
        op.note = Note()
    op.note.partial = says_partial(result)


def says_partial(result: object, depth: int = 0) -> bool:
    """Whether a result says that something is missing: by a name, a word, or a gap."""
    if isinstance(result, str):
        return ADMITTING.search(result) is not None
    if depth == DEEPEST:
        return False
    if isinstance(result, BaseException):
        return True
    if isinstance(result, Mapping):
        return _names_say_so(result, depth)
    if isinstance(result, list | tuple | set | frozenset):
        inside = isinstance(result, tuple) and getattr(type(result), "_fields", None)
        return _names_say_so(dict(zip(inside or (), result, strict=False)), depth) or _has_gap(
            result, depth
        )
    return _names_say_so(_attributes(result), depth)


def _has_gap(parts: Iterable[object], depth: int) -> bool:
    return any(part is None or says_partial(part, depth + 1) for part in islice(parts, MOST))


def _names_say_so(parts: Mapping[object, object], depth: int) -> bool:
    for name, value in islice(parts.items(), MOST):
        known = str(name).lower().replace("_", " ") if isinstance(name, str) else ""
        if value is None or (value is False and known in COMPLETE):
            return True
        if ADMITTING.search(known) is not None:
            if value:
                return True
        elif says_partial(value, depth + 1):
            return True
    return False


def _attributes(result: object) -> dict[object, object]:
    """Return what an object holds, without asking the object."""
    try:
        return dict(object.__getattribute__(result, "__dict__"))
    except AttributeError:
        slots = getattr(type(result), "__slots__", ())
        names = (slots,) if isinstance(slots, str) else tuple(slots)
        return {name: _slot(result, name) for name in names}


def _slot(result: object, name: str) -> object:
    try:
        return object.__getattribute__(result, name)
    except AttributeError:
        return ""
