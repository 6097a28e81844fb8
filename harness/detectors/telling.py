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

DELETING: Final = frozenset(("delete", "del", "unlink", "remove", "clear"))

PLAINLY: Final = {
    **dict.fromkeys(DELETING, "removed it"),
    "create": "made it anew",
    "truncate": "emptied it to write it anew",
}
"""What was done by operations that put no value there, whatever else they say of themselves."""


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


def value_of(case: Case, number: int) -> str:
    """Return the value that a row read or wrote, if it is short and the row's only one."""
    row = case.rows[number]
    value = row[9]
    if value is None or (isinstance(value, str) and value.startswith("#")):
        return ""
    text = value if isinstance(value, str) else repr(value)
    return f" {text}" if len(text) <= LONGEST else f" {text[:LONGEST]}..."


def wrote(case: Case, number: int, item: Item) -> str:
    """Say what a row did to an item: `wrote 5`, or by its name where it looked as well."""
    plainly = plain(case, number)
    if plainly:
        return plainly
    value = value_of(case, number)
    if case.access(number, item) == "write":
        return f"wrote{value or ' it'}"
    return f"changed it ({case.rows[number][0]}{value})"


def plain(case: Case, number: int) -> str:
    """Say what a row did if it put no value there: `removed it`; nothing if it did."""
    return PLAINLY.get(case.rows[number][0].lower(), "")
