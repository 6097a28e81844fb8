"""The ledger: what was published, delivered and acknowledged, whatever the clients believe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias


class Entry(NamedTuple):
    """One thing that happened to a message: through which agent, and when in virtual time.

    `delivery` counts the deliveries of the message so far.
    """

    queue: str
    id: str
    body: Any  # Any: the user's own; not a copy, so only to be looked at
    agent: str
    time: float
    delivery: int


Row: TypeAlias = tuple[str, str, Any, str, float, int]
"""An entry while the run is on, because a plain tuple is made in no time."""


class Ledger:
    """All effects of three kinds, each in the order in which they happened."""

    def __init__(self) -> None:
        self.published: list[Row] = []
        self.delivered: list[Row] = []
        self.acked: list[Row] = []


def entries(rows: Iterable[Row]) -> list[Entry]:
    """Return rows as they are read."""
    return [Entry(*row) for row in rows]
