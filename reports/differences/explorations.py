"""Two reports of explorations compared: finding by finding, by how many runs show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from pileup.errors import UsageError
from pileup.findings import Finding
from pileup.reports.data import Told
from pileup.reports.differences.chance import by_counts
from pileup.reports.differences.model import Count, Difference, Differences, Trend
from pileup.reports.differences.pairs import by_name, told, unpaired
from pileup.results import Exploration
from pileup.tokens import Ticket, decode

BY_OURSELVES = ("saved", "replay")
"""Who has not met a finding in one of the runs, but shown it on purpose."""


def compare(before: Sequence[Told], after: Sequence[Told]) -> Differences:
    """Say what differs by more than chance, finding by finding."""
    old = by_name((each.name, each.exploration) for each in before)
    new = by_name((each.name, each.exploration) for each in after)
    rest = unpaired(old, new)
    both = [name for name in new if name in old]
    looked_at = [each for name in both for each in _pairs(name, old[name], new[name])]
    warnings = tuple(each for name in both for each in _warnings(name, old[name], new[name]))
    return told(looked_at, Differences((), 0, rest.only_before, rest.only_after, warnings))


def _pairs(name: str, old: Exploration, new: Exploration) -> Iterator[Difference]:
    findings = {each.fingerprint: each for each in (*old.findings, *new.findings)}
    for mark, finding in findings.items():
        before, after = _count(old, mark), _count(new, mark)
        yield Difference(
            trend=trend(before.times / before.runs, after.times / after.runs),
            program=name,
            what=finding.kind,
            before=before,
            after=after,
            chance=_chance(old, new, before, after),
            title=finding.title,
            severity=finding.severity,
            fingerprint=mark,
            token=finding.replay or _shown(new if after.times else old, finding),
        )


def trend(before: float, after: float) -> Trend:
    """Call a change of how often something goes wrong."""
    if after > before:
        return "worse" if before else "new"
    return "better" if after else "fixed"


def _count(found: Exploration, mark: str) -> Count:
    seen = found.stats.sightings.get(mark)
    met = seen is not None and seen.strategy not in BY_OURSELVES
    times = seen.times if seen is not None and met else 0
    return Count(min(times, found.runs), found.runs)  # because a report may come from anywhere


def _chance(old: Exploration, new: Exploration, before: Count, after: Count) -> float:
    """Say how likely it is chance; of orders that were not drawn, only who tried all knows."""
    if (old.exhausted and not before.times) or (new.exhausted and not after.times):
        return 0.0 if before.times or after.times else 1.0
    if not (old.drawn and new.drawn):
        return 1.0
    return by_counts(before.times, before.runs, after.times, after.runs)


def _shown(found: Exploration, finding: Finding) -> str:
    shown = found.counterexample
    if shown is None or all(each.fingerprint != finding.fingerprint for each in shown.findings):
        return ""
    return shown.token


# What makes them less alike ------------------------------------------------------------------


def _warnings(name: str, old: Exploration, new: Exploration) -> Iterator[str]:
    then, now = list(old.stats.faults), list(new.stats.faults)
    if then != now:
        yield f"{name}: the fault rules differ: {_listed(then)} before, {_listed(now)} after."
    for what, one, other in _terms(old, new):
        if one != other:
            yield f"{name}: {what} differs: {one} before, {other} after."
    if not (old.drawn and new.drawn):
        yield f"{name}: its orders were not drawn at random, so how often says nothing here."


def _terms(old: Exploration, new: Exploration) -> Iterator[tuple[str, object, object]]:
    yield "the event loop", old.stats.backend, new.stats.backend
    then, now = _ticket(old), _ticket(new)
    if then is not None and now is not None:
        yield "the number of agents", then.agents, now.agents
        yield "whether calls take time", then.timed, now.timed


def _ticket(found: Exploration) -> Ticket | None:
    shown = found.counterexample
    with suppress(UsageError):
        return None if shown is None else decode(shown.token)
    return None


def _listed(rules: Sequence[str]) -> str:
    return ", ".join(rules) or "none"
