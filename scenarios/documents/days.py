"""The days that topologies are compared on: a storm in which all can go wrong, and usual ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pileup
from pileup import UsageError
from pileup.faults import Plan, Rule
from pileup.scenarios.documents.scenario import STEPS, documents

if TYPE_CHECKING:
    import pileup
    from pileup.scenarios.controls import Controls
    from pileup.scenarios.topology import Topology

WRONG: Final = 0.053
"""How often one view alone judges wrongly: what leaves 94.7% right."""

BLIP: Final = 0.001
FAILS: Final = ("refused", "timeout", "unavailable", "throttled", "error", "lost", "reset", "late")
MISTAKES: Final = ("invented", "truncated", "malformed", "refusal", "schema")

ORDINARY: Final = Plan(
    (
        *(Rule(each, odds=BLIP) for each in FAILS),
        *(Rule(each, odds=BLIP) for each in MISTAKES),
        Rule("slow", odds=0.005),
        Rule("crash", odds=0.0005),
        Rule("restart", odds=0.0005),
    ),
    "usual day",
)
"""What a day brings in which nothing much happens: about one call in a hundred goes wrong."""

QUOTA: Final = 240
"""So many model calls in a minute are enough for all topologies but the wasteful."""

OUTAGE: Final = (60.0, 240.0)
"""From when to when the model answers nobody."""

DOWN: Final = Plan((Rule("unavailable", on="complete*", window=OUTAGE),), "outage")


@dataclass(frozen=True)
class Day:
    """A kind of day: how much comes in, who is there, and what goes wrong."""

    name: str
    faults: Plan | str
    instances: int
    documents: int
    every: float = 0.0
    wrong: float = 0.0
    quota: int = 60
    timed: bool = True
    over: float | None = None
    """From when on nothing goes wrong any more, on a day on which something big does."""
    steps: int = STEPS
    """After so many, for every ten documents, a run is over in any case."""
    says: str = ""
    """What it is like, for those who read a figure that comes from it."""

    def of(self, topology: Topology, controls: Controls) -> pileup.Scenario:
        """Return how a topology spends it."""
        scenario = documents(
            topology,
            controls,
            faults=self.faults,
            instances=self.instances,
            come=self.documents,
            every=self.every,
            wrong=self.wrong,
            quota=self.quota,
            timed=self.timed,
        )
        budgets = pileup.Budgets(steps=self.steps * max(1, self.documents // 10))
        return replace(scenario, name=f"{scenario.name}, {self.name}", budgets=budgets)


STORM: Final = Day("storm", "3am", 2, 2, timed=False, says="any order, all faults")
"""Few instances at once, in any order, under all faults there are: what can go wrong at all."""

USUAL_DAY: Final = Day(
    "usual day", ORDINARY, 6, 20, every=4.0, wrong=WRONG, quota=QUOTA, says="hardly any fault"
)
"""A stream of documents, calls that take time, hardly any fault: what it costs and how it goes."""

SILENT: Final = Plan((Rule("timeout", on="complete*", seconds=1),), "silence")

NIGHT: Final = Day(
    *("outage", DOWN, 6, 30),
    every=10.0,
    quota=QUOTA,
    over=OUTAGE[1],
    says="no model answers for three minutes",
)
"""The same stream, and for three minutes the model answers nobody: how it recovers."""

MANY: Final = Day("many judgements", "none", 1, 50, wrong=WRONG, quota=1_000_000)
"""Nothing but the model's own mistakes: how often is it judged rightly?"""

SILENCE: Final = Day("silence", SILENT, 1, 1, says="the model never answers")
"""The model never answers anybody: how often is it asked?"""

STAMPEDE: Final = Day("stampede", "none", 50, 50)
"""Fifty documents at once against one quota."""

DAYS: Final = {day.name: day for day in (STORM, USUAL_DAY, NIGHT, MANY, SILENCE, STAMPEDE)}
"""Those that whole topologies are compared on; `bad_days` has more, one for each sort of trouble.
"""


def crowd(instances: int) -> Day:
    """So many instances at once, each with a document, and a quota that would do for them."""
    return Day(f"crowd of {instances}", "none", instances, instances, quota=20 * instances)


def day_named(name: str) -> Day:
    """Return the day of that name."""
    from pileup.scenarios.documents.bad_days import BAD_DAYS

    known = DAYS | BAD_DAYS
    if name in known:
        return known[name]
    before, _, number = name.rpartition(" ")
    if before == "crowd of" and number.isdecimal() and int(number):
        return crowd(int(number))
    raise UsageError(f"There is no day {name!r}. There are {', '.join(known)}, and 'crowd of 100'.")
