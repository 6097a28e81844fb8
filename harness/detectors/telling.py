"""How detectors put what they found: findings made of data, sentences made last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pileup.detectors.case import Case
from pileup.detectors.taxonomy import KINDS
from pileup.findings import Finding
from pileup.operations import Item
from pileup.spelling import Brief

LONGEST: Final = 40
"""How long a value may be to stand in a sentence."""


def found(
    kind: str,
    *,
    title: str,
    explanation: str,
    evidence: tuple[int, ...],
    agents: tuple[str, ...] = (),
    item: Item | None = None,
    receipt: Mapping[str, Brief] | None = None,
    mark: str = "",
    advice: str = "",
) -> Finding:
    """Make a finding of a known kind; severity and advice are the kind's."""
    known = KINDS[kind]
    return Finding(
        kind=kind,
        severity=known.severity,
        title=title,
        explanation=explanation,
        resource=item.resource if item is not None else "",
        key=item.key if item is not None else "",
        agents=tuple(dict.fromkeys(agents)),
        evidence=tuple(sorted(dict.fromkeys(evidence))),
        receipt=dict(receipt or {}),
        advice=advice or known.advice,
        mark=mark,
    )


def said(case: Case, number: int) -> str:
    """Point at an event: its number, its line if that is known."""
    site = case.history.sites.get(number)
    return f" (event {number}{f', {site}' if site else ''})"


def told_of(case: Case, number: int) -> str:
    """Say who did what to an item, with the value where that is short."""
    row = case.rows[number]
    value = f" {_value(row[9])}" if row[9] is not None and len(row[1]) == 1 else ""
    doing = {"write": f"wrote{value or ' it'}"}.get(row[0], f"did {row[0]!r}{value} on it")
    return f"Then {case.agents[row[3]].name} {doing}"


def _value(value: Brief) -> str:
    text = repr(value) if not isinstance(value, str) else value
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
