"""How many examples it takes until each kind of bug is found: a default of 100 has to do.

The figures of docs/hypothesis.md, over 20 seeds:

    python tests/properties/test_examples_needed.py
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from support import property_agents as shops

from pileup.faults import Plan
from pileup.hypothesis import Played, Schedule, plans, schedules

NEARLY_ALL = 0.8
SEEDS = 5
MANY_SEEDS = 20
MOST = 100

BUGS: dict[str, Callable[[Schedule, int, Plan], Played]] = {
    "lost update": lambda order, agents, _: order.play(shops.adds, agents=agents),
    "write skew": lambda order, _, __: order.play(shops.LEAVING, setup=shops.on_call),
    "double charge": lambda order, agents, plan: order.play(
        shops.pays_until_told, agents=agents, setup=shops.shop, faults=plan
    ),
    "lease that runs out": lambda order, agents, _: order.play(shops.holds_a_lease, agents=agents),
}
LOSSY = plans(faults=["lost", "timeout", "refused", "reset", "late"], on=["POST*"])


def needed(bug: str, number: int) -> int:
    """Count the examples until the first that shows it; one more than there are if none does."""
    seen: list[bool] = []

    def looks(order: Schedule, agents: int, faults: Plan) -> None:
        if not any(seen):
            seen.append(not BUGS[bug](order, agents, faults).clean)

    test = given(order=schedules(), agents=st.integers(2, 4), faults=LOSSY)(looks)
    quiet = settings(
        max_examples=MOST,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(quiet(test))()
    return len(seen) if any(seen) else MOST + 1


@pytest.mark.parametrize("bug", BUGS)
def test_a_hundred_examples_are_enough(bug: str) -> None:
    found = [needed(bug, number) for number in range(SEEDS)]
    assert sum(each <= MOST for each in found) >= NEARLY_ALL * SEEDS, found


if __name__ == "__main__":
    for name in BUGS:
        counts = sorted(needed(name, number) for number in range(MANY_SEEDS))
        found = sum(each <= MOST for each in counts)
        print(f"{name:20} median {statistics.median(counts):4} worst {counts[-1]:4} ", end="")
        print(f"found with {found} of {MANY_SEEDS} seeds")
