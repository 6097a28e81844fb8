"""What runs and a search come to, as the plain figures of `extra_info`.

The same on every machine, because nothing in them is measured: they are
counted, or are virtual time. So a test may hold one to a bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple, TypeAlias

from pileup.detectors.attempts import LATE, Attempt, attempts, loop_of
from pileup.detectors.case import Case
from pileup.fakes.model import Model
from pileup.results import Exploration, Run

Figure: TypeAlias = "float | str | dict[str, int] | None"

DIGITS: Final = 9
THOUSAND: Final = 1_000


class Look(NamedTuple):
    """What is kept of one run, which is freed."""

    seconds: float
    steps: int
    operations: int
    completed: bool
    requests: int
    repeats: int
    models: int
    model_calls: int
    tokens: int
    dollars: float


def look(run: Run) -> Look:
    """Count what one run has done."""
    usages = [model.usage.total for model in _models(run.world)]
    case = Case(run.history)
    tops = [who.name for who in run.history.agents if who.session and who.parent is None]
    return Look(
        seconds=run.seconds,
        steps=run.steps,
        operations=len(run.history),
        completed=all(name in run.results for name in tops),
        requests=sum(_is_request(case, number) for number in case.noted),
        repeats=sum(1 for _ in _repeats(case)),
        models=len(usages),
        model_calls=sum(usage.calls for usage in usages),
        tokens=sum(usage.tokens for usage in usages),
        dollars=sum(usage.cost for usage in usages),
    )


def _models(world: object) -> list[Model]:
    """Return the models of a world: its own, or the world itself."""
    parts = [world, *getattr(world, "__dict__", {}).values()]
    return [each for each in parts if isinstance(each, Model)]


def _is_request(case: Case, number: int) -> bool:
    """Whether an agent calls a service (HTTP, a model, a bus) there; no late effect of a call."""
    name, *_, note = case.rows[number]
    return note is not None and note.intent is not None and not name.startswith(LATE)


def _repeats(case: Case) -> Iterator[Attempt]:
    """Return the requests that a loop made again because an earlier one had failed."""
    failed: dict[str, list[Attempt]] = {}
    for each in attempts(case):
        if not _is_request(case, each.number):
            continue
        open_ones = failed.setdefault(each.about, [])
        earlier = next((one for one in reversed(open_ones) if loop_of(one, each) is not None), None)
        if earlier is not None:
            open_ones.remove(earlier)
            yield each
        if each.failed:
            open_ones.append(each)


def figures(looks: Sequence[Look]) -> dict[str, Figure]:
    """Sum up the runs that are timed."""
    seconds = sorted(each.seconds for each in looks)
    requests, repeats = sum(each.requests for each in looks), sum(each.repeats for each in looks)
    models = any(each.models for each in looks)
    return {
        "completed": _mean([each.completed for each in looks]),
        "virtual_seconds_p50": _percentile(seconds, 0.5),
        "virtual_seconds_p95": _percentile(seconds, 0.95),
        "virtual_seconds_mean": _mean(seconds),
        "steps_per_run": _mean([each.steps for each in looks]),
        "operations_per_run": _mean([each.operations for each in looks]),
        "attempts_per_call": _rounded(requests / (requests - repeats)) if requests else None,
        "model_calls_per_run": _mean([each.model_calls for each in looks]) if models else None,
        "tokens_per_run": _mean([each.tokens for each in looks]) if models else None,
        "dollars_per_run": _mean([each.dollars for each in looks]) if models else None,
    }


def verdict(found: Exploration) -> dict[str, Figure]:
    """Sum up what the search has found."""
    times = sum(each.times for each in found.stats.sightings.values())
    return {
        "findings": len(found.findings),
        "kinds": dict(sorted(Counter(each.kind for each in found.findings).items())),
        "findings_per_1000_runs": _rounded(THOUSAND * times / found.runs),
    }


def _mean(values: Sequence[float]) -> float:
    return _rounded(sum(values) / len(values))


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that so many are not above."""
    return _rounded(ordered[ceil(share * len(ordered)) - 1])


def _rounded(value: float) -> float:
    return round(value, DIGITS)
