"""What an operation was about, where its footprint and its outcome do not tell.

Which transaction it belongs to, which request it repeats, whose secrets it
carried. Fakes write notes on the operations that need one; most need none.
A note is on the operation from the start and may be added to until the run
ends, because some things are known only afterwards (that the answer was a
refusal, from where the call was made).
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import PurePath
from types import MappingProxyType, MemberDescriptorType, ModuleType
from typing import Any, Final, Self, TypeAlias
from urllib.parse import quote, quote_plus

Frame: TypeAlias = tuple[int, str]
"""One frame of a call path: its number in this run, and the line that it stood at."""

NESTED: Final = "<locals>."
"""How the name of a library's function begins, in a frame's line, that is made within another."""


def spawned(born: int) -> int:
    """Return the number that stands in a path where a task begins: after so many events.

    What is above it is where its spawner stands. It is below 0, unlike a frame's.
    """
    return ~born


TUPLES: Final = ("path", "sent", "got", "caps")


class Note:
    """Facts for detectors; what is not set has its default, and costs nothing.

    `unit`: the transaction, by number. `intent`: fingerprint of what was asked
    for, without its idempotency `key`. `effect`: it did something that is
    counted (a charge, a message). `refused`: it was answered, with a failure
    ("503"), and `wait`: after how many seconds it may be asked again.
    `unheard`: it took effect, and whoever asked gave up before the answer came.
    `path`: the frames that led to it, outermost first. `sent`, `got`: the marks
    (canaries, faulty values) in what it carried there and back.
    `message`: what a queue handed over. `lease`: for how many seconds it holds.
    `part`: the logical write that it is a part of. `beside`: another of which some is left there.
    `faulty`: the mistake in a model's answer.
    `cost`: dollars, `tokens`: in both directions; `caps`: what might be used up in all, as in
    "calls:20:session". `partial`: whether a result says of itself that it is only a part.
    `adds`: what it appends, as a report shows it.
    `over`: of what it wrote in part alone, the item and the version that had put
    that part there. `whole`: it read a table without a condition, so that any other row matters.
    `skips`: it passed over what others had locked, because it may have any of what it looked for.
    """

    unit: int | None = None
    intent: str | None = None
    key: str | None = None
    effect: bool = False
    refused: str | None = None
    wait: float | None = None
    unheard: bool = False
    path: tuple[Frame, ...] = ()
    sent: tuple[str, ...] = ()
    got: tuple[str, ...] = ()
    message: str | None = None
    lease: float | None = None
    part: int | None = None
    beside: int | None = None
    adds: str | None = None
    over: tuple[tuple[str, int], ...] = ()
    whole: bool = False
    skips: bool = False
    faulty: str | None = None
    cost: float = 0.0
    tokens: int = 0
    caps: tuple[str, ...] = ()
    partial: bool | None = None

    def __init__(self, **facts: Any) -> None:  # Any: each fact has its own type, above
        self.__dict__.update(facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Note) and self.page() == other.page()

    __hash__ = None  # type: ignore[assignment] # it may still be added to

    def __repr__(self) -> str:
        return f"Note({', '.join(f'{name}={value!r}' for name, value in self.page().items())})"

    def page(self) -> dict[str, object]:
        """Return what is set, in the order of names."""
        return dict(sorted(vars(self).items()))

    @classmethod
    def parse(cls, page: dict[str, Any]) -> Note:
        """Read what `page` returned, from JSON."""
        unknown = [name for name in page if name not in cls.__annotations__]
        if unknown:
            raise ValueError(f"no such fact: {', '.join(unknown)}")
        facts: dict[str, Any] = {
            **page,
            **{name: tuple(page[name]) for name in TUPLES if name in page},
        }
        for pairs in ("path", "over"):
            if pairs in facts:
                facts[pairs] = tuple((one, other) for one, other in facts[pairs])
        return cls(**facts)


blank: Final = partial(Note.__new__, Note)
"""Make a note with nothing on it, in a third of the time."""


class Question(Note):
    """A note whose intent is spelled when somebody wants to know it, because most are not asked.

    `spell` must always say the same.
    """

    __slots__ = ("spell",)  # beside the facts, which are written down

    def __init__(self, spell: Callable[[], str]) -> None:
        self.spell = spell

    @property
    def intent(self) -> str:  # type: ignore[override] # it is never set
        """Fingerprint of what was asked for."""
        known = vars(self)
        if "intent" not in known:
            known["intent"] = self.spell()
        found: str = known["intent"]
        return found

    def page(self) -> dict[str, object]:
        """Return what is set, in the order of names."""
        page = vars(self) | {"intent": self.intent}
        return dict(sorted(page.items()))


class Step(str):
    """The name of a unit of work, and which of them it is: `number` is this one's in the run.

    `failed` once it has ended with an exception.
    """

    __slots__ = ("failed", "number")

    number: int
    failed: bool

    def __new__(cls, name: str, number: int) -> Self:
        """Name a unit of work."""
        step = super().__new__(cls, name)
        step.number = number
        step.failed = False
        return step


def canary(session: str) -> str:
    """Return the session's secret: a value that no other session should ever see."""
    return "canary-" + blake2b(session.encode(), digest_size=6).hexdigest()


# Marks -----------------------------------------------------------------------------------------

MARK: Final = re.compile(r"(?:canary-[0-9a-f]{12}|(?:wrong|invented)-[0-9a-f]{6})(?![0-9a-f])")
"""What can be recognised wherever it turns up again: canaries, and what a faulty answer made up."""

MOST_PARTS: Final = 10_000
"""So many parts of a value are looked at, those nearest to its surface first."""

BARE: Final = frozenset((int, float, bool, complex, type(None)))
"""Kinds of values in which no mark can be; many parts are of these."""

NO_MARKS: Final[Mapping[str, str]] = MappingProxyType({})


def spellings(text: str) -> dict[str, str]:
    """Return how a text is spelled where it is sent, in JSON and in an address too, and itself."""
    ways = (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    return dict.fromkeys((*ways, quote(text, ""), quote(text), quote_plus(text)), text)


def marks_in(value: object, watched: Mapping[str, str] = NO_MARKS) -> tuple[str, ...]:
    """Return the marks in a value and in its parts, each once, in the order in which they are met.

    `watched` are other texts that mark something in this run, by their spellings.
    Nothing of the value's own runs.
    """
    if type(value) is str:  # most are, and most have no mark, and this is asked of each
        return _marks(value, watched) if watched or "-" in value else ()
    if type(value) in BARE:
        return ()
    found: dict[str, None] = {}
    left, layer = MOST_PARTS, [value]
    while layer and left > 0:  # in layers, so that a circle ends with what is near having been seen
        deeper: list[object] = []
        for part in layer[:left]:
            if type(part) in BARE or (type(part) is str and not watched and "-" not in part):
                continue
            text = _text(part)
            if text is None:
                deeper += _parts(part, watched)
            else:
                found.update(dict.fromkeys(_marks(text, watched)))
        left -= len(layer)
        layer = deeper
    return tuple(found)


def _marks(text: str, watched: Mapping[str, str]) -> tuple[str, ...]:
    found = MARK.findall(text) if "-" in text else []
    return tuple(dict.fromkeys((*found, *(watched[each] for each in watched if each in text))))


def _text(value: Any) -> str | None:  # Any: whatever an agent has; its type is looked at
    """Return what is a text: bytes and names of files as well."""
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, PurePath):
        return PurePath.__str__(value)
    if issubclass(kind, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    return None


def _parts(value: Any, watched: Mapping[str, str]) -> Iterable[object]:  # Any: as above
    """Return what a value holds; of sets in an order that no hash decides."""
    kind = type(value)
    if issubclass(kind, dict):
        return [each for pair in dict.items(value) for each in pair]
    if issubclass(kind, list | tuple | deque):
        found: Iterable[object] = kind.__iter__(value)
        return found
    if issubclass(kind, set | frozenset):
        return sorted(mark for each in kind.__iter__(value) for mark in marks_in(each, watched))
    return () if kind.__module__.partition(".")[0] == "pileup" else _attributes(value, kind)


def _attributes(value: object, kind: type) -> list[object]:
    """Return what an object's attributes hold, in slots too; of what can be called, nothing."""
    has_dict, slots = _anatomy(kind)
    held: list[object] = []
    if has_dict:
        with suppress(AttributeError):
            held += object.__getattribute__(value, "__dict__").values()
    for each in slots:
        with suppress(AttributeError):  # it was never set
            held.append(each.__get__(value, kind))
    return held


@lru_cache(maxsize=512)  # because a run looks at thousands of objects of a few kinds
def _anatomy(kind: type) -> tuple[bool, tuple[MemberDescriptorType, ...]]:
    """Say of a kind of objects where they hold something: whether in a dictionary, in which slots.

    Whatever can be called holds nothing that was said.
    """
    members = [pair for above in kind.__mro__ for pair in vars(above).items()]
    if issubclass(kind, ModuleType) or any(name == "__call__" for name, _ in members):
        return False, ()
    slots = tuple([each for _, each in members if type(each) is MemberDescriptorType])
    return bool(kind.__dictoffset__), slots
