"""A run that is not serial, told: what it came to, and what the orders come to that are nearest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pileup.detectors.taxonomy import KINDS
from pileup.findings import Finding
from pileup.operations import READ
from pileup.search.runs.in_order import Order
from pileup.search.runs.outcome import EFFECT, END, FAILED, RETURNED, Ended, Outcome

SORTS: Final = (END, EFFECT, FAILED, RETURNED)
"""The sorts of parts that an outcome has, the most telling first."""

MOST_PARTS: Final = 4
MOST_ORDERS: Final = 3
MOST_EVENTS: Final = 5
LONGEST: Final = 60


def not_serial(
    ended: Ended, outcome: Outcome, known: Mapping[Order, Outcome], compared: str
) -> Finding:
    """Make the finding: the part that differs most plainly gives it its name."""
    nearest = min(known.values(), key=lambda other: len(outcome.differing(other)))
    differing = sorted(outcome.differing(nearest), key=_rank)
    first = differing[0]
    resource, key = _item(first)
    kind = KINDS["not_serial"]
    return Finding(
        kind="not_serial",
        severity=kind.severity,
        title="no order of the agents, one after another, comes to this result",
        explanation=_told(ended, outcome, known, differing)
        + f"\nThe run was compared with {compared} of the agents.",
        resource=resource,
        key=key,
        agents=tuple(_names(ended)),
        evidence=_evidence(ended, resource, key),
        receipt={"differs": first, "differing": len(differing), "compared": compared},
        advice=kind.advice,
        mark=_sort(first).strip(),
    )


def _sort(part: str) -> str:
    """Say what sort of part it is; whose answer it was is chance."""
    return next(sort for sort in SORTS if part.startswith(sort))


def _rank(part: str) -> tuple[int, str]:
    return (SORTS.index(_sort(part)), part)


def _item(part: str) -> tuple[str, str]:
    if not part.startswith(END):
        return "", ""
    resource, _, key = part.removeprefix(END).partition("[")
    return resource, key.removesuffix("]")


def _names(ended: Ended) -> list[str]:
    return [each.name for each in ended.history.agents if each.session and not each.parent]


def _evidence(ended: Ended, resource: str, key: str) -> tuple[int, ...]:
    """Return the last events that wrote the item that differs, or the ends of the agents."""
    rows = ended.history.rows
    wrote = [
        number
        for number, row in enumerate(rows)
        for item, access in row[1]
        if access != READ and item.resource == resource and item.key in (key, "")
    ]
    ends = [number for number, row in enumerate(rows) if row[0] == "end"]
    return tuple(wrote[-MOST_EVENTS:] if wrote and resource else ends)


def _told(
    ended: Ended, outcome: Outcome, known: Mapping[Order, Outcome], differing: list[str]
) -> str:
    """Set what the run came to beside what some orders come to: only what is not always so."""
    varying = {part for other in known.values() for part in outcome.differing(other)}
    shown = [*differing, *sorted(varying - set(differing), key=_rank)][:MOST_PARTS]
    names, lines = _names(ended), [f"This run: {_values(outcome, shown)}."]
    nearest_first = sorted(known, key=lambda order: len(outcome.differing(known[order])))
    told: dict[str, Order] = {}
    for order in nearest_first:
        told.setdefault(_values(known[order], shown), order)
    for text, order in list(told.items())[:MOST_ORDERS]:
        lines.append(f"{', then '.join(names[who] for who in order)}: {text}.")
    if len(told) > MOST_ORDERS:
        lines.append(f"The other orders come to {len(told) - MOST_ORDERS} more results.")
    return "\n".join(lines)


def _values(outcome: Outcome, parts: list[str]) -> str:
    return ", ".join(
        f"{part.removeprefix(END)} = {_short(outcome.parts.get(part))}" for part in parts
    )


def _short(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
