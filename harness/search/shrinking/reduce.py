"""To leave out and to lower: what shrinking consists of, whatever is shrunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def lower(number: Callable[[], int], keep: Callable[[int], bool]) -> None:
    """Lower a number by half, else by two, else by one, as long as that goes."""
    while (now := number()) > 0 and any(keep(less) for less in _less(now)):
        pass


def _less(number: int) -> list[int]:
    return list(dict.fromkeys(each for each in (number // 2, number - 2, number - 1) if each > 0))


def reduce(items: list[T], keep: Callable[[list[T]], bool]) -> None:
    """Leave out as many items as can be, in ever smaller parts; adaptive, as delta debugging is."""
    size = len(items)
    while size:
        at = 0
        while at < len(items):
            fewer = items[:at] + items[at + size :]
            if keep(fewer):
                items = fewer
            else:
                at += size
        size //= 2
