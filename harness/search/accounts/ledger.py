"""What an exploration has seen so far: each distinct finding once, and the plainest proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from pileup.faults.profiles import PROFILES
from pileup.faults.rules import Plan
from pileup.findings import Finding, Rank
from pileup.history import History
from pileup.results import Exploration, Run, Sighting, Stats, Tally
from pileup.search.accounts.portions import PROVED, First, Portion, kinds_in

MOST_NAMED: Final = 5
MOST_SHRUNK: Final = 5
"""How many distinct findings get the plainest run that shows them, and have it kept."""

FEW: Final = 3
"""So many rules that never struck are told of one by one."""

LIFE: Final = ("start", "end")


class Ledger:
    """What an exploration has seen so far."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tallies = [Tally(0, 0)] * len(plan.rules)
        self.last: Run | None = None
        """The last run, which is told of where a fault rule never struck."""
        self._steps = 0
        self._first: dict[str, tuple[int, str]] = {}
        self._times: dict[str, int] = {}
        self._kinds: Counter[str] = Counter()
        self._proofs: dict[str, Finding] = {}
        self._runs: dict[str, Run] = {}
        self._best: Run | None = None

    def note(self, run: Run, strategy: str, number: int) -> bool:
        """Count a run; whether it shows anything new."""
        self._steps += run.steps
        self.last = run
        if run.faults:
            pairs = zip(self._tallies, run.faults, strict=True)
            self._tallies = [Tally(a.met + b.met, a.struck + b.struck) for a, b in pairs]
        self._kinds.update(kinds_in(run))
        fresh = False
        for mark in dict.fromkeys(finding.fingerprint for finding in run.findings):
            fresh |= mark not in self._first
            self._first.setdefault(mark, (number, strategy))
            self._times[mark] = self._times.get(mark, 0) + 1
        return fresh

    def add(self, portion: Portion) -> list[First]:
        """Count the runs that come next, played elsewhere; which of them have to be proved."""
        self._steps += portion.steps
        if portion.tallies:
            pairs = zip(self._tallies, portion.tallies, strict=True)
            self._tallies = [Tally(a.met + b.met, a.struck + b.struck) for a, b in pairs]
        self._kinds.update(portion.kinds)
        for mark, times in portion.times.items():
            self._times[mark] = self._times.get(mark, 0) + times
        fresh = []
        for first in portion.firsts:
            new = [mark for mark in first.marks if mark not in self._first]
            self._first.update(dict.fromkeys(new, (first.run, first.strategy)))
            if new or first.run < PROVED:
                fresh.append(first)
        return fresh

    def keep(self, run: Run) -> None:
        """Keep a proved run's findings, and the plainest run as the counterexample."""
        for finding in run.findings:
            self._proofs.setdefault(finding.fingerprint, finding)
            self._runs.setdefault(finding.fingerprint, run)
        if run.findings and (self._best is None or _plainness(run) < _plainness(self._best)):
            self._show(run)

    def shrink(self, shrink: Callable[[Finding, Run], Run]) -> None:
        """Put plainer runs in the place of those that show the worst findings."""
        shown: set[str] = set()
        worst = sorted(self._proofs.values(), key=lambda finding: finding.rank)[:MOST_SHRUNK]
        for finding in worst:
            if finding.fingerprint in shown:
                continue
            run = shrink(finding, self._runs[finding.fingerprint])
            told = [each for each in run.findings if each.fingerprint in self._proofs]
            plain = replace(run, findings=tuple(told))
            if finding is worst[0]:
                self._show(plain)
            else:
                self._tell(plain, shown)
            shown.update(each.fingerprint for each in told)

    def _show(self, run: Run) -> None:
        self._best = run
        # Told as they are in the run that is shown, or the text and the run would differ.
        self._tell(run, ())

    def _tell(self, run: Run, told: Collection[str]) -> None:
        for finding in run.findings:
            if finding.fingerprint not in told:
                self._proofs[finding.fingerprint] = finding
                self._runs[finding.fingerprint] = run

    def exploration(self, runs: int, backend: str) -> Exploration:
        """Sum up."""
        sightings = {
            mark: Sighting(number, strategy, self._times[mark])
            for mark, (number, strategy) in self._first.items()
        }
        findings = sorted(self._proofs.values(), key=lambda finding: finding.rank)
        return Exploration(
            findings=tuple(findings),
            runs=runs,
            stats=Stats(backend, self._steps, sightings, self._faults(), dict(self._kinds)),
            counterexample=self._best,
            others=self._others(findings),
            warnings=tuple(self._idle_rules(runs)),
        )

    def _others(self, findings: Sequence[Finding]) -> tuple[Run, ...]:
        """Return the runs that show the worst findings, each once, but for the counterexample."""
        runs = [self._runs[each.fingerprint] for each in findings[:MOST_SHRUNK]]
        distinct = {run.token: run for run in runs}
        if self._best is not None:
            distinct.pop(self._best.token, None)
        return tuple(distinct.values())

    def _idle_rules(self, runs: int) -> Iterator[str]:
        """Tell of fault rules that never struck: one by one, or all at once where they are many.

        A profile's are for all sorts of agents, so it is enough if any of them struck.
        """
        idle = {rule: tally for rule, tally in self._faults().items() if not tally.struck}
        ours = PROFILES.get(self._plan.name) == self._plan
        if self.last is None or not idle or (ours and len(idle) < len(self._plan.rules)):
            return
        if ours:
            yield (
                f"No fault of {self._plan.name!r} struck in {runs} runs. What they could befall "
                f"did not come up, or rarely; there were {_deeds(self.last.history)}."
            )
            return
        if len(idle) <= FEW:
            yield from (_idle(rule, tally, runs, self.last) for rule, tally in idle.items())
            return
        names = ", ".join(dict.fromkeys(rule.partition(" ")[0] for rule in idle))
        yield (
            f"{len(idle)} of the {len(self._plan.rules)} rules of the fault plan never struck in "
            f"{runs} runs: {names}. What they could befall did not come up, or rarely; there were "
            f"{_deeds(self.last.history)}."
        )

    def _faults(self) -> dict[str, Tally]:
        return dict(zip(map(str, self._plan.rules), self._tallies, strict=True))


def _idle(rule: str, tally: Tally, runs: int, run: Run) -> str:
    """Say of a rule that never struck why, and what it could have meant."""
    if tally.met:
        return (
            f"This fault never struck in {runs} runs: {rule}. It met {tally.met} operations, "
            "so its odds are small, or its call, window or moment never came; try more runs."
        )
    return (
        f"This fault never struck in {runs} runs: {rule}. Its pattern fits none of the operations "
        f"that there were, or it cannot befall those: {_deeds(run.history)}."
    )


def _deeds(history: History) -> str:
    """Name what was done in a run, as a pattern would have to."""
    labels = dict.fromkeys(
        " ".join([event.name, *dict.fromkeys(seen.name for seen in event.items)])
        for event in history
        if event.items and event.name not in LIFE
    )
    named = [f"{label!r}" for label in list(labels)[:MOST_NAMED]]
    more = ["..."] if len(labels) > MOST_NAMED else []
    return ", ".join([*named, *more]) or "nothing shared was touched"


def _plainness(run: Run) -> tuple[Rank, int, int]:
    return (run.findings[0].rank, len(run.history), run.tape.deviations)
