"""Two reports, whatever they are of, read and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pileup.errors import UsageError
from pileup.reports import comparison_data, data
from pileup.reports.data import Told
from pileup.reports.differences import comparisons, explorations
from pileup.reports.differences.model import Differences
from pileup.reports.writing import Asked


def compare(before: str, after: str) -> Differences:
    """Compare two reports of explorations, or two comparisons, given as JSON."""
    kinds = [is_comparison(each) for each in (before, after)]
    if all(kinds):
        return comparisons.compare(comparison_data.read(before), comparison_data.read(after))
    if any(kinds):
        raise UsageError(
            "One of them is a comparison of topologies, and the other is not. Give two that the "
            "same command has written."
        )
    return compare_told(data.read_any(before), data.read_any(after))


def compare_told(before: Sequence[Asked], after: Sequence[Asked]) -> Differences:
    """Compare two reports of explorations that have been read."""
    return explorations.compare(_explorations(before), _explorations(after))


def is_comparison(text: str) -> bool:
    """Whether it claims to be a comparison of topologies."""
    try:
        page = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(page, dict) and comparison_data.FORM.mark in page


def _explorations(told: Sequence[Asked]) -> Sequence[Told]:
    found = [each for each in told if isinstance(each, Told)]
    if not found:
        raise UsageError(
            "A single run says nothing about how often something goes wrong, so it cannot be "
            "compared. Give what `pileup explore --report FILE.json` wrote, twice."
        )
    return found
