"""Which topology to take, with the reasons that were measured: the end of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pileup.comparison.terms import HARDENED, NAIVE
from pileup.reports.comparison import Advice, Claim, Line

TREE: Final = (
    ("The steps follow one another", "pipeline", ""),
    ("The parts do not depend on each other", "fan-out", ""),
    ("It has to be right before it is fast", "debate", "debate of three against one alone"),
    ("More than six agents, of different domains", "hierarchical", ""),
    (
        "More than a hundred agents and views, after months with a supervisor",
        "swarm",
        "coordination in a swarm",
    ),
    ("All else", "supervisor", ""),
)
"""When to take what, and the claim that says most of it."""


def advice(lines: Sequence[Line], claims: Sequence[Claim]) -> Iterator[Advice]:
    """Go down the tree; a branch whose topology did not take part is left out."""
    known = {(each.topology, each.controls): each for each in lines}
    said = {each.what: each.measured for each in claims}
    for when, take, claim in TREE:
        naive, hardened = known.get((take, NAIVE)), known.get((take, HARDENED))
        if naive is not None and hardened is not None:
            because = _fares(naive, hardened)
            yield Advice(when, take, f"{because} {said[claim]}." if claim in said else because)
    for line in lines:
        if line.is_anti_pattern and line.controls == NAIVE:
            yield Advice("Never", line.topology, _fails(line))


def _fares(naive: Line, hardened: Line) -> str:
    cost, right, p95 = (hardened.measures.get(name) for name in ("cost", "right", "p95"))
    parts = [
        "" if right is None else f"{100 * right.value:.3g}% right on a usual day",
        "" if cost is None else f"at {cost.value:.2g} times the single agent's cost",
        "" if p95 is None else f"19 of 20 within {p95.value:.0f} s",
    ]
    before = naive.measures.get("right")
    careless = "" if before is None else f"; without controls {100 * before.value:.3g}% right"
    return f"{', '.join(part for part in parts if part)}{careless}."


def _fails(line: Line) -> str:
    worst = sorted(line.kinds.items(), key=lambda pair: (-pair[1].value, pair[0]))[:3]
    kinds = ", ".join(f"{kind} in {cell.value:.0f} of 1,000 storms" for kind, cell in worst)
    right = line.measures.get("right")
    done = "" if right is None else f"{100 * right.value:.3g}% right on a usual day; "
    return f"{done}{kinds}."
