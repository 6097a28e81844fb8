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
    if kind is int or kind is bool or value is None or kind is float:
        return value  # type: ignore[return-value] # the type was just looked at
    if kind is str and len(value) <= BRIEF_LENGTH:  # type: ignore[arg-type]
        return value  # type: ignore[return-value]
    return "#" + digest(value)


def digest(value: object) -> str:
    """Fingerprint a value by what it holds, never by where it lies or how it hashes."""
    return blake2b(canonical(value).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def canonical(value: object) -> str:
    """Spell a value out so that equal contents are spelled alike in every process.

    Sets and dictionaries are sorted by spelling, because their own order
    depends on the hash seed or on who came first; an object is its type and
    its attributes, because the default `repr` holds an address.
    """
    return _spell(value, ())


def _spell(value: object, above: tuple[int, ...]) -> str:
    if isinstance(value, str | bytes | bytearray | int | float | complex | None):
        return repr(value)
    if id(value) in above:  # an identity test only: the number itself goes nowhere
        return "<itself>"
    inside = (*above, id(value))
    kind = type(value).__qualname__
    if isinstance(value, dict):
        pairs = sorted(f"{_spell(k, inside)}:{_spell(v, inside)}" for k, v in value.items())
        return f"{kind}{{{','.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"{kind}[{','.join(_spell(each, inside) for each in value)}]"
    if isinstance(value, set | frozenset):
        return f"{kind}({','.join(sorted(_spell(each, inside) for each in value))})"
    return f"{kind}<{_spell(_attributes(value), inside)}>"


def _attributes(value: object) -> dict[str, object]:
    found: dict[str, object] = dict(getattr(value, "__dict__", {}))
    for base in type(value).__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                found[name] = getattr(value, name)
    return found
