"""What a report carries of an exploration: plain data, which other processes can send along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import pytest

from pileup.pytest_plugin.conducting import Explored
from pileup.results import Exploration


class Found(TypedDict):
    """One finding."""

    kind: str
    severity: str
    title: str
    fingerprint: str
    replay: str
    seen: int


class Entry(TypedDict):
    """One exploration of a test."""

    test: str
    path: str
    line: int
    program: str
    runs: int
    seconds: float
    findings: list[Found]
    saved: list[str]
    warnings: list[str]
    strength: str


def entry_of(item: pytest.Item, explored: Explored) -> Entry:
    """Take out of an exploration what a session tells of it."""
    path, line, _ = item.location
    found = explored.found
    return Entry(
        test=item.nodeid,
        path=path,
        line=(line or 0) + 1,
        program=explored.program,
        runs=found.runs,
        seconds=explored.seconds,
        findings=_findings(found),
        saved=list(found.saved),
        warnings=list(found.warnings),
        strength=found.strength if found.clean else "",
    )


def _findings(found: Exploration) -> list[Found]:
    return [
        Found(
            kind=each.kind,
            severity=each.severity,
            title=each.title,
            fingerprint=each.fingerprint,
            replay=each.replay,
            seen=found.stats.sightings[each.fingerprint].times,
        )
        for each in found.findings
    ]


def properties_of(explored: Sequence[Explored]) -> list[tuple[str, object]]:
    """Say the same in properties, as --junitxml writes them."""
    properties: list[tuple[str, object]] = []
    for each in explored:
        properties.append(("pileup_runs", each.found.runs))
        for finding in each.found.findings:
            properties.append(("pileup_finding", f"{finding.kind}: {finding.title}"))
            properties.append(("pileup_replay", finding.replay))
        if each.found.clean:
            properties.append(("pileup_clean", each.found.strength))
    return properties
