"""A program that is run twice with the same choices does the same: the promise, and its breach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from pileup.errors import NotDeterministic
from pileup.history import Event, History
from pileup.results import Run

TOLD: Final = ("outcome", "detail", "time", "strand", "invoked", "step", "fault", "note")
"""What is looked at where two events do the same, the most telling first."""

CAUSES: Final = (
    "Probably something outlives a run (a module global, a class attribute, a cache) "
    "or differs each time (the order of a set, id(), a real clock or random source "
    "that pileup does not see). docs/determinism.md lists what is known to do this "
    "and what to write instead."
)


def is_same(run: Run, again: Run) -> bool:
    """Whether two runs have the same history, and show the same."""
    return again.history.digest == run.history.digest and marks(again) == marks(run)


def expect_same(run: Run, again: Run) -> None:
    """Refuse a program whose second run is another one, or leads to other findings."""
    if again.history.digest != run.history.digest:
        raise NotDeterministic(_difference(run.history, again.history))
    if marks(again) != marks(run):
        raise NotDeterministic(
            "The same history led to other findings: first "
            f"{titles(run)}, then {titles(again)}. Probably the check goes by something that "
            "is not in the shared world and outlives a run. See docs/determinism.md."
        )


def marks(run: Run) -> list[str]:
    """Return the fingerprints of what a run shows."""
    return [finding.fingerprint for finding in run.findings]


def titles(run: Run) -> str:
    """Name what a run shows."""
    return ", ".join(finding.title for finding in run.findings) or "none"


def parting(one: History, other: History) -> str:
    """Say in words how a run differs from the same one later."""
    return "; ".join([*_by_agents(one, other), *_by_events(one, other)])


def same_events(one: History, other: History) -> bool:
    """Whether two runs did the same, whatever tasks they started on the way."""
    return one.lines()[1:] == other.lines()[1:]


def _difference(one: History, other: History) -> str:
    said = ["The same choices led to two different runs."]
    said += [f"They differ before the first event: {each}." for each in _by_agents(one, other)]
    lines = zip_longest(one.lines()[1:], other.lines()[1:])
    for step, (expected, got) in enumerate(lines):
        if expected != got:
            first = f"  first time:  {expected or 'nothing more'}"
            second = f"  second time: {got or 'nothing more'}"
            return "\n".join(
                [" ".join([*said, f"They part at event {step}:"]), first, second, CAUSES]
            )
    return "\n".join([" ".join([*said, "Their events are the same."]), CAUSES])


def _by_agents(one: History, other: History) -> Iterator[str]:
    """Tell what differs in who acts: agents and sub-agents, and the tasks that each starts."""
    names, later = [[who.name for who in each.agents] for each in (one, other)]
    if names != later:
        gone = _listed([each for each in names if each not in later])
        new = _listed([each for each in later if each not in names])
        yield f"the first run had {gone} where the second had {new}"
        return
    if [vars(who) for who in one.agents] != [vars(who) for who in other.agents]:
        yield "the agents have other sessions, roles or parents"
    if one.parents != other.parents:
        yield from _by_tasks(names, one, other)


def _by_tasks(names: list[str], one: History, other: History) -> Iterator[str]:
    had, has = [Counter(agent for agent, _ in each.parents) for each in (one, other)]
    uneven = [agent for agent in range(len(names)) if had[agent] != has[agent]]
    for agent in uneven:
        more = had[agent] - has[agent]
        tasks = "one task" if abs(more) == 1 else f"{abs(more)} tasks"
        yield f"{names[agent]} started {tasks} {'more' if more > 0 else 'less'} in the first run"
    if not uneven:
        yield "the tasks were started by others of their agent's tasks"


def _by_events(one: History, other: History) -> Iterator[str]:
    for number, (event, later) in enumerate(zip_longest(one, other)):
        if event is None or later is None or _deed(event) != _deed(later):
            yield f"event {number} was {_told(event)} in the first run, and then {_told(later)}"
            return
        for name in TOLD:
            had, has = getattr(event, name), getattr(later, name)
            if had != has:
                yield f"event {number}, {_told(later)}, had {name} {had!r} at first, then {has!r}"
                return


def _deed(event: Event) -> tuple[object, ...]:
    return (event.agent, event.name, event.items)


def _told(event: Event | None) -> str:
    if event is None:
        return "none"
    items = " ".join(seen.name for seen in event.items)
    site = f" ({event.site})" if event.site else ""
    return f"'{event.agent}: {event.name} {items}'".replace(" '", "'") + site


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
