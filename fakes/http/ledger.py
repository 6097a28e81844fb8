"""The ledger: which effects happened, counted by the server, whatever its clients believe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias


class Entry(NamedTuple):
    """One effect: which agent asked for it, and when it happened in virtual time.

    `route` is the path as it was declared (`/users/{id}`), `path` as it was asked for.
    `status` is 0 where the handler broke the connection instead of answering.
    """

    number: int
    method: str
    route: str
    path: str
    body: bytes
    agent: str
    time: float
    idempotency_key: str | None
    status: int

    def json(self) -> Any:
        """Return the body, read as JSON. Any: it is the client's."""
        return json.loads(self.body)


By: TypeAlias = str | Callable[[Entry], object]
"""What makes two effects the same: a field of the JSON body, or a function of the entry."""


class Ledger:
    """All effects, in the order in which they happened."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def write(self, entry: Entry) -> None:
        """Note an effect."""
        self._entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    def of(self, method: str | None = None, path: str | None = None) -> list[Entry]:
        """Return the effects of one method, and of one path or route."""
        return [
            entry
            for entry in self._entries
            if method in (None, entry.method) and path in (None, entry.path, entry.route)
        ]

    def count(self, method: str | None = None, path: str | None = None) -> int:
        """Count the effects of one method, and of one path or route."""
        return len(self.of(method, path))

    def duplicates(self, by: By | None = None) -> list[list[Entry]]:
        """Return groups of effects that are the same, each with its first and all others.

        Without `by`, those are the same that have one method, path and body. An
        effect for which `by` gives None, or that lacks the field, is like no other.
        """
        groups: dict[object, list[Entry]] = {}
        for entry in self._entries:
            mark = _mark(entry, by)
            if mark is not None:
                groups.setdefault(mark, []).append(entry)
        return [group for group in groups.values() if len(group) > 1]


def _mark(entry: Entry, by: By | None) -> object:
    if by is None:
        return (entry.method, entry.path, entry.body)
    mark = _field(entry, by) if isinstance(by, str) else by(entry)
    return None if mark is None else json.dumps(mark, sort_keys=True, default=repr)


def _field(entry: Entry, name: str) -> object:
    try:
        body = entry.json()
    except ValueError:
        return None  # no JSON: a form, or nothing at all
    return body.get(name) if isinstance(body, dict) else None
