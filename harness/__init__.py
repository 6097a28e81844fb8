"""pileup: what happens when a hundred copies of an agent share one world.

    result = pileup.explore(agent, setup=start, agents=5, runs=200)
    result.assert_clean()

See `explore` for the way in, and docs/ for the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pileup.acts import checkpoint, shared, sleep, step, timeout
    from pileup.api import Scenario, explore, replay
    from pileup.detectors import detector
    from pileup.errors import PileupError, UsageError
    from pileup.findings import Finding
    from pileup.results import Exploration, Run
    from pileup.settings import Budgets
    from pileup.sim.agents import Agent
    from pileup.sim.kernel import Sim

__all__ = [
    "Agent",
    "Budgets",
    "Exploration",
    "Finding",
    "PileupError",
    "Run",
    "Scenario",
    "Sim",
    "UsageError",
    "checkpoint",
    "detector",
    "explore",
    "replay",
    "shared",
    "sleep",
    "step",
    "timeout",
]

__version__ = "0.1.0"

# Each name is imported when it is first used, because `import pileup` stands in
# every test module and plugin of our users, and most of them run nothing.
_HOMES = {
    "Agent": "pileup.sim.agents",
    "Budgets": "pileup.settings",
    "Exploration": "pileup.results",
    "Finding": "pileup.findings",
    "PileupError": "pileup.errors",
    "Run": "pileup.results",
    "Sim": "pileup.sim.kernel",
    "UsageError": "pileup.errors",
    "checkpoint": "pileup.acts",
    "detector": "pileup.detectors",
    "shared": "pileup.acts",
    "sleep": "pileup.acts",
    "step": "pileup.acts",
    "timeout": "pileup.acts",
}


def __getattr__(name: str) -> Any:  # Any: whatever the name stands for
    if name not in __all__:
        raise AttributeError(f"module 'pileup' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES.get(name, "pileup.api")), name)
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
