"""All detectors: ours, and those that users add."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias, TypeVar

from pileup.detectors.budgets import budget_overruns
from pileup.detectors.case import Case
from pileup.detectors.contamination import contamination
from pileup.detectors.cycles import cycles
from pileup.detectors.duplicate_effect import duplicate_effects
from pileup.detectors.glance import (
    Sign,
    always,
    noted,
    of,
    of_asking,
    of_refusals,
    of_the_given_up,
    of_units,
)
from pileup.detectors.leases import stolen_leases
from pileup.detectors.locks import orphaned_locks
from pileup.detectors.loops import endless_loops
from pileup.detectors.lost_work import lost_work
from pileup.detectors.lost_write import lost_writes
from pileup.detectors.progress import no_progress
from pileup.detectors.recovery import no_recovery
from pileup.detectors.retry_amplification import retry_amplification
from pileup.detectors.session_leak import session_leaks
from pileup.detectors.silent_partial import silent_partials
from pileup.detectors.storms import rate_limit_storms
from pileup.detectors.taxonomy import KINDS
from pileup.detectors.torn import torn_reads, torn_writes
from pileup.detectors.zombies import zombie_writes
from pileup.errors import UsageError
from pileup.findings import Finding
from pileup.history import History

Detector: TypeAlias = Callable[[History], Iterable[Finding]]
"""What a user writes."""

D = TypeVar("D", bound=Detector)


class Ours(NamedTuple):
    """One of our detectors, and the sign without which it finds nothing."""

    find: Callable[[Case], Iterable[Finding]]
    sign: Sign


DETECTORS: Final = (
    Ours(lost_writes, always),
    Ours(cycles, of_units),
    Ours(duplicate_effects, of("effect")),
    Ours(retry_amplification, of("path")),
    Ours(torn_reads, of("part")),
    Ours(torn_writes, of("part")),
    Ours(orphaned_locks, of_asking),
    Ours(rate_limit_storms, of("refused")),
    Ours(no_recovery, noted),
    Ours(stolen_leases, of("lease")),
    Ours(zombie_writes, of_the_given_up),
    Ours(lost_work, of("message")),
    Ours(session_leaks, of("sent", "got")),
    Ours(contamination, of("faulty")),
    Ours(endless_loops, noted),
    Ours(no_progress, of_refusals),
    Ours(silent_partials, of("partial")),
    Ours(budget_overruns, of("caps")),
)
"""Ours, which look at a case: the history with what several of them need to know of it."""

_added: dict[str, Detector] = {}


def has_own() -> bool:
    """Whether somebody has registered a detector, whose kinds nobody knows beforehand."""
    return bool(_added)


def detector(function: D) -> D:
    """Register a detector of your own: a function that takes a `History` and yields findings."""
    name = getattr(function, "__name__", None)
    if name is None:
        raise UsageError(
            f"A detector is a function of a history; {function!r} was given. Write "
            "@pileup.detector above `def my_detector(history): ...`."
        )
    known = _added.get(name)
    if known is not None and _home(known) != _home(function):
        raise UsageError(
            f"There are two detectors called {name!r}: {_home(known)} and {_home(function)}. "
            "Rename one, because findings are told apart by name."
        )
    _added[name] = function
    return function


def _home(function: Detector) -> str:
    return f"{function.__module__}.{getattr(function, '__qualname__', '?')}"


def detect(history: History, excused: Callable[[], bool | None] | None = None) -> list[Finding]:
    """Return what is wrong in a history, each thing once, worst first and without its shadows.

    `excused` says whether all of this run came out as it does in some order of
    the agents one after another (None: that cannot be known). It is asked only
    where nothing else can tell harm from chance, because the answer may take
    many runs.
    """
    case = Case(history, excused)
    found: dict[str, Finding] = {}
    for ours in DETECTORS:
        if ours.sign(case.glance):
            for finding in ours.find(case):
                found.setdefault(finding.fingerprint, finding)
    for theirs in _added.values():
        for finding in _asked(theirs, history):
            found.setdefault(finding.fingerprint, finding)
    if not found:
        return []
    return sorted(without_shadows(list(found.values())), key=lambda finding: finding.rank)


def _asked(function: Detector, history: History) -> Iterator[Finding]:
    """Ask a user's detector, and refuse what is no finding."""
    for finding in function(history) or ():
        if not isinstance(finding, Finding):
            raise UsageError(
                f"The detector {_home(function)} gave {finding!r}, which is no finding. Yield "
                "pileup.Finding(kind=..., severity=..., title=..., explanation=...)."
            )
        yield finding


def without_shadows(found: list[Finding]) -> list[Finding]:
    """Leave out what is nothing but another finding seen again."""
    return [each for each in found if not any(_casts(other, each) for other in found)]


def _casts(worse: Finding, shadow: Finding) -> bool:
    """Whether one finding is nothing but another one seen again: of the same events."""
    kind = KINDS.get(worse.kind)
    if kind is None or shadow.kind not in kind.implies:
        return False
    return not set(worse.evidence).isdisjoint(shadow.evidence)
