"""A campaign: an exploration by several workers, for some time, or in several sittings.

The runs are cut into portions, which others play in whatever order, and which
are put together in the order of the runs. So the result does not depend on who
played what: it is the one that a plain exploration of so many runs has. What
was found first is seen again here, and proved, and shrunk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Final

from pileup.choices import Strategy
from pileup.errors import NotDeterministic, UsageError
from pileup.results import Exploration, Run
from pileup.search.accounts.endless import Endless
from pileup.search.accounts.ledger import Ledger
from pileup.search.accounts.portions import PROVED, First, Mode, Player, Portion, Sights
from pileup.search.accounts.progress import Teller, Watcher, expect_watcher
from pileup.search.accounts.stopping import Stop, real_seconds, stopping
from pileup.search.campaigns.crews import Crew, Recipe, recipe_for
from pileup.search.campaigns.diary import Diary
from pileup.search.campaigns.forked import Forked, can_fork
from pileup.search.campaigns.hired import Hired, Spawned
from pileup.search.campaigns.sharing import Sharing
from pileup.search.explorer import Explorer
from pileup.search.runs.garbage import resting_collector
from pileup.settings import whole
from pileup.sim.world import controlled
from pileup.strategies import Replay, make

MOST_WORKERS: Final = 1_000
LONG: Final = 0.25
"""How many seconds a portion should take: much longer than handing it out, and soon over."""

LONG_AWAY: Final = 2.0
"""The same for an executor's, each of which begins with a lesson."""


@dataclass(frozen=True)
class Terms:
    """By whom, for how long, where it is written down, and who watches."""

    workers: int = 1
    executor: Executor | None = None
    seconds: float | None = None
    resume: str | os.PathLike[str] | None = None
    shrink: bool = True
    progress: Watcher | None = None

    def __post_init__(self) -> None:
        whole("workers", self.workers, MOST_WORKERS)
        if self.executor is not None and not isinstance(self.executor, Executor):
            raise UsageError(
                f"`executor` must be a concurrent.futures.Executor; {self.executor!r} was given. "
                "A Dask client has one: client.get_executor()."
            )
        seconds = self.seconds
        timed = type(seconds) in (int, float) and 0 < (seconds or 0) < inf
        if seconds is not None and not timed:
            raise UsageError(
                f"`seconds` must be a number of real seconds above 0; {seconds!r} was given."
            )
        expect_watcher(self.progress)

    @property
    def hands(self) -> int:
        """How many portions are played at a time; an executor has two at least."""
        return self.workers if self.executor is None else max(self.workers, 2)

    @property
    def plain(self) -> bool:
        """Whether one worker does it all, in one sitting."""
        return self.workers == 1 and self.executor is None and self.resume is None

    def teller(self, runs: int) -> Teller | None:
        """Return who tells the watcher, if there is one."""
        if self.progress is None:
            return None
        return Teller(self.progress, runs if self.seconds is None else None)


def hold(
    explorer: Explorer, strategy: str | Strategy, seed: int, runs: int, terms: Terms
) -> Exploration:
    """Explore on these terms."""
    with stopping(terms.seconds) as stop:
        if terms.plain:
            found = explorer.explore(
                make(strategy, seed),
                runs,
                plain=terms.shrink,
                stop=stop,
                teller=terms.teller(runs),
            )
        else:
            recipe = recipe_for(explorer, strategy, seed)
            found = Campaign(explorer, recipe, runs, terms, stop).hold()
    if not stop.asked:
        return found
    said = f"Interrupted after {found.runs:,} runs: this is what had been found by then."
    return replace(found, warnings=(*found.warnings, said), interrupted=True)


class Campaign:
    """Hands out portions, and puts together what comes back."""

    def __init__(
        self, explorer: Explorer, recipe: Recipe, runs: int, terms: Terms, stop: Stop
    ) -> None:
        self._explorer = explorer
        self._recipe = recipe
        self._runs = runs
        self._terms = terms
        self._stop = stop
        self._strategy = make(recipe.strategy, recipe.seed)
        self._portions: list[Portion] = []
        self._endless = Endless(recipe.conditions.budgets)

    def hold(self) -> Exploration:
        """Play all, and sum up."""
        start = real_seconds()
        diary = self._open()
        pace = (real_seconds() - start) / PROVED
        teller = self._terms.teller(self._runs)
        sharing = Sharing(
            self._portions, self._runs, self._stop, diary.write, teller, endless=self._endless
        )
        if not sharing.is_over:
            long = LONG if self._terms.executor is None else LONG_AWAY
            with closing(self._crew()) as crew:
                sharing.share_out(crew, self._terms.hands, pace, long)
        return self._sum_up()

    # Playing -------------------------------------------------------------------------------

    def _open(self) -> Diary:
        """Play the first runs here, to know the program; go on from where a diary ends."""
        with self._at_work() as player:
            rehearsal = self._explorer.rehearse()
            first = player.play(0, min(PROVED, self._runs), Mode.of(self._explorer))
            for run in first.firsts[:1]:
                rehearsal.agrees(run.digest, run.marks)
        self._portions.append(first)
        diary = Diary(self._terms.resume if first.end == PROVED else None, self._title(first))
        if not first.failed:
            self._portions += diary.read()
        for portion in self._portions:
            self._endless.add(portion.endless)
        return diary

    @contextmanager
    def _at_work(self) -> Iterator[Player]:
        with resting_collector() as tidy, controlled(self._explorer.conditions.budgets):
            try:
                yield Player(self._explorer, self._strategy, tidy, learned=True)
            finally:
                self._explorer.runtime.close()

    def _title(self, first: Portion) -> dict[str, object]:
        recipe, conditions = self._recipe, self._recipe.conditions
        return {
            "program": recipe.program.name,
            "strategy": recipe.strategy,
            "seed": recipe.seed,
            "backend": conditions.backend,
            "budgets": repr(conditions.budgets),
            "allow_real": sorted(conditions.allow_real),
            "faults": conditions.faults.to_json(),
            "timed": conditions.timed,
            "the first runs": [each.digest for each in first.firsts],
        }

    def _crew(self) -> Crew:
        terms = self._terms
        if terms.executor is not None:
            return Hired(self._recipe, terms.executor, terms.hands)
        if can_fork():
            return Forked(self._recipe, terms.hands, self._strategy)
        return Spawned(self._recipe, terms.hands)

    @property
    def _made(self) -> int:
        return self._portions[-1].end

    @property
    def _mode(self) -> Mode:
        return self._portions[-1].mode

    # Summing up ----------------------------------------------------------------------------

    def _sum_up(self) -> Exploration:
        ledger, sights = Ledger(self._explorer.conditions.faults), Sights()
        with self._at_work():
            for portion in self._portions:
                sights.add(portion)
                for first in ledger.add(portion):
                    ledger.keep(self._prove(first))
            self._mode.impress(self._explorer)
            self._fail_again(self._portions[-1])
            self._live_through(ledger)
            if self._terms.shrink:
                ledger.shrink(lambda finding, run: self._explorer.shrunk(finding, run, self._stop))
        found = ledger.exploration(self._made, self._mode.backend)
        cut_short = self._endless.warning(self._made, self._runs)
        return self._explorer.weighed(found, self._strategy, sights, cut_short)

    def _prove(self, first: First) -> Run:
        """See a run again here that another process has seen, and once more to be sure."""
        first.mode.impress(self._explorer)
        again = partial(self._explorer.run, Replay(first.tape), 0, traced=True)
        run = again()
        marks = tuple(dict.fromkeys(finding.fingerprint for finding in run.findings))
        if (run.history.digest, marks) != (first.digest, first.marks):
            raise NotDeterministic(
                f"Run {first.run + 1} was another one in a worker than it is here, with the same "
                "choices. Probably something outlives a run in one of the processes, or differs "
                "between them (the order of a set, an environment variable, another version of "
                "the code). See docs/determinism.md."
            )
        return self._explorer.certain(run, again)

    def _fail_again(self, last: Portion) -> None:
        """Let what a run raised elsewhere be raised here, where it can be looked at."""
        if not last.failed:
            return
        self._explorer.run(self._strategy, last.end)
        raise NotDeterministic(
            f"Run {last.end + 1} raised this in a worker, and does not here: {last.failed}. "
            "Probably something outlives a run in one of the processes. See docs/determinism.md."
        )

    def _live_through(self, ledger: Ledger) -> None:
        """Let the strategy here see what it goes by when it says what clean runs are worth."""
        told = {number: None for portion in self._portions for number in portion.told}
        for number in sorted(told):
            if PROVED <= number < self._made:
                self._explorer.run(self._strategy, number, traced=True)
        ledger.last = self._explorer.run(self._strategy, self._made - 1, traced=True)
