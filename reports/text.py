"""Explorations and runs as plain text: what was found, what shows it, how to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pileup.reports.recipe import IN_PYTHON, Recipe
from pileup.reports.story.model import Moment, Shown, Story, Told
from pileup.reports.story.telling import tell, tell_findings, tell_run, tell_shown
from pileup.results import Exploration, Run

MOST_EVENTS: Final = 60


def render(found: Exploration, recipe: Recipe = IN_PYTHON) -> str:
    """Tell the whole story."""
    return story(tell(found, recipe))


def summary(found: Exploration, recipe: Recipe = IN_PYTHON) -> str:
    """Tell what was found, or how sure it is that nothing is there."""
    return "\n".join(_summary(tell_findings(found, recipe)))


def counterexample(found: Exploration, recipe: Recipe = IN_PYTHON) -> str:
    """Tell the run that shows the worst finding, in order, and how to see it again."""
    shown = tell_shown(found, recipe)
    return "" if shown is None else "\n".join(_counterexample(shown))


def render_run(run: Run) -> str:
    """Tell a run that is seen again."""
    return "\n".join(_run(tell_run(run)))


def render_alone(run: Run, recipe: Recipe = IN_PYTHON) -> str:
    """Tell a run of which nothing was told before: what came of it, and how to see it again."""
    return story(tell_run(run, recipe))


def story(told: Story) -> str:
    """Tell all of a story."""
    return "\n".join(_alone(told) if told.is_run else _exploration(told))


def _exploration(told: Story) -> Iterator[str]:
    yield from _summary(told)
    if told.shown is not None:
        yield ""
        yield from _counterexample(told.shown)
    yield from (f"\nwarning: {each}" for each in told.warnings)


def _summary(told: Story) -> Iterator[str]:
    yield from told.saved
    if told.clean:
        first, *rest = told.sure
        yield f"pileup: {first}."
        yield from (f"{part}." for part in rest)
        return
    yield f"pileup: {told.headline}"
    for finding in told.findings:
        yield ""
        yield from _finding(finding)


def _alone(told: Story) -> Iterator[str]:
    yield from _run(told)
    assert told.shown is not None, "a run is shown"
    yield ""
    yield from told.shown.outcome
    yield from _again(told.shown)


def _run(told: Story) -> Iterator[str]:
    yield f"pileup: {told.headline}."
    if not told.is_faithful:
        yield "It is not quite the run that was recorded: the code has changed since."
    for finding in told.findings:
        yield ""
        yield from _finding(finding)
    assert told.shown is not None, "a run is shown"
    yield ""
    yield f"In the order in which things happened{_proof(told.shown)}:"
    yield ""
    yield from table(told.shown)


def _finding(told: Told) -> Iterator[str]:
    yield f"{told.number}. {told.kind} ({told.severity}): {told.title}"
    yield from (f"   {line}" for line in told.lines)
    if told.seen:
        yield f"   {told.seen}"
    if told.advice:
        yield f"   what helps: {told.advice}"
    if told.elsewhere:
        yield f"   its events are of another run: {told.elsewhere}"


def _counterexample(shown: Shown) -> Iterator[str]:
    yield (
        f"One run that shows it ({shown.kind}), in the order in which things "
        f"happened{_proof(shown)}:"
    )
    yield ""
    yield from table(shown)
    yield ""
    yield from shown.sizes
    yield from _again(shown)


def _proof(shown: Shown) -> str:
    return " (> is what proves it)" if shown.diagram.has_proof else ""


def _again(shown: Shown) -> Iterator[str]:
    yield f"replay: {shown.replay}"
    if shown.beside:
        yield f"        {shown.beside}"


def table(shown: Shown) -> Iterator[str]:
    """Tell a run in order, an operation a line."""
    moments = shown.diagram.moments
    places = _telling(moments)
    who = max((len(moments[place].agent) for place in places), default=0)
    what = max((len(moments[place].deed) for place in places), default=0)
    last = -1
    for place in places:
        if place > last + 1:
            yield f"        ... {place - last - 1} more"
        each, last = moments[place], place
        sign = ">" if each.is_evidence else " "
        deed = f"{each.agent:<{who}}  {each.deed:<{what}}  {_deed(each)}".rstrip()
        line = f"  at {each.line}" if each.line else ""
        yield f" {sign}{each.number:>4}  {deed}{line}"
    if len(moments) > last + 1:
        yield f"        ... and {len(moments) - last - 1} more"


def _telling(moments: Sequence[Moment]) -> list[int]:
    """Pick the moments to show, by place: how it begins, and of a long run what proves it."""
    if len(moments) <= MOST_EVENTS:
        return list(range(len(moments)))
    begun = MOST_EVENTS // 3
    proof = [place for place in range(begun, len(moments)) if moments[place].is_evidence]
    if not proof:
        return list(range(MOST_EVENTS))
    return [*range(begun), *proof[-(MOST_EVENTS - begun) :]]


def _deed(moment: Moment) -> str:
    parts = [", ".join(each.told for each in moment.touches), moment.value]
    if moment.ended:
        parts.append(f"({moment.ended})")
    if moment.fault and moment.touches:
        parts.append(f"<- fault {moment.fault!r}: {moment.befell}")
    return "  ".join(part for part in parts if part)
