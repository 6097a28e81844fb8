"""How Hypothesis prints what it has drawn of ours: as the code that makes it again."""

from __future__ import annotations

from typing import Protocol


class Printer(Protocol):
    """What of a printer is used."""

    def text(self, text: str) -> None:
        """Print."""


class Pretty:
    """Prints its own repr, where Hypothesis would tell how it was drawn."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(repr(self))
