"""pileup: what happens when a hundred copies of an agent share one world.

    result = pileup.explore(agent, setup=start, agents=5, runs=200)
    result.assert_clean()

See `explore` for the way in, and docs/ for the rest.
"""

from __future__ import annotations

from pileup.api import (
    Scenario,
    checkpoint,
    explore,
    replay,
    shared,
    sleep,
    step,
    timeout,
)
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
    "explore",
    "replay",
    "shared",
    "sleep",
    "step",
    "timeout",
]

__version__ = "0.1.0"
