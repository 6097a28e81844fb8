"""What two reports have in common, looked at all together, so that chance has no second try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from pileup.reports.differences.chance import telling
from pileup.reports.differences.model import Difference, Differences, Trend

T = TypeVar("T")

ORDER: Final[tuple[Trend, ...]] = ("new", "worse", "fixed", "better")


def by_name(named: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Name each once: what comes a second time under a name is its second."""
    found: dict[str, T] = {}
    for name, each in named:
        number, once = 1, name
        while once in found:
            number += 1
            once = f"{name} ({number})"
        found[once] = each
    return found


def unpaired(before: Mapping[str, object], after: Mapping[str, object]) -> Differences:
    """Say what only one of two reports has."""
    return Differences(
        (),
        only_before=tuple(name for name in before if name not in after),
        only_after=tuple(name for name in after if name not in before),
    )


def told(looked_at: Sequence[Difference], rest: Differences) -> Differences:
    """Keep what is more than chance, the worst first; of the others, how many there are."""
    sure = telling([each.chance for each in looked_at])
    kept = [each for each, is_sure in zip(looked_at, sure, strict=True) if is_sure]
    kept.sort(key=lambda each: ORDER.index(each.trend))
    return replace(rest, found=tuple(kept), same=len(looked_at) - len(kept))
