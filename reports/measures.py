"""The measures of a comparison: what each says, what it is called in a table, how it is written."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from pileup.reports.comparison import Cell

Unit = Literal["times", "seconds", "share", "dollars", "count"]

LONG: Final = 100.0
UNITS: Final = "$%xs "


class Measure(NamedTuple):
    """The heading of a column, how its figures are written, and what they say."""

    heading: str
    unit: Unit
    told: str


MEASURES: Final[dict[str, Measure]] = {
    "cost": Measure("cost", "times", "cost: by the single agent's"),
    "p50": Measure(
        "p50", "seconds", "p50, p95: half of all that were settled, and 19 of 20, within this"
    ),
    "p95": Measure("p95", "seconds", ""),
    "done": Measure("done", "share", "done: settled as done"),
    "right": Measure("right", "share", "right: done once, and as the document says"),
    "judged": Measure("judged", "share", "judged: the risk judged rightly"),
    "alone": Measure("alone", "share", "alone: without a human"),
    "calls per intent": Measure("calls", "times", "calls: for each thing that was meant"),
    "duplicates": Measure(
        "twice", "share", "twice: charges, letters and records beyond the first, for each document"
    ),
    "recovered": Measure("back", "share", "back: outages after which all was settled"),
    "recovery": Measure("after", "seconds", "after: so long after them"),
    "blast radius": Measure("spread", "count", "spread: effects that one faulty answer went into"),
    "dollars": Measure("dollars", "dollars", "dollars: for each document"),
    "model calls": Measure("model calls", "count", "model calls: for each document"),
    "refused": Measure("refused", "count", "refused: model calls by the quota, for each document"),
    "audited": Measure("audited", "share", "audited: with a line in the log for its hand-offs"),
    "record": Measure("recorded", "share", "recorded: at least once"),
    "enter": Measure("entered", "share", "entered: in the config file at the end"),
    "charge": Measure("charged", "share", "charged: at least once"),
    "tell": Measure("told", "share", "told: the customer, at least once"),
}
"""What a measure is, by the name that it has in the view model."""

SHOWN: Final = (
    *("cost", "p50", "p95", "done", "right", "judged", "alone", "calls per intent"),
    *("duplicates", "recovered", "recovery"),
    *("record", "enter", "charge", "tell"),
)
"""The columns of how it goes; the others are in the JSON alone."""


LIKED: Final = (
    *("done", "alone", "right", "judged", "recovered", "record", "enter", "charge", "tell"),
    "audited",
)
"""Measures of which more is better; of all others less is."""


def unit_of(name: str) -> Unit | None:
    """Say how a measure is written; None for what is a kind of finding."""
    known = MEASURES.get(name)
    return None if known is None else known.unit


def written(cell: Cell | None, unit: Unit) -> str:
    """Write a figure in its unit."""
    if cell is None:
        return "-"
    value = cell.value
    match unit:
        case "share":
            return f"{100 * value:.3g}%" if value < LONG / 10 else f"{100 * value:,.0f}%"
        case "times":
            return f"{value:.{_digits(value)}f}x"
        case "seconds":
            return f"{value:,.0f} s" if value >= LONG else f"{value:.1f} s"
        case "dollars":
            return f"${value:.3g}"
        case "count":
            return f"{value:,.3g}" if value < LONG else f"{value:,.0f}"


def _digits(value: float) -> int:
    return 2 if value < LONG / 10 else int(value < LONG)


def interval(cell: Cell, unit: Unit) -> str:
    """Write between what a figure lies; the unit stands at the figure itself."""
    low, high = (written(Cell(end, end, end), unit).strip(UNITS) for end in (cell.low, cell.high))
    return f"{low} to {high}"
