"""What is saved is tried first, what is found is saved at once, and at the end it is all told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pileup.findings import Finding
from pileup.results import Exploration, Run, Sighting
from pileup.search.accounts.ledger import MOST_SHRUNK
from pileup.search.explorer import Explorer
from pileup.search.keeping.again import COUNT, Verdict, try_again
from pileup.search.keeping.saved import Shelf

SAVED = "saved"
"""Who has found what was found by trying a saved failure again."""


class Remembering:
    """The saved failures of one program, before, during and after an exploration."""

    def __init__(self, explorer: Explorer, folder: str | Path) -> None:
        self._shelf = Shelf(folder)
        self._shelf.expect_folder()
        # Without the number of agents, because what is saved names those that matter.
        self._program = COUNT.sub("", explorer.program.name)
        failures = self._shelf.failures(self._program)
        if failures:
            explorer.rehearse_alone()
        self._verdicts = try_again(explorer, failures)
        self._warnings = tuple(self._shelf.warnings)
        explorer.on_found = self.keep

    def keep(self, finding: Finding) -> None:
        """Save a finding as soon as it is proved."""
        self._shelf.keep(self._program, finding)

    def settle(self, found: Exploration) -> Exploration:
        """Add what only a saved failure still shows, and tell what has become of each."""
        for finding in found.findings:
            self.keep(finding)
        marks = {finding.fingerprint for finding in found.findings}
        told = []
        for verdict in self._verdicts:
            found_again = verdict.failure.fingerprint in marks
            told.append(_told(verdict, found, found_again=found_again))
            if found_again:
                continue
            if verdict.finding is not None:
                found = _with(found, verdict)
            elif verdict.state in ("FIXED", "CHANGED"):
                self._shelf.drop(verdict.failure)
        return replace(found, saved=tuple(told), warnings=(*self._warnings, *found.warnings))


def _told(verdict: Verdict, found: Exploration, *, found_again: bool) -> str:
    if found_again and verdict.finding is None:
        return f"STILL FAILING: {verdict.failure} (other choices show it now)"
    if verdict.state != "CHANGED":
        return str(verdict)
    return (
        f"FIXED: {verdict.failure} (the agents have changed; neither the run nearest to the one "
        f"that showed it nor any of {found.runs} others shows it now)"
    )


def _with(found: Exploration, verdict: Verdict) -> Exploration:
    """Add a finding that only a saved failure has shown."""
    finding, run = verdict.finding, verdict.run
    if finding is None or run is None:
        return found
    sightings = {**found.stats.sightings, finding.fingerprint: Sighting(0, SAVED, 1)}
    kinds = found.stats.kinds
    return replace(
        found,
        findings=_sorted([*found.findings, finding]),
        stats=replace(found.stats, sightings=sightings, kinds={finding.kind: 1, **kinds}),
        counterexample=found.counterexample or run,
        others=_others(found, run),
    )


def _others(found: Exploration, run: Run) -> tuple[Run, ...]:
    """Keep a run, where there is room for one more that is not kept already."""
    shown = {each.token: each for each in (*found.shown, run)}
    return tuple(shown.values())[1:MOST_SHRUNK]


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.rank))
