"""How explorations and runs become stories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pileup.findings import Finding
from pileup.history import History
from pileup.reports.plain import name, plain, sentence
from pileup.reports.recipe import IN_PYTHON, Recipe
from pileup.reports.story import causes
from pileup.reports.story.diagram import diagram
from pileup.reports.story.model import Diagram, Shown, Story, Told
from pileup.reports.story.searched import facts
from pileup.results import Exploration, Run, Shrunk


def tell(found: Exploration, recipe: Recipe = IN_PYTHON, called: str = "") -> Story:
    """Tell an exploration: what was found and the runs that show it, or how sure it is clean."""
    return replace(
        tell_findings(found, recipe, called),
        shown=tell_shown(found, recipe),
        others=tuple(_run(each, _worst(found, each), recipe) for each in found.others),
    )


def tell_findings(found: Exploration, recipe: Recipe = IN_PYTHON, called: str = "") -> Story:
    """Tell an exploration but for the runs that show it, which take longest."""
    return Story(
        name=name(called),
        headline=_headline(found),
        is_run=False,
        findings=tuple(_findings(found, recipe)),
        sure=tuple(sentence(each) for each in found.strengths) if found.clean else (),
        searched=tuple(facts(found)),
        saved=tuple(map(sentence, found.saved)),
        warnings=tuple(map(sentence, found.warnings)),
    )


def tell_run(run: Run, recipe: Recipe = IN_PYTHON, called: str = "") -> Story:
    """Tell a single run: what it shows, what came of it, how to see it again."""
    shows = "is clean" if run.clean else f"shows {_many(len(run.findings), 'finding')}"
    return Story(
        name=name(called),
        headline=f"this run {shows}",
        is_run=True,
        findings=tuple(_told(*each, run.history, run=0) for each in enumerate(run.findings, 1)),
        shown=_run(run, run.findings[0] if run.findings else None, recipe, _outcome(run)),
        is_faithful=run.faithful,
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _headline(found: Exploration) -> str:
    if found.clean:
        return sentence(found.strengths[0]).partition(". ")[0]
    runs = _many(found.runs, "run")
    return f"{_many(len(found.findings), 'distinct finding')} in {runs}"


# Findings --------------------------------------------------------------------------------------


def _findings(found: Exploration, recipe: Recipe) -> Iterator[Told]:
    runs = {run.token: place for place, run in enumerate(found.shown)}
    for number, finding in enumerate(found.findings, 1):
        run = runs.get(finding.replay)
        is_of_another = bool(finding.evidence) and run != 0 and found.counterexample is not None
        yield _told(
            number,
            finding,
            None if run is None else found.shown[run].history,
            run=run,
            seen=_seen(found, finding),
            elsewhere=plain(recipe.line(finding.replay)) if is_of_another else "",
            replay=plain(recipe.line(finding.replay)) if finding.replay else "",
        )


def _told(
    number: int,
    finding: Finding,
    history: History | None,
    *,
    run: int | None,
    seen: str = "",
    elsewhere: str = "",
    replay: str = "",
) -> Told:
    return Told(
        number=number,
        kind=name(finding.kind),
        severity=finding.severity,
        title=sentence(finding.title),
        lines=tuple(map(sentence, finding.explanation.splitlines())),
        seen=seen,
        advice=sentence(finding.advice),
        elsewhere=elsewhere,
        replay=replay,
        run=run,
        layers=causes.layers(finding),
        attempts=causes.attempts(finding),
        way=() if history is None else causes.way(finding, history),
    )


def _seen(found: Exploration, finding: Finding) -> str:
    seen = found.stats.sightings[finding.fingerprint]
    if seen.strategy == "saved":
        return f"seen by trying a saved failure again, in none of {found.runs} other runs"
    if seen.strategy == "replay":
        return ""
    first = f"first in run {seen.run + 1} ({name(seen.strategy)})"
    return f"seen in {seen.times} of {found.runs} runs, {first}"


# The runs that are shown -----------------------------------------------------------------------


def tell_shown(found: Exploration, recipe: Recipe = IN_PYTHON) -> Shown | None:
    """Tell the run that shows the worst finding; None if nothing was found."""
    run = found.counterexample
    if run is None or found.clean:
        return None
    return _run(run, _worst(found, run), recipe)


def _worst(found: Exploration, run: Run) -> Finding:
    """Return what is drawn of a run: the worst finding that is told by its events."""
    told = (each for each in found.findings if each.replay == run.token)
    return next(told, run.findings[0])


def _run(run: Run, worst: Finding | None, recipe: Recipe, outcome: Iterable[str] = ()) -> Shown:
    return Shown(
        kind="" if worst is None else name(worst.kind),
        diagram=_diagram(run, worst),
        replay=plain(recipe.line(run.token)),
        beside=recipe.beside,
        sizes=() if run.shrunk is None else tuple(_sizes(run.shrunk)),
        outcome=tuple(outcome),
    )


def _diagram(run: Run, worst: Finding | None) -> Diagram:
    if worst is None:
        return diagram(run.history, ())
    drawn = diagram(run.history, worst.evidence)
    wrong = causes.multiplied(worst)
    return drawn if wrong is None else replace(drawn, wrong=wrong)


def _sizes(shrunk: Shrunk) -> Iterator[str]:
    if shrunk.before != shrunk.after:
        yield f"Shrunk from {shrunk.before} to {shrunk.after}."
    if shrunk.after.deviations or shrunk.after.faults:
        yield (
            f"With that much given and all else at random, {shrunk.too} of {shrunk.others} runs "
            "show it."
        )
    elif shrunk.too == shrunk.others:
        yield f"It takes no special order: {shrunk.too} of {shrunk.others} random ones show it."


def _outcome(run: Run) -> Iterator[str]:
    """Tell what agents returned; it is in brief already, for in full it is nobody's to print."""
    told = {each: result for each, result in run.results.items() if result is not None}
    for agent, result in told.items():
        yield f"{name(agent)} returned {sentence(repr(result))}"
    rest = len(run.results) - len(told)
    if rest:
        yield f"{_many(rest, 'agent')} returned nothing."
    if run.seconds:
        yield f"It took {run.seconds:g} s of the agents' own, virtual time."
