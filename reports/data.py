"""Explorations as JSON data, and back: what is kept, sent on, and told later.

    {"pileup_report": 1, "explorations": [{"name": "shop:pay", "runs": 200, ...}]}

What agents returned and the world that they left stay behind, because they may
be anything. What is read may come from anywhere: every field that is used has
its type looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from pileup.errors import UsageError
from pileup.faults.catalogue import CATALOGUE
from pileup.findings import Finding
from pileup.history import History
from pileup.reports.pages import Page
from pileup.results import Exploration, Run, Shrunk, Sighting, Size, Spread, Stats, Tally
from pileup.tokens import decode

SCHEMA: Final = 1
LARGEST: Final = 100_000_000
"""Letters: a few hundred explorations fit in."""

OUTCOMES: Final = ("ok", "fail", "info")
SEEN: Final = 4


class Told(NamedTuple):
    """An exploration, and what it is called by those who asked for it."""

    name: str
    exploration: Exploration


def write(told: Iterable[Told]) -> str:
    """Write explorations as one JSON object."""
    pages = [{"name": each.name, **_page(each.exploration)} for each in told]
    return json.dumps({"pileup_report": SCHEMA, "explorations": pages}, indent=1)


def read(text: str) -> list[Told]:
    """Read what `write` wrote, or say what is wrong with it."""
    if len(text) > LARGEST:
        raise _unread(f"it is longer than {LARGEST:,} letters")
    try:
        report = Page(json.loads(text), "the report")
        if not report.has("pileup_report"):
            raise UsageError("it has no 'pileup_report'")
        if (schema := report.whole("pileup_report")) != SCHEMA:
            raise UsageError(f"it is of format {schema}, and this pileup reads format {SCHEMA}")
        return [
            Told(page.text("name"), _exploration(page)) for page in report.pages("explorations")
        ]
    except (ValueError, RecursionError) as error:
        told = f"it is not JSON ({error})"
        raise _unread(told) from None
    except UsageError as error:
        raise _unread(str(error).removesuffix(".")) from None


def _unread(why: str) -> UsageError:
    return UsageError(
        f"This is no pileup report: {why}. Give what `pileup explore --json` printed, or what "
        "--report FILE.json wrote, whole."
    )


# Writing -----------------------------------------------------------------------------------


def _page(found: Exploration) -> dict[str, object]:
    shown, stats = found.counterexample, found.stats
    return {
        "runs": found.runs,
        "clean": found.clean,
        "strength": found.strength if found.clean else "",
        "findings": [_finding_page(each, stats.sightings) for each in found.findings],
        "counterexample": None if shown is None or found.clean else _run_page(shown),
        "warnings": found.warnings,
        "saved": found.saved,
        "compared": found.compared,
        "claim": found.claim,
        "drawn": found.drawn,
        "exhausted": found.exhausted,
        "interrupted": found.interrupted,
        "spread": None if found.spread is None else found.spread._asdict(),
        "stats": {
            "backend": stats.backend,
            "steps": stats.steps,
            "faults": {rule: tally._asdict() for rule, tally in stats.faults.items()},
        },
    }


def _finding_page(finding: Finding, seen: dict[str, Sighting]) -> dict[str, object]:
    page: dict[str, object] = json.loads(finding.to_json())
    return {**page, "seen": vars(seen[finding.fingerprint])}


def _run_page(run: Run) -> dict[str, object]:
    return {
        "token": run.token,
        "findings": [json.loads(finding.to_json()) for finding in run.findings],
        "history": [json.loads(line) for line in run.history.lines()],
        "sites": {str(number): site for number, site in run.history.sites.items()},
        "seconds": run.seconds,
        "steps": run.steps,
        "faithful": run.faithful,
        "shrunk": None if run.shrunk is None else _shrunk_page(run.shrunk),
    }


def _shrunk_page(shrunk: Shrunk) -> dict[str, object]:
    return {
        **shrunk._asdict(),
        "before": shrunk.before._asdict(),
        "after": shrunk.after._asdict(),
    }


# Reading -----------------------------------------------------------------------------------


def _exploration(page: Page) -> Exploration:
    findings = [_finding(each) for each in page.pages("findings")]
    shown, spread = page.page_or_none("counterexample"), page.page_or_none("spread")
    return Exploration(
        findings=tuple(findings),
        runs=page.whole("runs", 1),
        stats=_stats(page, findings),
        counterexample=None if shown is None else _run(shown),
        warnings=page.texts("warnings"),
        compared=page.text("compared"),
        saved=page.texts("saved"),
        claim=page.text("claim"),
        drawn=page.flag("drawn"),
        exhausted=page.flag("exhausted"),
        interrupted=page.flag("interrupted"),
        spread=None if spread is None else _spread(spread),
    )


def _finding(page: Page) -> Finding:
    for name in ("kind", "severity", "title", "explanation"):
        page.text(name)
    for name in ("resource", "key", "advice", "replay", "mark"):
        page.text(name)
    page.texts("agents")
    page.wholes("evidence")
    page.page("receipt")
    return Finding.from_json(json.dumps(dict(page.items())))


def _stats(page: Page, findings: list[Finding]) -> Stats:
    seen = [each.page("seen") for each in page.pages("findings")]
    stats = page.page("stats")
    faults = stats.page("faults")
    tallies = {rule: faults.page(rule) for rule, _ in faults.items()}
    return Stats(
        backend=stats.text("backend"),
        steps=stats.whole("steps"),
        sightings={
            finding.fingerprint: Sighting(
                each.whole("run"), each.text("strategy"), each.whole("times")
            )
            for finding, each in zip(findings, seen, strict=True)
        },
        faults={
            rule: Tally(each.whole("met"), each.whole("struck")) for rule, each in tallies.items()
        },
    )


def _spread(page: Page) -> Spread:
    return Spread(page.whole("runs", 1), *(page.whole(name) for name in Spread._fields[1:]))


def _run(page: Page) -> Run:
    findings = tuple(_finding(each) for each in page.pages("findings"))
    if not findings:
        raise page.refuse("findings", "a list of what the run shows")
    token = page.text("token")
    shrunk = page.page_or_none("shrunk")
    return Run(
        findings=findings,
        history=_history(page),
        tape=decode(token).tape,
        results={},
        seconds=page.real("seconds"),
        steps=page.whole("steps"),
        token=token,
        faithful=page.flag("faithful"),
        shrunk=None if shrunk is None else _shrunk(shrunk),
    )


def _history(page: Page) -> History:
    lines = page.pages("history")
    for line in lines[1:]:
        _look_at(line)
    told = History.parse(json.dumps(dict(line.items())) for line in lines)
    sites = page.page("sites")
    places = {int(each): sites.text(each) for each, _ in sites.items() if each.isdecimal()}
    return History(told.agents, told.rows, told.parents, places)


def _look_at(event: Page) -> None:
    """Look at what is told of an event."""
    for name in ("agent", "do"):
        event.text(name)
    event.whole("asked")
    event.real("at")
    if event.text("end") not in OUTCOMES:
        raise event.refuse("end", f"one of {', '.join(OUTCOMES)}")
    if event.has("fault") and event.text("fault") not in CATALOGUE:
        raise event.refuse("fault", "the name of a fault")


def _shrunk(page: Page) -> Shrunk:
    before, after = page.page("before"), page.page("after")
    sizes = [Size(*(each.whole(name) for name in Size._fields)) for each in (before, after)]
    return Shrunk(sizes[0], sizes[1], *(page.whole(name) for name in Shrunk._fields[2:]))
