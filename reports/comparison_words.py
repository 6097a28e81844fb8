"""What a comparison says in words: what each control does, what articles say, which to take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pileup.reports.columns import paragraph, words
from pileup.reports.comparison import NAIVE, Ablation, Advice, Change, Claim, Comparison
from pileup.reports.measures import MEASURES, unit_of, written
from pileup.reports.plain import name

MOST_CHANGES: Final = 3


# In one sentence -----------------------------------------------------------------------------


def verdict(found: Comparison, called: Callable[[str], str] = name) -> str:
    """Say whether the controls have held, in all topologies that are to be used."""
    held = [each for each in found.lines if each.controls != NAIVE and not each.is_anti_pattern]
    broken = [each.topology for each in found.failing]
    if not held:
        return "Topologies without controls"
    if not broken:
        return f"With controls nothing was found in {_topologies(len(held))}"
    names = ", ".join(dict.fromkeys(map(called, broken)))
    return f"With controls {len(broken)} of {_topologies(len(held))} still fail: {names}"


def _topologies(count: int) -> str:
    return f"{count} topolog{'y' if count == 1 else 'ies'}"


# Controls ------------------------------------------------------------------------------------


def ablations(found: Sequence[Ablation], width: int) -> Iterator[str]:
    """Say which control does what, those first without which most goes wrong."""
    telling = sorted((each for each in found if each.away or each.alone), key=missed)
    if telling:
        yield from paragraph(
            "Which control does what, on a bad day (findings: of 1,000 such days)", width
        )
        yield ""
        rows = [["control", "all but this one: what is worse", "this one alone: what is better"]]
        rows += [_row(each) for each in telling]
        yield from words(rows, width)
        yield ""
    silent = [each.control for each in found if not (each.away or each.alone)]
    if silent:
        told = "No difference that so many runs could tell, neither gone nor alone"
        yield from paragraph(f"{told}: {', '.join(silent)}.", width)


def missed(each: Ablation) -> tuple[bool, float]:
    """Order controls by how much is worse without them."""
    findings = [change.after.value for change in each.away if unit_of(change.what) is None]
    return each.is_redundant, -max(findings, default=0.0)


def _row(each: Ablation) -> list[str]:
    away = changes(each.away, each.where) or ["nothing: others do its work"]
    alone = changes(each.alone, each.where) or ["-"]
    where = "".join(f"\n  {place}" for place in each.where)
    return [f"{each.control}{where}", "\n".join(away), "\n".join(alone)]


def changes(changed: Sequence[Change], where: Sequence[str]) -> list[str]:
    """Say the most of what has changed, findings before figures."""
    found = [
        f"{_change(each)} ({each.topology})" if len(where) > 1 else _change(each)
        for each in changed[:MOST_CHANGES]
    ]
    more = len(changed) - len(found)
    return [*found, *([f"and {more} more"] if more > 0 else [])]


def _change(each: Change) -> str:
    unit = unit_of(each.what)
    if unit is None:
        before = "" if each.before is None else f"{each.before.value:.0f} -> "
        return f"{each.what} {before}{each.after.value:.0f}"
    before = "" if each.before is None else f"{written(each.before, unit)} -> "
    return f"{MEASURES[each.what].heading} {before}{written(each.after, unit)}"


# Articles ------------------------------------------------------------------------------------


def claims(found: Sequence[Claim], width: int) -> Iterator[str]:
    """Hold what articles say against what was measured."""
    if not found:
        return
    agree = sum(each.agrees for each in found)
    told = (
        f"What articles say, and what was measured: {agree} of {len(found)} agree, which is to lie "
        "in the range that is said, or within a factor of two of a round figure "
        "(pileup replay articles/claim/NUMBER)"
    )
    yield from paragraph(told, width)
    yield ""
    rows = [["", "", "said", "measured"]]
    for number, each in enumerate(found, 1):
        measured = each.measured if each.agrees else f"{each.measured}\ndiffers: {each.why}"
        rows.append([f"{number}", each.what, each.said, measured])
    yield from words(rows, width)


# Advice --------------------------------------------------------------------------------------


def advice(found: Sequence[Advice], width: int) -> Iterator[str]:
    """Say which topology to take."""
    if found:
        yield "Which to take"
        yield ""
    for each in found:
        yield from paragraph(f"{each.when}: {each.take}. {each.because}", width, "    ")
