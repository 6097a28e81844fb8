"""Which run is meant: one that a file tells of, or one that a token shows again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pileup.cli.options import scenario
from pileup.cli.report_files import is_report, told_in
from pileup.cli.tokens import Shown, expect_no_test, read
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup import Finding, Run, Scenario
    from pileup.reports.data import Told, ToldRun

LONGEST_NAME: Final = 80


class Meant(NamedTuple):
    """A run, and what it is a run of."""

    name: str
    run: Run

    @property
    def file_name(self) -> str:
        """Name it after the worst that it shows, else after what was run."""
        from pileup.search.keeping.export import name_of

        for finding in self.run.findings:
            return name_of(finding).removeprefix("test_")
        name = re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")
        return name[:LONGEST_NAME].rstrip("_") or "run"


class Seen(NamedTuple):
    """A run that was shown again, and what is meant of what it shows."""

    run: Run
    findings: Sequence[Finding]


def expect_no_report(what: str) -> None:
    """Refuse a report where a failure is needed, which can be shown again."""
    if _told(Path(what)) is not None:
        raise UsageError(
            f"{what} is a report, and a test is written of a saved failure (a file of .pileup) or "
            "of a replay token, as stands in it. To write its run for another tool, add --as, as "
            "in --as perfetto."
        )


def run_of(what: str, target: str | None, conditions: dict[str, Any]) -> Meant:
    """Return the run that is meant."""
    told = _told(Path(what))
    if told is not None:
        given = [f"--{name}" for name, value in conditions.items() if value is not None]
        if given:
            raise UsageError(
                f"{what} has the run in it, so nothing is run, and {given[0]} says nothing. "
                "Leave it out."
            )
        return _one_of(told, what, target)
    shown = read(what)
    return Meant(shown.ticket.program, seen_again(shown, _asked(shown, target, conditions)).run)


def seen_again(shown: Shown, asked: Scenario) -> Seen:
    """See it again; a saved failure even if the agents have changed since."""
    import pileup
    from pileup.search.keeping.again import try_again

    if shown.failure is None:
        run = pileup.replay(shown.token, asked)
        return Seen(run, run.findings)
    for verdict in try_again(asked.explorer(), [shown.failure]):
        if verdict.run is not None and verdict.finding is not None:
            return Seen(verdict.run, [verdict.finding])
    raise UsageError(
        "With the agents as they are now it shows nothing any more, so there is nothing to "
        "export. Probably it is mended; `pileup explore` tells."
    )


def _asked(
    shown: Shown,
    target: str | None,
    conditions: dict[str, Any],  # Any: each option has its own type
) -> Scenario:
    from pileup.cli.topologies import scenario_of

    expect_no_test(shown)
    found = scenario_of(shown.ticket.program, target)
    if found is not None:
        return found
    return scenario(expected(target, shown), conditions, shown.ticket.agents)


def expected(target: str | None, shown: Shown) -> str:
    """Return what the agents are called, which a token does not say."""
    if target is None:
        raise UsageError(
            f"A token does not say where its agents are. This one is of {shown.ticket.program!r}. "
            "Name what was explored as well: pileup export TOKEN|FILE MODULE:NAME."
        )
    return target


# What a file tells of ----------------------------------------------------------------------------


def _told(path: Path) -> Sequence[Told | ToldRun] | None:
    """Read a report; None if it is none."""
    if path.suffix != ".json" or not is_report(path):
        return None
    return told_in(path)


def _one_of(told: Sequence[Told | ToldRun], what: str, target: str | None) -> Meant:
    runs = [*_runs(told)]
    meant = [each for each in runs if target in (None, each.name)]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(dict.fromkeys(each.name for each in runs))
    if not runs:
        raise UsageError(
            f"{what} has no run in it: what was explored is clean, and of clean runs none is "
            "kept. `pileup run MODULE:NAME --json` writes one."
        )
    if not meant:
        raise UsageError(f"{what} has no run of {target}. There is one of {names}.")
    raise UsageError(f"{what} has {len(meant)} runs in it. Name the one that is meant: {names}.")


def _runs(told: Sequence[Told | ToldRun]) -> Iterator[Meant]:
    from pileup.reports.data import ToldRun

    for each in told:
        run = each.run if isinstance(each, ToldRun) else each.exploration.counterexample
        if run is not None:
            yield Meant(each.name, run)
