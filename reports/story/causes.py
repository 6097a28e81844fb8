"""What a finding's receipt tells that is better drawn: layers of retry, and the way of a leak."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

from pileup.events import Event
from pileup.findings import Finding
from pileup.history import History
from pileup.reports.plain import name
from pileup.reports.story.lanes import shown
from pileup.reports.story.model import Layer, Stop

TRAVELS: Final = frozenset(("session_leak", "contamination"))
"""Kinds whose evidence is the way of something, from where it came to where it ended."""


def layers(finding: Finding) -> tuple[Layer, ...]:
    """Return the places that retried, the outermost first, and what each multiplied to."""
    found: list[Layer] = []
    calls = 1
    for line, tries in reversed([*_layers(finding)]):
        calls *= tries
        found.append(Layer(name(line), tries, calls))
    return tuple(found)


def _layers(finding: Finding) -> Iterator[tuple[str, int]]:
    for place in count(1):
        line = finding.receipt.get(f"layer_{place}")
        tries = finding.receipt.get(f"factor_{place}")
        if not isinstance(line, str) or type(tries) is not int:
            return
        yield line, tries


def attempts(finding: Finding) -> int:
    """Return how many attempts one call became."""
    found = finding.receipt.get("attempts")
    return found if type(found) is int else 0


def multiplied(finding: Finding) -> int | None:
    """Return the first attempt that a place made above another that had given up."""
    found = layers(finding)
    tries = found[-1].tries if len(found) > 1 else len(finding.evidence)
    return finding.evidence[tries] if tries < len(finding.evidence) else None


def way(finding: Finding, history: History) -> tuple[Stop, ...]:
    """Return where a secret or a mistake went, in order."""
    if finding.kind not in TRAVELS:
        return ()
    sessions = {who.name: who.session for who in history.agents}
    events = [history[number] for number in finding.evidence if number < len(history)]
    return tuple(
        Stop(
            event.number,
            name(event.agent),
            name(sessions[event.agent]),
            _deed(event),
        )
        for event in events
    )


def _deed(event: Event) -> str:
    if event.name == "end":
        return "gives its answer"
    return name(" ".join([event.name, *(seen.name for seen in shown(event)[:1])]))
