"""Values as the history keeps them: spelled by what they hold, the same in every process.

Neither the default `repr` (it holds an address), nor the order of a set (it
depends on the hash seed), nor pickle (its memo depends on identity) is the
same twice; what is spelled here is.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, TypeAlias

Brief: TypeAlias = str | int | float | bool | None
"""A value as the history keeps it: itself when small, spelled when short, else a digest."""

BRIEF_LENGTH: Final = 80
READABLE: Final = frozenset({dict, list, tuple, set, frozenset, bytes})
BIGGEST: Final = 1 << 128
DEEPEST: Final = 100
LONGEST_PART: Final = 500
MOST_PARTS: Final = 1_000_000


def brief(value: object) -> Brief:
    """Shorten a value for the history, the same in every process."""
    kind = type(value)
    if kind is int:  # what there is most of comes first: this is asked at every operation
        if -BIGGEST < value < BIGGEST:  # type: ignore[operator] # the type was just looked at
            return value  # type: ignore[return-value]
    elif kind is str:
        if len(value) <= BRIEF_LENGTH:  # type: ignore[arg-type]
            return value  # type: ignore[return-value]
    elif kind is bool or value is None or kind is float:
        return value  # type: ignore[return-value]
    text = canonical(value)
    if kind in READABLE and len(text) <= BRIEF_LENGTH:
        return text
    return "#" + _hashed(text)


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
        """Spell a value that lies inside of those `above`."""
        plain = _plainly(value)
        return self._spell_whole(value, above) if plain is None else plain

    def _spell_whole(self, value: object, above: tuple[int, ...]) -> str:
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
        kind = "" if type(value) in (dict, list) else type(value).__qualname__
        if isinstance(value, dict):
            items = value.items()
            pairs = sorted(f"{self.spell(k, inside)}: {self.spell(v, inside)}" for k, v in items)
            return f"{kind}{{{', '.join(pairs)}}}"
        if isinstance(value, list | tuple):
            return f"{kind}[{', '.join(self.spell(each, inside) for each in value)}]"
        if isinstance(value, set | frozenset):
            return f"{kind}({', '.join(sorted(self.spell(each, inside) for each in value))})"
        return f"{kind}<{','.join(self.spell(each, inside) for each in _inside(value))}>"


def _plainly(value: object) -> str | None:
    """Spell what has no parts, or none that matter."""
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value) if abs(value) >= BIGGEST else repr(value)
    if isinstance(value, str | bytes | bytearray | float | complex | bool | None):
        return repr(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if type(value).__module__.partition(".")[0] == "pileup":  # me, sim: not their whole run
        return f"{type(value).__qualname__}<{getattr(value, 'name', '')}>"
    return None


def _inside(value: object) -> list[object]:
    """What `copy` would copy: nothing of it runs or imports anything."""
    try:
        reduced = value.__reduce_ex__(2)
    except Exception:  # noqa: BLE001 - a lock, a generator, a module: nothing that can be compared
        return []
    if isinstance(reduced, str):
        return [reduced]
    _, args, state, items, pairs = (*reduced, *(None,) * 3)[:5]
    return [args, state, list(items or ()), list(pairs or ())]
