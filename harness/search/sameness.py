"""A program that is run twice with the same choices does the same: the promise, and its breach."""

from __future__ import annotations

from itertools import zip_longest

from pileup.errors import NotDeterministic
from pileup.history import History
from pileup.results import Run


def expect_same(run: Run, again: Run) -> None:
    """Refuse a program whose second run is another one, or leads to other findings."""
    if again.history.digest != run.history.digest:
        raise NotDeterministic(_difference(run.history, again.history))
    if _marks(again) != _marks(run):
        raise NotDeterministic(
            "The same history led to other findings: first "
            f"{_titles(run)}, then {_titles(again)}. Probably the check goes by something that "
            "is not in the shared world and outlives a run. See docs/determinism.md."
        )


def _marks(run: Run) -> list[str]:
    return [finding.fingerprint for finding in run.findings]


def _titles(run: Run) -> str:
    return ", ".join(finding.title for finding in run.findings) or "none"


def _difference(one: History, other: History) -> str:
    for step, (expected, got) in enumerate(zip_longest(one.lines(), other.lines()), -1):
        if expected != got:
            return (
                f"The same choices led to two different runs. They part at event {step}:\n"
                f"  first time:  {expected or 'nothing more'}\n"
                f"  second time: {got or 'nothing more'}\n"
                "Probably something outlives a run (a module global, a class attribute, a cache) "
                "or differs each time (the order of a set, id(), a real clock or random source "
                "that pileup does not see). docs/determinism.md lists what is known to do this "
                "and what to write instead."
            )
    return "The same choices led to two different runs."
