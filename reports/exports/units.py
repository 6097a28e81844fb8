"""What belongs together: the events of each `pileup.step`, and of each transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pileup.events import FAIL, OK, Event
from pileup.notes import Step

Kind: TypeAlias = Literal["step", "transaction"]
Key: TypeAlias = tuple[Kind, str]

State: TypeAlias = Literal["done", "undone", "unheard", "open"]
"""How it ended: well; with an exception or a rollback; committed, and its agent does not know;
not at all."""

COMMITS: Final = ("commit", "exec")
UNDOES: Final = ("rollback", "abort")


@dataclass
class Unit:
    """One step or transaction, with its events in order."""

    key: Key
    name: str
    state: State
    events: list[Event] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        """Return which of the two it is."""
        return self.key[0]

    @property
    def first(self) -> Event:
        """Return the event that it begins with."""
        return self.events[0]

    @property
    def last(self) -> Event:
        """Return the event that it ends with."""
        return self.events[-1]


def units(events: Iterable[Event]) -> dict[Key, Unit]:
    """Return steps and transactions in the order in which they began."""
    found: dict[Key, Unit] = {}
    for event in events:
        for key in keys_of(event):
            unit = found.get(key)
            if unit is None:
                unit = found[key] = _begun(event, key)
            unit.events.append(event)
            if key[0] == "transaction":
                unit.state = _state(event) or unit.state
    return found


def keys_of(event: Event) -> Iterator[Key]:
    """Say which step and which transaction an event belongs to."""
    for key in (step_of(event), transaction_of(event)):
        if key is not None:
            yield key


def step_of(event: Event) -> Key | None:
    """Say which step it is a part of; one without a number is told by agent and name."""
    step = event.step
    if step is None:
        return None
    return "step", str(step.number) if isinstance(step, Step) else f"{event.agent}: {step}"


def transaction_of(event: Event) -> Key | None:
    """Say which transaction it is a part of."""
    if event.note is None or event.note.unit is None:
        return None
    return "transaction", str(event.note.unit)


def _begun(event: Event, key: Key) -> Unit:
    if key[0] == "transaction":
        return Unit(key, " ".join(key), "open")
    failed = isinstance(event.step, Step) and event.step.failed
    return Unit(key, str(event.step), "undone" if failed else "done")


def _state(event: Event) -> State | None:
    """Say how a transaction ends with this event, if it does."""
    if event.outcome == FAIL or event.name not in (*COMMITS, *UNDOES):
        return None
    if event.name in UNDOES or event.detail == "rolled back":
        return "undone"
    if event.outcome == OK:
        return "done"
    took_effect = any(seen.version is not None for seen in event.items)
    return "unheard" if took_effect else None
