"""What an agent asks of the shared world, and what it touches there.

A fake never changes its state directly. It describes the change as an
`Operation` and awaits it; the kernel parks the agent and lets the operation
take effect later, at a moment that the search chooses. `touches` is the
operation's footprint: which items it reads, writes, or updates in a way that
commutes with other updates. Partial-order reduction, the detectors and the
report all speak of items, so they must name what the user would name.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Access: TypeAlias = Literal["read", "write", "update"]

READ: Final = "read"
WRITE: Final = "write"
UPDATE: Final = "update"
"""A write that commutes with other updates: an increment, an append to a set."""

Brief: TypeAlias = str | int | float | bool | None
"""A value as the history keeps it: itself when small, else a digest."""

BRIEF_LENGTH: Final = 80
BIGGEST: Final = 1 << 128
DEEPEST: Final = 100
LONGEST_PART: Final = 500
MOST_PARTS: Final = 1_000_000


class Item:
    """One thing that agents share: a file, a row, a key, an attribute.

    `version` counts the effects it has seen. `holder` is who has it locked,
    for the deadlock report; `waiters` are woken when it changes.
    """

    __slots__ = ("holder", "key", "resource", "version", "waiters")

    def __init__(self, resource: str, key: str) -> None:
        self.resource = resource
        self.key = key
        self.version = 0
        self.holder: str | None = None
        self.waiters: list[Any] = []  # Any: the kernel's strands, which this page must not know

    @property
    def name(self) -> str:
        """How a report calls it."""
        return f"{self.resource}[{self.key}]" if self.key else self.resource

    def __repr__(self) -> str:
        return f"<{self.name} v{self.version}>"


class Touch(NamedTuple):
    """One item and what an operation does to it."""

    item: Item
    access: Access


Footprint: TypeAlias = tuple[Touch, ...]


def conflict(one: Footprint, other: Footprint) -> bool:
    """Whether the order of two operations can be told afterwards."""
    return any(
        mine.item is theirs.item and not (mine.access == theirs.access != WRITE)
        for mine in one
        for theirs in other
    )


class Operation:
    """One atomic step on the shared world, not taken yet.

    `apply` performs it and returns what the agent gets. It may narrow
    `touches` to what was really touched (a refused compare-and-set only read)
    and leave a `detail` for the history. `ready` says whether it can take
    effect now (a lock that is held cannot be acquired): it may read only the
    items in `touches`, because the kernel asks again only when one of those
    has changed. `delay` is virtual time that must pass first.
    """

    __slots__ = ("apply", "delay", "detail", "name", "ready", "touches")

    def __init__(
        self,
        name: str,
        touches: Footprint,
        apply: Callable[[], object],
        ready: Callable[[], bool] | None = None,
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.touches = touches
        self.apply = apply
        self.ready = ready
        self.delay = delay
        self.detail: Brief = None

    @property
    def label(self) -> str:
        """What is done to what, in words: `write files[config.json]`."""
        return " ".join([self.name, *dict.fromkeys(touch.item.name for touch in self.touches)])


def nothing() -> None:
    """Take no effect: what a start, a sleep and a bare checkpoint apply."""


def brief(value: object) -> Brief:
    """Shorten a value for the history, the same in every process."""
    kind = type(value)
    if kind is bool or value is None or kind is float:
        return value  # type: ignore[return-value] # the type was just looked at
    if kind is int and -BIGGEST < value < BIGGEST:  # type: ignore[operator]
        return value  # type: ignore[return-value]
    if kind is str and len(value) <= BRIEF_LENGTH:  # type: ignore[arg-type]
        return value  # type: ignore[return-value]
    return "#" + digest(value)


def digest(value: object) -> str:
    """Fingerprint a value by what it holds, never by where it lies or how it hashes."""
    return _hashed(canonical(value))


def _hashed(text: str) -> str:
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def canonical(value: object) -> str:
    """Spell a value out so that equal contents are spelled alike in every process.

    Sets and dictionaries are sorted by spelling, because their own order
    depends on the hash seed or on who came first; an object is its type and
    what `copy` would copy of it, because the default `repr` holds an address
    and attributes alone miss what C types and private slots hold.
    """
    return _Speller().spell(value, ())


class _Speller:
    """Spells one value; what is met again side by side is spelled once and kept."""

    def __init__(self) -> None:
        # The value is kept with its text, because a freed one's id is given to another.
        self._known: dict[int, tuple[object, str]] = {}
        self._open: set[int] = set()
        """Ancestors that the value being spelled leads back to."""
        self._left = MOST_PARTS

    def spell(self, value: object, above: tuple[int, ...]) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return hex(value) if abs(value) >= BIGGEST else repr(value)
        if isinstance(value, str | bytes | bytearray | float | complex | bool | None):
            return repr(value)
        if callable(value) and hasattr(value, "__qualname__"):
            return f"{value.__module__}.{value.__qualname__}"
        if type(value).__module__.partition(".")[0] == "pileup":  # me, sim: not their whole run
            return f"{type(value).__qualname__}<{getattr(value, 'name', '')}>"
        mark = id(value)  # an identity test only: the number itself goes nowhere
        if mark in above:
            self._open.add(mark)
            return "<itself>"
        if mark in self._known:
            return self._known[mark][1]
        self._left -= 1
        if len(above) > DEEPEST or self._left < 0:
            return "..."
        text = self._parts(value, (*above, mark))
        text = text if len(text) <= LONGEST_PART else "#" + _hashed(text)
        self._open.discard(mark)
        if not self._open and len(above) > 0:
            self._known[mark] = (value, text)
        return text

    def _parts(self, value: object, inside: tuple[int, ...]) -> str:
        kind = type(value).__qualname__
        if isinstance(value, dict):
            items = value.items()
            pairs = sorted(f"{self.spell(k, inside)}:{self.spell(v, inside)}" for k, v in items)
            return f"{kind}{{{','.join(pairs)}}}"
        if isinstance(value, list | tuple):
            return f"{kind}[{','.join(self.spell(each, inside) for each in value)}]"
        if isinstance(value, set | frozenset):
            return f"{kind}({','.join(sorted(self.spell(each, inside) for each in value))})"
        return f"{kind}<{','.join(self.spell(each, inside) for each in _inside(value))}>"


def _inside(value: object) -> list[object]:
    """What `copy` would copy: nothing of it runs or imports anything."""
    try:
        reduced = value.__reduce_ex__(2)
    except Exception:  # a lock, a generator, a module: nothing that can be compared
        return []
    if isinstance(reduced, str):
        return [reduced]
    _, args, state, items, pairs = (*reduced, *(None,) * 3)[:5]
    return [args, state, list(items or ()), list(pairs or ())]
