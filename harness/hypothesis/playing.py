"""A single run as drawn: played, judged, and seen again where it has to be proved."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Final, NoReturn

from hypothesis.strategies import DataObject

import pileup
from pileup.choices import Strategy
from pileup.errors import UsageError
from pileup.results import Run, kinds
from pileup.strategies import Dull


class Found(AssertionError):
    """Something was found. Each kind has a type of its own, so Hypothesis keeps them apart."""


@dataclass(frozen=True)
class Played(Run):
    """A run, and a way to fail with its story if it shows anything."""

    def assert_clean(self, ignore: Collection[str] = ()) -> None:
        """Raise with the whole story if anything but the ignored kinds was found."""
        __tracebackhide__ = True
        with untraced():
            ignored = kinds(ignore)
            for finding in self.findings:
                if finding.kind not in ignored:
                    raise _type_of(finding.kind)(f"{self}\n")


AGAIN: Final = """

replay: pileup.replay("{}", ...)
        with the same agents, setup and check"""


@lru_cache
def _type_of(kind: str) -> type[Found]:
    """Make the type of a kind's failures: Hypothesis takes failures of one type for one bug."""
    name = "".join(word.capitalize() for word in kind.split("_"))
    return type(name, (Found,), {"__module__": __package__, "__doc__": f"A {kind} was found."})


def play(
    scenario: pileup.Scenario, strategy: Strategy, *, prove: bool, again: bool = True
) -> Played:
    """Run once as the strategy says; what is found is proved by seeing it again.

    The story says how to see it `again`, unless that takes more than its token.
    """
    from pileup.search.runs.garbage import resting_collector
    from pileup.sim.world import controlled

    explorer = scenario.explorer()
    with untraced(), nothing_drawn(), resting_collector(), controlled(scenario.budgets):
        try:
            run = explorer.run(strategy, 0)
            if prove or run.findings:
                run = explorer.certain(run, partial(explorer.run, strategy, 0))
        finally:
            explorer.runtime.close()
    if run.token:
        run = replace(run, render=partial(_told, again=again))
    return Played(**{each.name: getattr(run, each.name) for each in fields(Run)})


@lru_cache
def warm_up() -> None:
    """Import what runs need and make one, or the first example would be the slowest by far.

    Hypothesis would hold that against its deadline, and find the test flaky.
    """
    parts = ["bus", "database", "http", "model", *(["cache"] if find_spec("fakeredis") else [])]
    for part in parts:
        import_module(f"pileup.fakes.{part}")
    play(pileup.Scenario(_idle), Dull(), prove=True)


async def _idle() -> None:
    """Do nothing."""


def _told(run: Run, *, again: bool) -> str:
    """Tell what happened, and how to see it again."""
    from pileup.reports.text import render_run

    return render_run(run) + (AGAIN.format(run.token) if again else "")


@contextmanager
def untraced() -> Iterator[None]:
    """Rest Hypothesis' tracer, which looks for the lines that only failing examples run.

    It makes a run ten times as long, and finds lines of ours. Any other tracer stays.
    """
    tracer = sys.gettrace()
    if type(getattr(tracer, "__self__", None)).__module__ != TRACERS:
        yield
        return
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


TRACERS: Final = "hypothesis.internal.scrutineer"


@contextmanager
def nothing_drawn() -> Iterator[None]:
    """Refuse `data.draw` while a run is on: seen again, the run would get something else."""
    before = DataObject.draw
    DataObject.draw = _refuse  # type: ignore[method-assign] # put back below
    try:
        yield
    finally:
        DataObject.draw = before  # type: ignore[method-assign] # as it was


def _refuse(*_: object, **__: object) -> NoReturn:
    raise UsageError(
        "`data.draw` was called while a run was on. A run is made more than once, so what it "
        "depends on has to be drawn before. Draw it first, and hand it over: as a value of the "
        "world in `setup`, or with `teams(work=...)`."
    )
