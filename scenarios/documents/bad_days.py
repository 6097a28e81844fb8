"""Days on which one thing goes wrong, again and again: what a control is for is seen there.

In a storm everything goes wrong, and what one control prevents another may have
made impossible before. Each of these is small, and short of a single thing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pileup.faults import PROFILES, Plan, Rule
from pileup.scenarios.documents.days import SILENT, Day

ROUGH: Final = 0.25
"""Of the odds of a storm: most documents are done all the same, so that it gets to their ends."""

ENOUGH: Final = 1_000_000
"""A quota that nobody reaches."""

BRIEF: Final = 5000
"""So many steps are enough for such a day, unless it would never end."""


def _rough() -> Plan:
    rules = PROFILES["3am"].rules
    return Plan(tuple(replace(rule, odds=ROUGH * rule.odds) for rule in rules), "rough night")


def _day(name: str, says: str, *rules: Rule, instances: int = 2, documents: int = 4) -> Day:
    return Day(name, Plan(rules, name), instances, documents, quota=ENOUGH, steps=BRIEF, says=says)


BAD_DAYS: Final = {
    day.name: day
    for day in (
        Day(
            *("rough night", _rough(), 2, 2),
            timed=False,
            says="any order, all faults at a quarter of their odds",
        ),
        _day("calm day", "nothing goes wrong", instances=3, documents=6),
        replace(_day("misjudgements", "one judgement of five is wrong"), wrong=0.2),
        _day(
            *("lost answers", "who charges, writes or tells does not hear that it is done"),
            Rule("lost", odds=0.15, on="POST*"),
            Rule("lost", odds=0.15, on="insert*records*"),
        ),
        _day(
            *("short outage", "no model answers for a minute"),
            Rule("unavailable", on="complete*", window=(5, 65)),
        ),
        _day("hanging call", "a call never ends", Rule("hang", on="complete*", nth=3)),
        _day(
            *("deaths", "one call of a hundred kills its agent"),
            Rule("crash", odds=0.01),
            instances=3,
            documents=6,
        ),
        _day(
            *("restarts", "agents die, and most are started again"),
            Rule("restart", odds=0.03),
            Rule("crash", odds=0.01),
            instances=3,
            documents=6,
        ),
        _day(
            *("inventions", "half of the model's answers are invented"),
            Rule("invented", odds=0.5, on="complete*"),
        ),
        _day(
            *("refusals", "three of ten calls of the model fail"),
            Rule("refused", odds=0.3, on="complete*"),
        ),
        _day(
            *("one model down", "the usual model answers nobody"),
            Rule("unavailable", on="complete*sonnet*"),
        ),
        _day(
            *("no post", "no letter can be sent"),
            Rule("error", on="POST*letters*"),
            documents=2,
        ),
        replace(_day("long silence", "the model never answers", documents=1), faults=SILENT),
        Day("rush", "none", 20, 20, quota=20, says="twenty at once on a quota of twenty a minute"),
    )
}
"""Every one of them, by its name."""
