"""Literals as `ruff format` has them, out of which nothing gets, whatever it says."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Final

INDENT: Final = "    "


def spread(opening: str, parts: Iterable[str], closing: str, indent: str) -> str:
    """Write one part a line: a comma after the last one makes the formatter keep it so."""
    return (
        opening + "".join(f"\n{indent}{INDENT}{part}," for part in parts) + f"\n{indent}{closing}"
    )


def value_of(value: object) -> str:
    """Write a plain value: a text, a number, a pair of numbers."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):  # a pair
        return f"({', '.join(map(value_of, value))})"
    return 'float("inf")' if value == inf else repr(value)


def quoted(text: str) -> str:
    """Write a text as `ruff format` does: in double quotes, unless that takes more escapes."""
    quote = '"' if text.count('"') <= text.count("'") else "'"
    return f"{quote}{''.join(_escaped(each, quote) for each in text)}{quote}"


def _escaped(character: str, quote: str) -> str:
    if character in ("\\", quote):
        return f"\\{character}"
    return character if character.isprintable() else repr(character)[1:-1]


def literal_of(order: str) -> str:
    """Write an order between triple quotes; it has a way of its own to hide a quote."""
    return order.replace('"""', "\\x22\\x22\\x22").replace("\\", "\\\\")


def plain(text: str) -> str:
    """Make a text fit for a comment or a docstring: one line, and nothing that ends it."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return shown.replace("\\", "\\\\").replace('"""', "'''").strip()
