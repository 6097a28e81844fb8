"""Explorations and runs as plain text: what was found, what shows it, how to see it again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final, NamedTuple

from pileup.faults.catalogue import CATALOGUE
from pileup.findings import Finding
from pileup.history import Event, History, Seen
from pileup.results import Exploration, Run, Shrunk

MOST_EVENTS = 60
LIFE = ("start", "end")
OUTCOMES = {"fail": "failed", "info": "its agent does not know"}


class Recipe(NamedTuple):
    """How a run is seen again: what to write for its token, and what that takes besides."""

    line: Callable[[str], str]
    beside: str = ""


def _in_python(token: str) -> str:
    return f'pileup.replay("{token}", ...)'


IN_PYTHON: Final = Recipe(_in_python, "with the same agent, setup and check")


def render(found: Exploration, recipe: Recipe = IN_PYTHON) -> str:
    """Tell the whole story."""
    shown = found.counterexample
    lines = [summary(found, recipe)]
    if shown is not None and not found.clean:
        lines += ["", counterexample(found, recipe)]
    return "\n".join([*lines, *(f"\nwarning: {each}" for each in found.warnings)])


def summary(found: Exploration, recipe: Recipe = IN_PYTHON) -> str:
    """Tell what was found, or how sure it is that nothing is there."""
    told = _strength(found) if found.clean else _findings(found, recipe)
    return "\n".join([*found.saved, *told])


def counterexample(found: Exploration, recipe: Recipe = IN_PYTHON) -> str:
    """Tell the run that shows the worst finding, in order, and how to see it again."""
    shown = found.counterexample
    if shown is None:
        return ""
    return "\n".join([*_interleaving(shown, found.findings[0]), *_again(shown, recipe)])


def render_run(run: Run) -> str:
    """Tell a run that is seen again."""
    return "\n".join(_run(run))


def render_alone(run: Run, recipe: Recipe = IN_PYTHON) -> str:
    """Tell a run of which nothing was told before: what came of it, and how to see it again.

    What agents returned is in brief already: what it is like in full is nobody's to print.
    """
    return "\n".join([*_run(run), "", *_outcome(run), *_again(run, recipe)])


def _outcome(run: Run) -> Iterator[str]:
    told = {name: result for name, result in run.results.items() if result is not None}
    for name, result in told.items():
        yield f"{name} returned {result!r}"
    rest = len(run.results) - len(told)
    if rest:
        yield f"{rest} agent{'' if rest == 1 else 's'} returned nothing."
    if run.seconds:
        yield f"It took {run.seconds:g} s of the agents' own, virtual time."


def _again(run: Run, recipe: Recipe) -> Iterator[str]:
    yield f"replay: {recipe.line(run.token)}"
    if recipe.beside:
        yield f"        {recipe.beside}"


def _run(run: Run) -> Iterator[str]:
    count = len(run.findings)
    shows = "is clean" if run.clean else f"shows {count} finding{'' if count == 1 else 's'}"
    yield f"pileup: this run {shows}."
    if not run.faithful:
        yield "It is not quite the run that was recorded: the code has changed since."
    for number, finding in enumerate(run.findings, 1):
        yield ""
        yield from _told(number, finding)
        yield from _advice(finding)
    evidence = run.findings[0].evidence if run.findings else ()
    proof = " (> is what proves it)" if evidence else ""
    yield ""
    yield f"In the order in which things happened{proof}:"
    yield ""
    yield from _table(run.history, evidence)


def _strength(found: Exploration) -> Iterator[str]:
    first, *rest = found.strengths
    yield f"pileup: {first}."
    yield from (f"{part}." for part in rest)


def _findings(found: Exploration, recipe: Recipe) -> Iterator[str]:
    count = len(found.findings)
    runs = f"{found.runs} run{'' if found.runs == 1 else 's'}"
    yield f"pileup: {count} distinct finding{'' if count == 1 else 's'} in {runs}"
    for number, finding in enumerate(found.findings, 1):
        yield ""
        yield from _finding(number, finding, found, recipe)


def _finding(number: int, finding: Finding, found: Exploration, recipe: Recipe) -> Iterator[str]:
    yield from _told(number, finding)
    seen = found.stats.sightings[finding.fingerprint]
    if seen.strategy == "saved":
        yield f"   seen by trying a saved failure again, in none of {found.runs} other runs"
    elif seen.strategy != "replay":
        yield (
            f"   seen in {seen.times} of {found.runs} runs, first in run {seen.run + 1}"
            f" ({seen.strategy})"
        )
    yield from _advice(finding)
    shown = found.counterexample.token if found.counterexample is not None else finding.replay
    if finding.evidence and finding.replay != shown:
        yield f"   its events are of another run: {recipe.line(finding.replay)}"


def _told(number: int, finding: Finding) -> Iterator[str]:
    yield f"{number}. {finding.kind} ({finding.severity}): {finding.title}"
    for line in finding.explanation.splitlines():
        yield f"   {line}"


def _advice(finding: Finding) -> Iterator[str]:
    if finding.advice:
        yield f"   what helps: {finding.advice}"


def _interleaving(run: Run, first: Finding) -> Iterator[str]:
    told = [each for each in run.findings if each.fingerprint == first.fingerprint]
    worst = (told or run.findings)[0]
    proof = " (> is what proves it)" if worst.evidence else ""
    yield f"One run that shows it ({worst.kind}), in the order in which things happened{proof}:"
    yield ""
    yield from _table(run.history, worst.evidence)
    yield ""
    if run.shrunk is not None:
        yield from _shrunk(run.shrunk)


def _shrunk(shrunk: Shrunk) -> Iterator[str]:
    if shrunk.before != shrunk.after:
        yield f"Shrunk from {shrunk.before} to {shrunk.after}."
    if shrunk.after.deviations or shrunk.after.faults:
        yield (
            f"With that much given and all else at random, {shrunk.too} of {shrunk.others} runs "
            "show it."
        )
    elif shrunk.too == shrunk.others:
        yield f"It takes no special order: {shrunk.too} of {shrunk.others} random ones show it."


def _table(history: History, evidence: Collection[int]) -> Iterator[str]:
    events = [event for event in history if event.name not in LIFE or event.number in evidence]
    shown = _telling(events, evidence)
    who = max((len(events[place].agent) for place in shown), default=0)
    what = max((len(events[place].name) for place in shown), default=0)
    last = -1
    for place in shown:
        if place > last + 1:
            yield f"        ... {place - last - 1} more"
        event, last = events[place], place
        sign = ">" if event.number in evidence else " "
        deed = f"{event.agent:<{who}}  {event.name:<{what}}  {_deed(event)}".rstrip()
        line = f"  at {event.site.partition(' ')[0]}" if event.site else ""
        yield f" {sign}{event.number:>4}  {deed}{line}"
    if len(events) > last + 1:
        yield f"        ... and {len(events) - last - 1} more"


def _telling(events: list[Event], evidence: Collection[int]) -> list[int]:
    """Pick the events to show, by place: how it begins, and of a long run what proves it."""
    if len(events) <= MOST_EVENTS:
        return list(range(len(events)))
    begun = MOST_EVENTS // 3
    proof = [place for place in range(begun, len(events)) if events[place].number in evidence]
    if not proof:
        return list(range(MOST_EVENTS))
    return [*range(begun), *proof[-(MOST_EVENTS - begun) :]]


def _deed(event: Event) -> str:
    # What is written says it all: the rest is a table's or a directory's, touched along with it.
    items = [seen for seen in event.items if seen.access == "write"] or event.items
    parts = [", ".join(_item(seen) for seen in items)]
    if event.detail is not None:
        parts.append(repr(event.detail))
    if event.outcome != "ok":
        parts.append(f"({OUTCOMES.get(event.outcome, event.outcome)})")
    if event.fault and event.items:
        parts.append(f"<- fault {event.fault!r}: {CATALOGUE[event.fault].says}")
    return "  ".join(part for part in parts if part)


def _item(seen: Seen) -> str:
    if seen.version is None:
        return seen.name
    return f"{seen.name} {'at' if seen.access == 'read' else 'now'} v{seen.version}"
