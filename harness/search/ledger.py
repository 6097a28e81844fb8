"""What an exploration has seen so far: each distinct finding once, and the plainest proof."""

from __future__ import annotations

from pileup.findings import Finding
from pileup.results import Exploration, Run, Sighting, Stats


class Ledger:
    """What an exploration has seen so far."""

    def __init__(self) -> None:
        self._steps = 0
        self._first: dict[str, tuple[int, str]] = {}
        self._times: dict[str, int] = {}
        self._proofs: dict[str, Finding] = {}
        self._best: Run | None = None

    def note(self, run: Run, strategy: str, number: int) -> bool:
        """Count a run; whether it shows anything new."""
        self._steps += run.steps
        fresh = False
        for mark in dict.fromkeys(finding.fingerprint for finding in run.findings):
            fresh |= mark not in self._first
            self._first.setdefault(mark, (number, strategy))
            self._times[mark] = self._times.get(mark, 0) + 1
        return fresh

    def keep(self, run: Run) -> None:
        """Keep a proved run's findings, and the plainest run as the counterexample."""
        for finding in run.findings:
            self._proofs.setdefault(finding.fingerprint, finding)
        if run.findings and (self._best is None or _plainness(run) < _plainness(self._best)):
            self._best = run

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
            stats=Stats(backend, self._steps, sightings),
            counterexample=self._best,
        )


def _plainness(run: Run) -> tuple[tuple[int, str, str], int, int]:
    return (run.findings[0].rank, len(run.history), run.tape.deviations)
