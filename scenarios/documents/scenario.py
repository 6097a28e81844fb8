"""From a topology and its controls to a scenario that any front door can explore."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import pileup
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents import books
from pileup.scenarios.documents.intake import instance
from pileup.scenarios.documents.office import Office, Setting
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.faults import Plan, Rule

INSTANCES: Final = 2
STEPS: Final = 20_000


def documents(
    topology: Topology,
    controls: Controls,
    *,
    faults: Plan | Rule | list[Rule] | str | None = "3am",
    instances: int = INSTANCES,
    come: int | None = None,
    every: float = 0.0,
    quota: int = Setting.quota,
    wrong: float = 0.0,
    unreadable: tuple[int, ...] = (),
    timed: bool = False,
    check: Callable[[Office], None] = books.check,
    name: str = "",
) -> pileup.Scenario:
    """Return the document work, done by instances of a topology side by side.

    So many documents `come`, as many as there are instances if nothing is said,
    one after another `every` so many seconds.
    """
    setting = Setting(topology, controls, come or instances, every, quota, wrong, unreadable)
    return pileup.Scenario(
        instance,
        setup=partial(Office, setting=setting),
        agents=instances,
        check=check,
        faults=faults,
        timed=timed,
        budgets=pileup.Budgets(steps=STEPS),
        name=f"{name or topology.name}, {controls}",
    )
