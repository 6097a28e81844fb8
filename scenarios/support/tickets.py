"""The scenarios of customer support: with no controls, with all of them, or with some.

Naive, the third customer, who asks what the second has asked, gets the second's order and
address; refunds are paid twice; tickets are lost; the dashboard does not add up.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pileup
from pileup.scenarios.controls import Controls
from pileup.scenarios.support import books
from pileup.scenarios.support.counter import instance
from pileup.scenarios.support.floor import Floor, Shift

if TYPE_CHECKING:
    from pileup.faults import Plan, Rule

STEPS: Final = 4_000


def support(
    controls: Controls,
    *,
    faults: Plan | Rule | str | None = "3am",
    instances: int = 2,
    tickets: int = 3,
    ambiguous: tuple[int, ...] = (),
    wrong: float = 0.0,
    timed: bool = False,
) -> pileup.Scenario:
    """Return customer support, done by so many instances side by side."""
    return pileup.Scenario(
        instance,
        setup=partial(Floor, shift=Shift(controls, tickets, ambiguous, wrong)),
        agents=instances,
        check=books.check,
        faults=faults,
        timed=timed,
        budgets=pileup.Budgets(steps=STEPS),
        name=f"support, {controls}",
    )


NAIVE = support(Controls())
HARDENED = support(Controls.all())
