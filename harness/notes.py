"""What an operation was about, where its footprint and its outcome do not tell.

Which transaction it belongs to, which request it repeats, whose secrets it
carried. Fakes write notes on the operations that need one; most need none.
A note is on the operation from the start and may be added to until the run
ends, because some things are known only afterwards (that the answer was a
refusal, from where the call was made).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from typing import Any, Final, Self, TypeAlias

Frame: TypeAlias = tuple[int, str]
"""One frame of a call path: its number in this run, and the line that it stood at."""


def spawned(born: int) -> int:
    """Return the number that stands in a path where a task begins: after so many events.

    What is above it is where its spawner stands. It is below 0, unlike a frame's.
    """
    return ~born


TUPLES: Final = ("path", "sent", "got")


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
    `cost`: dollars. `over`: of what it wrote in part alone, the item and the version that had put
    that part there. `whole`: it read a table without a condition, so that any other row matters.
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
    over: tuple[tuple[str, int], ...] = ()
    whole: bool = False
    cost: float = 0.0

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


MARK: Final = re.compile(r"(?:canary-[0-9a-f]{12}|(?:wrong|invented)-[0-9a-f]{6})(?![0-9a-f])")
"""What can be recognised wherever it turns up again: canaries, and what a faulty answer made up."""


def marks_in(value: object) -> tuple[str, ...]:
    """Return the marks in a value, each once, in the order in which they are met."""
    text = value if type(value) is str else repr(value)
    if "-" not in text:  # most values have no mark, and this is asked of each
        return ()
    return tuple(dict.fromkeys(MARK.findall(text)))
