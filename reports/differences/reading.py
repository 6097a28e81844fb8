"""Two reports, whatever they are of, read and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pileup.errors import UsageError
from pileup.reports import comparison_data, data
from pileup.reports.data import Told
from pileup.reports.differences import comparisons, explorations
from pileup.reports.differences.model import Differences
from pileup.reports.writing import Asked

T = TypeVar("T")


def compare(before: str, after: str) -> Differences:
    """Compare two reports of explorations, or two comparisons, given as JSON."""
    kinds = [is_comparison(each) for each in (before, after)]
    if all(kinds):
        return comparisons.compare(*_both(comparison_data.read, before, after))
    if any(kinds):
        raise UsageError(
            "One of them is a comparison of topologies, and the other is not. Give two that the "
            "same command has written."
        )
    return compare_told(*_both(data.read_any, before, after))


def _both(read: Callable[[str], T], before: str, after: str) -> tuple[T, T]:
    """Read both, or say which of them cannot be read."""
    try:
        old = read(before)
    except UsageError as error:
        raise UsageError(f"The one before: {error}") from None
    try:
        return old, read(after)
    except UsageError as error:
        raise UsageError(f"The one after: {error}") from None


def compare_told(before: Sequence[Asked], after: Sequence[Asked]) -> Differences:
    """Compare two reports of explorations that have been read."""
    old, new = _explorations(before), _explorations(after)
    names = [dict.fromkeys(each.name for each in told) for told in (old, new)]
    if not names[0].keys() & names[1].keys():
        raise UsageError(
            "Nothing can be compared, because no program is in both: before there is "
            f"{', '.join(names[0])}, after {', '.join(names[1])}. Programs are told apart by what "
            "they were called when they were explored: explore both by one name."
        )
    return explorations.compare(old, new)


def is_comparison(text: str) -> bool:
    """Whether it claims to be a comparison of topologies."""
    return comparison_data.FORM.is_claimed_by(text)


def _explorations(told: Sequence[Asked]) -> Sequence[Told]:
    found = [each for each in told if isinstance(each, Told)]
    if not found:
        raise UsageError(
            "A single run says nothing about how often something goes wrong, so it cannot be "
            "compared. Give what `pileup explore --report FILE.json` wrote, twice."
        )
    return found
