"""What the providers have in common: a request as it is read, and how an answer is sent.

Each provider is a handful of pure functions between JSON and the model's own
values, one module each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from pileup.errors import UsageError
from pileup.fakes._wire import Response
from pileup.fakes.model.answers import Answer
from pileup.fakes.model.prompts import Given, Message, Tools, messages_of

Body: TypeAlias = Any
"""Any: JSON, the client's or ours."""

Stored: TypeAlias = Mapping[str, Sequence[Message]]
"""Conversations that the provider keeps, by the id of their last answer."""

PIECES: Final = 4
"""In how many pieces an answer is streamed: each is a moment at which others may act."""

_spell: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class BadRequest(Exception):
    """A request that the provider refuses as it stands."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Asked(NamedTuple):
    """What a request asks for; `body` is the request itself."""

    model: str
    messages: tuple[Message, ...]
    tools: Tools
    most: int | None
    streams: bool
    body: Body


class Said(NamedTuple):
    """An answer on its way to the client: the moment in which it was given, and its id's end."""

    answer: Answer
    asked: Asked
    at: int
    id: str


class Provider(NamedTuple):
    """One provider's format: how requests are read, and answers and errors written.

    `overloaded` is the status of a provider that has too much to do.
    """

    name: str
    read: Callable[[Body, Stored], Asked]
    write: Callable[[Said], Body]
    stream: Callable[[Said], Iterable[bytes]]
    problem: Callable[[int, str], Response]
    request_id: str
    overloaded: int


def needed(body: Body, name: str, *kinds: type) -> Any:  # Any: JSON
    """Return what a request must hold."""
    value = optional(body, name, *kinds)
    if not value:
        raise BadRequest(f"{name}: this field is required")
    return value


def optional(body: Body, name: str, *kinds: type) -> Any:  # Any: JSON
    """Return what a request may hold; None where it does not."""
    value = body.get(name) if isinstance(body, dict) else None
    if value is not None and not isinstance(value, kinds):
        names = " or ".join(each.__name__ for each in kinds)
        raise BadRequest(f"{name}: must be a {names}, not {value!r}")
    return value


def conversation(given: Given) -> tuple[Message, ...]:
    """Read messages as `messages_of` does, and refuse as a provider does."""
    try:
        return messages_of(given)
    except UsageError as error:
        raise BadRequest(f"messages: {error}") from None


def event(data: Body, name: str = "") -> bytes:
    """Spell one server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {_spell(data)}\n\n".encode()


def pieces(text: str) -> list[str]:
    """Cut a text into what is streamed one after another."""
    size = max(1, -(-len(text) // PIECES))
    return [text[at : at + size] for at in range(0, len(text), size)]


def spelled(body: Body) -> bytes:
    """Spell a body."""
    return _spell(body).encode()
