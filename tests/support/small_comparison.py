"""A small comparison, made by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pileup
from pileup.reports.comparison import (
    Ablation,
    Advice,
    Cell,
    Change,
    Claim,
    Comparison,
    Crowd,
    Line,
    Shown,
)
from pileup.scenarios.config_race import RACE


def cell(value: float, wide: float = 0.0, token: str = "pileup1-shown") -> Cell:
    return Cell(value, value - wide, value + wide, token)


MEASURES = {"cost": cell(1.0), "p50": cell(7.25), "p95": cell(1733.0), "right": cell(0.347)}
GOOD = {"cost": cell(12.345), "p50": cell(6.0), "p95": cell(99.94), "right": cell(1.0)}

SMALL = Comparison(
    title="documents, by topology",
    terms={"storm": "2 instances; 40 times", "usual day": "20 documents", "outage": "3 minutes"},
    lines=(
        Line("single agent", "naive", "one", False, 40, 0.072, {"check_failed": cell(50, 40)}),
        Line(
            *("supervisor", "naive", "specialists", False, 40, 0.072),
            kinds={"retry_amplification": cell(25, 20), "lost_write": cell(400, 150)},
            measures={**MEASURES, "blast radius": cell(3)},
        ),
        Line("crew", "naive", "roles", True, 40, 0.072, {"deadlock": cell(950, 60)}, MEASURES),
        Line("single agent", "hardened", "one", False, 40, 0.072, {}, GOOD),
        Line("supervisor", "hardened", "specialists", False, 40, 0.072, {}, GOOD),
        Line("crew", "hardened", "roles", True, 40, 0.072, {"overrun": cell(25, 20)}, GOOD),
    ),
    ablations=(
        Ablation("audit", "notes", where=("supervisor",)),
        Ablation(
            *("breaker", "waits", (), (Change("right", cell(0.347), cell(0.5), "supervisor"),)),
            where=("supervisor",),
        ),
        Ablation(
            *("gates", "validates", (Change("silent_partial", None, cell(75), "supervisor"),)),
            alone=(Change("lost_write", cell(400), cell(25), "supervisor"),),
            where=("supervisor",),
        ),
        Ablation(
            *("round_cap", "ends", (Change("endless_loop", None, cell(900), "crew"),)),
            where=("crew", "supervisor"),
        ),
    ),
    crowds=(Crowd(1000, "naive", {"right": cell(0.005), "model calls": cell(3.5)}),),
    claims=(
        Claim("three layers that try three times", "27 calls", "27 calls", agrees=True),
        Claim("caching saves", "20-40%", "10.5%", agrees=False, why="most is asked once"),
    ),
    advice=(Advice("All else", "supervisor", "100% right on a usual day."),),
    notes=("A note at the end.",),
)

SPREAD: dict[str, tuple[float, ...]] = {
    "latency": (1.0, 2.5, 30.0),
    "dollars": (0.0, 0.01, 0.01),
    "attempts": (1.0, 1.0, 27.0),
}


@cache
def with_story() -> Comparison:
    """Return the same, with a run that shows a kind, and how figures lie."""
    shown = pileup.explore(RACE, runs=50).counterexample
    assert shown is not None
    lines = tuple(replace(each, spreads=SPREAD) for each in SMALL.lines)
    return replace(SMALL, lines=lines, stories=(Shown("supervisor", "naive", "lost_write", shown),))
