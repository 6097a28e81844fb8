"""What an agent's result says of itself: whether it is only a part of what was asked for.

Nothing of the user's runs for it: no property, no `__getattr__`, no `repr`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from pileup.notes import Note
from pileup.operations import Operation
from pileup.sim.agents import Agent

DEEPEST: Final = 3

PLAIN: Final = (int, float, str, bytes, list, tuple, dict, set, frozenset, type(None))
"""Types that can be asked whether they are empty, and no code of the user's runs for it."""

ADMITTING: Final = re.compile(
    r"(?<![a-z])(partial(ly)?|incomplete|missing|fail(ed|ures?|s)?|errors?|skipped|unavailable|"
    r"degraded|timed[ _]?out|truncated|without|unable|unknown|could not|couldn't|"
    r"not (available|complete|found|reached))(?![a-z])",
    re.IGNORECASE,
)
"""Words by which a result says that something is not in it."""

COMPLETE: Final = frozenset(("complete", "completed", "whole", "ok", "success", "succeeded"))
"""Names that say so where their value is false."""


def note_partial(op: Operation, agent: Agent) -> None:
    """Note on the end of an agent that had sub-agents what its result says of itself."""
    result = agent.result
    if not agent.parts or agent.error is not None or result is None or isinstance(result, bool):
        return
    if isinstance(result, int) and result <= agent.parts:
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
    return any(_says_so(name, value, depth) for name, value in _named_parts(result))


def _named_parts(result: object) -> Iterable[tuple[object, object]]:
    """Return what a result consists of, each part with its name if it has one."""
    if isinstance(result, dict):
        return dict.items(result)
    if isinstance(result, list | tuple | set | frozenset):
        names = getattr(type(result), "_fields", ())
        return zip_longest(names, result) if names else (("", part) for part in result)
    return _attributes(result).items()


def _says_so(name: object, value: object, depth: int) -> bool:
    """Whether a part of a result says so: by its name, by being a gap, or by what it holds."""
    known = name.lower().replace("_", " ") if isinstance(name, str) else ""
    if ADMITTING.search(known) is not None:
        return not (isinstance(value, PLAIN) and not value)
    if value is None or (value is False and known in COMPLETE):
        return True
    return says_partial(value, depth + 1)


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
