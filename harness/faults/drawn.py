"""Fault plans drawn by Hypothesis, which then leaves away each rule that a failure does not need.

    @given(plans(on=["POST*", "*database*"]))
    def test_orders(plan):
        pileup.explore(order, faults=plan, ...).assert_clean()

Plain plans come first when they shrink: fewer rules, each at the first call,
with the fault that stands first in `faults`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pileup.errors import UsageError
from pileup.faults.catalogue import CATALOGUE
from pileup.faults.profiles import PROFILES
from pileup.faults.rules import Moment, Plan, Rule

ON_THE_AGENT: Final = frozenset(name for name, kind in CATALOGUE.items() if kind.side == "agent")
BY_CHANCE: Final = tuple(
    name for name in CATALOGUE if name in {rule.fault for rule in PROFILES["3am"].rules}
)
"""What can befall anybody; a full disk and missing rights are asked for by name."""
LATEST_CALL: Final = 12
LONGEST_BURST: Final = 8


def plans(
    *,
    faults: Collection[str] = BY_CHANCE,
    on: Collection[str] = ("*",),
    by: Collection[str] = ("*",),
    most: int = 3,
) -> SearchStrategy[Plan]:
    """Draw plans of up to `most` rules; see `rules`."""
    return st.lists(rules(faults=faults, on=on, by=by), max_size=most).map(_plan)


def rules(
    *,
    faults: Collection[str] = BY_CHANCE,
    on: Collection[str] = ("*",),
    by: Collection[str] = ("*",),
) -> SearchStrategy[Rule]:
    """Draw rules: one of the `faults`, at operations that `on` names, of agents that `by` names."""
    _check(faults, on, by)
    return st.builds(
        _rule,
        st.sampled_from(tuple(faults)),
        st.sampled_from(tuple(on)),
        st.sampled_from(tuple(by)),
        st.integers(1, LATEST_CALL),
        st.integers(0, LONGEST_BURST),
        st.sampled_from(("after", "before")),
    )


def _rule(fault: str, on: str, by: str, first: int, more: int, moment: Moment) -> Rule:
    """Aim at a call, because what is aimed shrinks and is understood; an agent dies but once."""
    if fault in ON_THE_AGENT:
        return Rule(fault, on=on, by=by, nth=first, moment=moment)
    return Rule(fault, on=on, by=by, nth=(first, first + more) if more else first)


def _plan(drawn: list[Rule]) -> Plan:
    return Plan(tuple(drawn))


def _check(faults: Collection[str], on: Collection[str], by: Collection[str]) -> None:
    for name, given in (("faults", faults), ("on", on), ("by", by)):
        if isinstance(given, str) or not given:
            example = f"{name}=[{EXAMPLES[name]!r}]"
            raise UsageError(f"{name}={given!r}, but it is a list to draw from, as in {example}.")
    for fault in faults:
        if fault not in CATALOGUE:
            raise UsageError(f"There is no fault {fault!r}; there are {', '.join(CATALOGUE)}.")


EXAMPLES: Final = {"faults": "lost", "on": "POST*", "by": "worker-*"}
