"""Explorations and single runs as JSON data, and back: what is kept, sent on, and told later.

    {"pileup_report": 1, "explorations": [{"name": "shop:pay", "runs": 200, ...}]}
    {"pileup_report": 1, "run": {"name": "shop:pay", "clean": true, ...}}

The world that agents left stays behind, and so does what they returned but for a
brief of it, because they may be anything. What is read may come from anywhere:
every field that is used has its type looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from pileup.findings import Finding
from pileup.reports.pages import Form, Page, json_text
from pileup.reports.run_pages import finding_in, results_in, results_page, run_in, run_page
from pileup.results import Exploration, Run, Sighting, Spread, Stats, Tally

SCHEMA: Final = 1
FORM: Final = Form(
    "pileup_report",
    SCHEMA,
    "pileup report",
    "Give what `pileup explore --json` or `pileup run --json` printed, or what --report FILE.json "
    "wrote, whole.",
)


class Told(NamedTuple):
    """An exploration, and what it is called by those who asked for it."""

    name: str
    exploration: Exploration

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.exploration.clean


class ToldRun(NamedTuple):
    """A single run, and what it is called by those who asked for it."""

    name: str
    run: Run

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.run.clean


def write(told: Iterable[Told]) -> str:
    """Write explorations as one JSON object."""
    pages = [{"name": each.name, **_page(each.exploration)} for each in told]
    return json_text({"pileup_report": SCHEMA, "explorations": pages})


def write_run(told: ToldRun) -> str:
    """Write a single run as one JSON object."""
    run = told.run
    page = {"name": told.name, "clean": run.clean, **run_page(run), "results": results_page(run)}
    return json_text({"pileup_report": SCHEMA, "run": page})


def read(text: str) -> list[Told]:
    """Read what `write` wrote, or say what is wrong with it."""
    told = read_any(text)
    found = [each for each in told if isinstance(each, Told)]
    if len(found) < len(told):
        raise FORM.unread("it tells of a single run, which `read_run` reads")
    return found


def read_run(text: str) -> ToldRun:
    """Read what `write_run` wrote, or say what is wrong with it."""
    for told in read_any(text):
        if isinstance(told, ToldRun):
            return told
    raise FORM.unread("it tells of explorations, which `read` reads")


def read_any(text: str) -> Sequence[Told | ToldRun]:
    """Read explorations, or a single run, whichever it is."""
    return FORM.read(text, _told)


def _told(report: Page) -> Sequence[Told | ToldRun]:
    if report.has("run"):
        return [_single(report.page("run"))]
    return [Told(page.text("name"), _exploration(page)) for page in report.pages("explorations")]


# Writing -----------------------------------------------------------------------------------


def _page(found: Exploration) -> dict[str, object]:
    shown, stats = found.counterexample, found.stats
    return {
        "runs": found.runs,
        "clean": found.clean,
        "strength": found.strength if found.clean else "",
        "findings": [_finding_page(each, stats.sightings) for each in found.findings],
        "counterexample": None if shown is None or found.clean else run_page(shown),
        "others": [run_page(each) for each in found.others],
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
            "kinds": stats.kinds,
            "faults": {rule: tally._asdict() for rule, tally in stats.faults.items()},
        },
    }


def _finding_page(finding: Finding, seen: dict[str, Sighting]) -> dict[str, object]:
    page: dict[str, object] = json.loads(finding.to_json())
    return {**page, "seen": vars(seen[finding.fingerprint])}


# Reading -----------------------------------------------------------------------------------


def _single(page: Page) -> ToldRun:
    page.flag("clean")  # because others read it, though it follows from the rest
    return ToldRun(page.text("name"), replace(run_in(page), results=results_in(page)))


def _exploration(page: Page) -> Exploration:
    findings = [finding_in(each) for each in page.pages("findings")]
    page.flag("clean")  # because others read them, though they follow from the rest
    page.text("strength")
    from pileup.reports.writing import render  # late, because writing writes data too

    shown, spread = page.page_or_none("counterexample"), page.page_or_none("spread")
    others = page.pages("others") if page.has("others") else []  # reports of before have none
    return Exploration(
        findings=tuple(findings),
        runs=page.whole("runs", 1),
        stats=_stats(page, findings),
        counterexample=None if shown is None else _shown(shown),
        others=tuple(map(_shown, others)),
        warnings=page.texts("warnings"),
        compared=page.text("compared"),
        saved=page.texts("saved"),
        claim=page.text("claim"),
        drawn=page.flag("drawn"),
        exhausted=page.flag("exhausted"),
        interrupted=page.flag("interrupted"),
        spread=None if spread is None else _spread(spread),
        render=render,
    )


def _stats(page: Page, findings: list[Finding]) -> Stats:
    seen = [each.page("seen") for each in page.pages("findings")]
    stats = page.page("stats")
    faults = stats.page("faults")
    kinds = stats.page("kinds") if stats.has("kinds") else None  # reports of before have none
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
        kinds={} if kinds is None else {kind: kinds.whole(kind) for kind, _ in kinds.items()},
    )


def _spread(page: Page) -> Spread:
    return Spread(page.whole("runs", 1), *(page.whole(name) for name in Spread._fields[1:]))


def _shown(page: Page) -> Run:
    run = run_in(page)
    if run.clean:
        raise page.refuse("findings", "a list of what the run shows")
    return run
