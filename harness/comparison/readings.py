"""How to read what an experiment came to: what was measured, whether it agrees, and why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from pileup.comparison.figures import mean, quantile_over_runs, share_over_runs
from pileup.comparison.jobs import Done

if TYPE_CHECKING:
    from pileup.scenarios.documents.measures import Measured

Found = tuple[str, bool, str]
"""What was measured, whether it agrees, and why it does not."""

TRIES_MULTIPLIED: Final = 27
DUPLICATES: Final = 40_000
INSTANCES: Final = 100
DAYS_OF_THE_STORY: Final = 14
BUSY_DAY: Final = 1000
"""Documents of an agent: about one in a minute, as one takes ten seconds here."""

SAID_ALONE, SAID_P95 = 0.963, 12.0
SAID_THREE, SAID_ONE, SAID_VOTES = 0.991, 0.947, 0.992
SAID_TIMES: Final = 3.2
NEAR: Final = 0.1
"""So much a multiple may differ from what is said, where that has one digit after the point."""

OVERHEAD: Final = 10
LOOPS_AT: Final = 40
SAID_LOOP: Final = 40.0
SAID_TASK: Final = 0.12


def _per_document(done: Done, pick: Callable[[Measured], float]) -> float:
    return sum(map(pick, done.measured)) / sum(run.documents for run in done.measured)


def _times(done: Done, base: Done, pick: Callable[[Measured], float]) -> float:
    return _per_document(done, pick) / _per_document(base, pick)


def _dollars(run: Measured) -> float:
    return run.dollars


def _is_about(measured: float, said: float) -> bool:
    """Whether a figure is what a round one says, which is good for a factor of two."""
    return said / 2 <= measured <= said * 2


def _percent(part: float) -> str:
    return f"{100 * part:.3g}%"


def amplified(silence: Done) -> Found:
    """Say how often the model was asked for the one thing that a document asks first."""
    # Each document asks one thing of the model first, and gets no further.
    calls = silence.measured[0].calls
    return f"{calls} calls", calls == TRIES_MULTIPLIED, "the layers differ"


def duplicates(crowd: Done) -> Found:
    """Say how many duplicates there are, and how soon they are as many as in the story."""
    each = _per_document(crowd, lambda run: run.duplicates)
    if not each:
        return "no duplicates", False, "nobody did anything twice"
    daily = DUPLICATES / each / INSTANCES / DAYS_OF_THE_STORY
    said = f"{each:.2g} for each document, so {DUPLICATES:,} in two weeks"
    return (
        f"{said} at {daily:.0f} documents a day for each agent",
        daily <= BUSY_DAY,
        "no agent does so many documents in a day",
    )


def supervisor(day: Done) -> Found:
    """Say how many a supervisor settles without a human, for how much, how soon."""
    alone = share_over_runs([(run.alone, run.documents) for run in day.measured])
    p95 = quantile_over_runs([run.seconds for run in day.measured], 0.95)
    assert p95 is not None
    dollars = mean([run.dollars / run.documents for run in day.measured])
    return (
        f"{_percent(alone.value)} alone, ${dollars.value:.4f}, p95 {p95.value:.0f} s",
        alone.low <= SAID_ALONE <= alone.high and p95.low <= SAID_P95 <= p95.high,
        "our documents are a few lines long, and what goes wrong is tried again until it is right",
    )


def debate(debate: Done, single: Done) -> Found:
    """Say how many three views judge rightly, and how many one does."""
    three, one = (
        share_over_runs([(run.judged, run.documents) for run in each.measured])
        for each in (debate, single)
    )
    cost = _times(debate, single, _dollars)
    is_right = three.low <= SAID_THREE <= three.high and one.low <= SAID_ONE <= one.high
    return (
        f"{_percent(three.value)} against {_percent(one.value)}, at {cost:.1f}x the cost",
        is_right and abs(cost / SAID_TIMES - 1) <= NEAR,
        "it depends on what else each asks the model" if is_right else "three err alike here",
    )


def votes() -> Found:
    """Say how many a majority of three gets right, if each errs by itself."""
    right = 1 - sum(_wrong_votes())
    return _percent(right), round(right, 3) == SAID_VOTES, ""


def _wrong_votes() -> Iterator[float]:
    """Return how likely two and three of three are wrong, if each is by itself."""
    wrong = 1 - SAID_ONE
    yield 3 * wrong**2 * (1 - wrong)
    yield wrong**3


def costs(low: float, high: float, why: str) -> Callable[[Done, Done], Found]:
    """Say what it costs, in multiples of the single agent."""

    def read(day: Done, base: Done) -> Found:
        cost = _times(day, base, _dollars)
        said = f"{cost:.2f}x"
        return said, low <= cost <= high, why

    return read


def coordination(swarm: Done, single: Done) -> Found:
    """Say how much more a swarm has to do than a single agent."""
    more = _times(swarm, single, lambda run: run.turns)
    return (
        f"{more:.1f}x with 50 agents",
        _is_about(more, OVERHEAD),
        "it grows with the number of agents, and theirs is not said",
    )


def peers(few: Done, many: Done, single: Done) -> Found:
    """Say how much more equals have to do than a single agent."""
    more = [_times(each, single, lambda run: run.turns) for each in (few, many)]
    return (
        f"{more[0]:.1f}x with 5, {more[1]:.1f}x with 10",
        _is_about(more[0], OVERHEAD),
        "it grows with each of them",
    )


def _saves(after: Done, before: Done, low: float, high: float, why: str) -> Found:
    saved = 1 - _times(after, before, _dollars)
    return _percent(saved), low <= saved <= high, why


def routing(after: Done, before: Done) -> Found:
    """Say what is saved where easy questions go to a cheaper model."""
    return _saves(after, before, 0.4, 0.6, "two of three calls here are easy, more than usual")


def caching(after: Done, before: Done) -> Found:
    """Say what is saved where nothing is asked twice."""
    return _saves(after, before, 0.2, 0.4, "only one of three calls here is ever asked again")


def chaining(day: Done) -> Found:
    """Say how often the model is asked by who calls tools until it is done."""
    calls = _per_document(day, lambda run: run.model_calls)
    dollars = _per_document(day, _dollars)
    return (
        f"{calls:.0f} calls and ${dollars:.2f} for each document",
        calls >= LOOPS_AT and _is_about(dollars, SAID_LOOP),
        "it loops as is told, but with prompts of a few hundred tokens, which cost little",
    )


def stampede(day: Done) -> Found:
    """Say how often the quota refuses."""
    refused = _per_document(day, lambda run: run.refused)
    return f"{refused:.1f} refusals for each of 50", refused >= 1, "the quota was enough"


def priced() -> Found:
    """Say what ten long calls cost by the price list."""
    from pileup.fakes.model import PRICES

    dollars = PRICES["sonnet"].of(10 * 4000, 0)
    return f"${dollars:.2f}", round(dollars, 2) == SAID_TASK, ""
