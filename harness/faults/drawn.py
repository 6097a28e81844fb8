"""Fault plans drawn by Hypothesis, which then leaves away each rule that a failure does not need.

    @given(plans(on=["POST*", "*database*"]))
    def test_orders(plan):
        pileup.explore(order, faults=plan, ...).assert_clean()

Plain plans come first when they shrink: fewer rules, each at the first call,
with the fault that stands first in `faults`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from hypothesis.vendor.pretty import RepresentationPrinter, for_type_by_name

from pileup.errors import UsageError
from pileup.faults.catalogue import CATALOGUE
from pileup.faults.profiles import PROFILES
from pileup.faults.rules import Moment, Plan, Rule

T = TypeVar("T")

TELLING: Final = ("lost", "timeout", "reset", "crash", "duplicated", "stale")
"""What shows most of what is wrong with agents: half of the rules are of these."""

ON_THE_AGENT: Final = frozenset(name for name, kind in CATALOGUE.items() if kind.side == "agent")
BY_CHANCE: Final = tuple(
    name for name in CATALOGUE if name in {rule.fault for rule in PROFILES["3am"].rules}
)
"""What can befall anybody; a full disk and missing rights are asked for by name."""
CALLS: Final = tuple(
    call for last in (2, 5, 12) for call in range(1, last + 1) for _ in range(60 // last)
)
"""Calls up to each of these, alike often, because most of what is wrong is so at once."""
BURSTS: Final = (*(0 for _ in range(9)), *range(1, 9))
"""How many more calls are befallen: none, half of the time."""
MOMENTS: Final[tuple[Moment, ...]] = ("after", "before")


def plans(
    *,
    faults: Collection[str] = BY_CHANCE,
    on: Collection[str] = ("*",),
    by: Collection[str] = ("*",),
    most: int = 3,
) -> SearchStrategy[Plan]:
    """Draw plans of up to `most` rules; see `rules`."""
    return _plans(st.lists(rules(faults=faults, on=on, by=by), max_size=most))


def rules(
    *,
    faults: Collection[str] = BY_CHANCE,
    on: Collection[str] = ("*",),
    by: Collection[str] = ("*",),
) -> SearchStrategy[Rule]:
    """Draw rules: one of the `faults`, at operations that `on` names, of agents that `by` names."""
    _check(faults, on, by)
    telling = (*TELLING * (len(BY_CHANCE) // len(TELLING)),) if faults is BY_CHANCE else ()
    return _rules(
        _one_of((*telling, *faults)),
        _one_of(tuple(on)),
        _one_of(tuple(by)),
        _one_of(CALLS),
        _one_of(BURSTS),
        _one_of(MOMENTS),
    )


def _one_of(options: tuple[T, ...]) -> SearchStrategy[T]:
    """Draw at most one number, because Hypothesis leaves away five numbers in a row and no more."""
    return st.just(options[0]) if len(options) == 1 else st.sampled_from(options)


# Composites, because Hypothesis prints what they return, and of all others how they were drawn.


@st.composite
def _plans(draw: st.DrawFn, drawn: SearchStrategy[list[Rule]]) -> Plan:
    return Plan(tuple(draw(drawn)))


@st.composite
def _rules(
    draw: st.DrawFn,
    faults: SearchStrategy[str],
    on: SearchStrategy[str],
    by: SearchStrategy[str],
    calls: SearchStrategy[int],
    more: SearchStrategy[int],
    moments: SearchStrategy[Moment],
) -> Rule:
    return _rule(draw(faults), draw(on), draw(by), draw(calls), draw(more), draw(moments))


def _rule(fault: str, on: str, by: str, first: int, more: int, moment: Moment) -> Rule:
    """Aim at a call, because what is aimed shrinks and is understood; an agent dies but once."""
    if fault in ON_THE_AGENT:
        return Rule(fault, on=on, by=by, nth=first, moment=moment)
    return Rule(fault, on=on, by=by, nth=(first, first + more) if more else first)


def _print_rule(rule: Rule, printer: RepresentationPrinter, _cycle: bool) -> None:
    """Print a rule as the code that makes it again, without what is as usual."""
    unusual = [each for each in fields(Rule)[1:] if getattr(rule, each.name) != each.default]
    told = [f"{each.name}={getattr(rule, each.name)!r}" for each in unusual]
    printer.text(f"Rule({', '.join([repr(rule.fault), *told])})")


def _print_plan(plan: Plan, printer: RepresentationPrinter, _cycle: bool) -> None:
    printer.text("Plan(")
    if plan.rules:
        printer.pretty(plan.rules)
    printer.text(")")


for_type_by_name(Rule.__module__, Rule.__name__, _print_rule)
for_type_by_name(Plan.__module__, Plan.__name__, _print_plan)


def _check(faults: Collection[str], on: Collection[str], by: Collection[str]) -> None:
    for name, given in (("faults", faults), ("on", on), ("by", by)):
        if isinstance(given, str) or not given:
            example = f"{name}=[{EXAMPLES[name]!r}]"
            raise UsageError(f"{name}={given!r}, but it is a list to draw from, as in {example}.")
    for fault in faults:
        if fault not in CATALOGUE:
            raise UsageError(f"There is no fault {fault!r}; there are {', '.join(CATALOGUE)}.")


EXAMPLES: Final = {"faults": "lost", "on": "POST*", "by": "worker-*"}
