"""A portion: some runs in a row of one program, and what they add up to, as text to be sent.

A run depends on the strategy's name, the seed and its number alone, but for
what a strategy learns from run 0. So whoever has played that one can play any
others, in another process or on another machine. What comes back names the
runs that showed something first, with their tapes; they are seen again, and
proved, by whoever puts the portions together.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pileup.choices import STREAMS, Strategy, Tape
from pileup.results import Run, Tally
from pileup.search.accounts.endless import Endless
from pileup.search.runs.coverage import Coverage
from pileup.search.runs.garbage import Tidy
from pileup.search.runs.runner import Runner
from pileup.sim.runtimes import make_runtime
from pileup.strategies import Dull

PROVED = 2
"""So many runs at the beginning are seen again even when clean, as any exploration does."""


class Mode(NamedTuple):
    """What a runner has found out about its program: the loop that it needs, whether it blocks."""

    backend: str
    blocking: bool

    @classmethod
    def of(cls, runner: Runner) -> Mode:
        """Say what a runner knows."""
        return cls(runner.runtime.name, runner.blocking)

    def impress(self, runner: Runner) -> None:
        """Let a runner know it as well."""
        runner.blocking = self.blocking
        if runner.runtime.name != self.backend:
            runner.runtime.close()
            runner.runtime = make_runtime(self.backend)


def kinds_in(run: Run) -> list[str]:
    """Return the kinds of what a run shows, each once."""
    return list(dict.fromkeys([finding.kind for finding in run.findings]))


@dataclass(frozen=True)
class First:
    """A run that showed something which none before it in its portion had shown."""

    run: int
    strategy: str
    marks: tuple[str, ...]
    tape: Tape
    digest: str
    mode: Mode


@dataclass
class Portion:
    """What the runs from `begin` up to `end` add up to; `failed` is what run `end` raised."""

    begin: int
    end: int
    began: Mode
    mode: Mode
    steps: int = 0
    tallies: list[Tally] = field(default_factory=list)
    firsts: list[First] = field(default_factory=list)
    times: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    contended: bool = False
    touched: list[str] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    """Runs after which the strategy claimed something else than before."""
    failed: str = ""
    endless: list[tuple[int, int]] = field(default_factory=list)
    """Runs that did not end within their budget, and what each has cost."""

    def note(self, run: Run, first: First) -> None:
        """Count a run."""
        self.end = first.run + 1
        self.mode = first.mode
        self.steps += run.steps
        before = self.tallies or [Tally(0, 0)] * len(run.faults)
        if run.faults:
            pairs = zip(before, run.faults, strict=True)
            self.tallies = [Tally(a.met + b.met, a.struck + b.struck) for a, b in pairs]
        if first.run < PROVED or any(mark not in self.times for mark in first.marks):
            self.firsts.append(first)
        self.times.update(first.marks)
        self.kinds.update(kinds_in(run))

    def to_json(self) -> str:
        """Write it as one line."""
        page = dict(vars(self))
        page["firsts"] = [_first_page(each) for each in self.firsts]
        return json.dumps(page, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Portion:
        """Read what `to_json` wrote; ValueError, KeyError or TypeError if it is something else."""
        page = json.loads(text)
        page["firsts"] = [_first(each) for each in page["firsts"]]
        page["tallies"] = [Tally(*each) for each in page["tallies"]]
        page["endless"] = [(run, cost) for run, cost in page["endless"]]
        for name in ("began", "mode"):
            page[name] = Mode(*page[name])
        for name in ("times", "kinds", "orders", "outcomes"):
            page[name] = Counter(page[name])
        return cls(**page)


def _first_page(first: First) -> dict[str, object]:
    tape = {name: first.tape.stream(name) for name in STREAMS}
    return {
        "run": first.run,
        "strategy": first.strategy,
        "marks": first.marks,
        "tape": tape,
        "digest": first.digest,
        "mode": first.mode,
    }


def _first(page: dict[str, Any]) -> First:  # Any: JSON, of our own making
    choices = page.pop("tape")
    schedule, faults, data = (tuple(choices[name]) for name in STREAMS)
    tape = Tape(schedule, faults, data)
    marks, mode = tuple(page.pop("marks")), Mode(*page.pop("mode"))
    return First(**page, marks=marks, mode=mode, tape=tape)


class Sights(Coverage):
    """A coverage that can be put together with those of other workers."""

    def tell(self, portion: Portion) -> None:
        """Write down what was seen."""
        portion.looks, portion.contended = self.looks, self.contended
        portion.orders, portion.outcomes = self._orders, self._outcomes
        portion.touched = list(self.touched)

    def add(self, portion: Portion) -> None:
        """Take in what was seen in the runs that come next."""
        self.looks += portion.looks
        self._orders.update(portion.orders)
        self._outcomes.update(portion.outcomes)
        if portion.looks and not self.contended:
            self.contended = portion.contended
            self.touched = dict.fromkeys(portion.touched)


def _nothing() -> None:
    pass


class Player:
    """Plays portions, one after another, and keeps in mind what its strategy has learned."""

    def __init__(
        self, runner: Runner, strategy: Strategy, tidy: Tidy, *, learned: bool = False
    ) -> None:
        self._learned = learned
        self._runner = runner
        self._strategy = strategy
        self._tidy = tidy
        self._told: list[int] = []
        self._said = self._claim()

    def play(
        self, begin: int, end: int, mode: Mode, before_each: Callable[[], object] = _nothing
    ) -> Portion:
        """Play these runs, up to the first that raises or one too many that does not end."""
        portion, sights = Portion(begin, begin, mode, mode), Sights()
        endless = Endless(self._runner.conditions.budgets)
        try:
            self._learn()
            mode.impress(self._runner)
            self._runner.coverage = sights
            for number in range(begin, end):
                before_each()
                self._tidy(number)
                run = self._runner.run(self._strategy, number)
                endless.note(run, number)
                self._tidy.after(run.steps)
                self._note(portion, run, number)
                if endless.is_enough:
                    break
        except BaseException as error:  # whatever it is, it comes again where it is asked for
            portion.failed = f"{type(error).__name__}: {error}"
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            self._runner.coverage = None
        sights.tell(portion)
        portion.endless = endless.costs
        portion.told = self._told[:]
        return portion

    def _learn(self) -> None:
        """Play run 0 for its lesson, as one has to who begins elsewhere."""
        if not self._learned:
            known = Mode.of(self._runner)
            self._runner.run(Dull(), 0)  # it may do what is done once in a process
            known.impress(self._runner)
            self._runner.run(self._strategy, 0)
            self._said = self._claim()
            self._learned = True

    def _note(self, portion: Portion, run: Run, number: int) -> None:
        marks = tuple(dict.fromkeys(finding.fingerprint for finding in run.findings))
        new = number < PROVED or any(mark not in portion.times for mark in marks)
        digest = run.history.digest if new else ""
        mode = Mode.of(self._runner)
        portion.note(run, First(number, self._strategy.name, marks, run.tape, digest, mode))
        said = self._claim()
        if said != self._said:
            self._said = said
            self._told.append(number)

    def _claim(self) -> str:
        claim = getattr(self._strategy, "claim", None)
        return "" if claim is None else str(claim(PROVED))
