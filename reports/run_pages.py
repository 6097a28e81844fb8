"""One run as JSON data, and back: one that shows a finding, or one that stands alone."""

from __future__ import annotations

import json

from pileup.findings import Finding
from pileup.history import History
from pileup.reports.event_pages import look_at, look_at_head
from pileup.reports.pages import Page, is_plain
from pileup.results import Run, Shrunk, Size
from pileup.tokens import decode

# Writing -----------------------------------------------------------------------------------


def run_page(run: Run) -> dict[str, object]:
    """Write a run down, but for what its agents returned and left."""
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


def results_page(run: Run) -> dict[str, object]:
    """Write what agents returned, if it is plain, else of what type it is; null for nothing."""
    return {name: _result(result) for name, result in run.results.items()}


def _result(result: object) -> object:
    return result if is_plain(result) else f"<{type(result).__qualname__}>"


# Reading -----------------------------------------------------------------------------------


def run_in(page: Page) -> Run:
    """Read what `run_page` wrote."""
    token = page.text("token")
    shrunk = page.page_or_none("shrunk")
    return Run(
        findings=tuple(finding_in(each) for each in page.pages("findings")),
        history=_history(page),
        tape=decode(token).tape,
        results={},
        seconds=page.real("seconds"),
        steps=page.whole("steps"),
        token=token,
        faithful=page.flag("faithful"),
        shrunk=None if shrunk is None else _shrunk(shrunk),
    )


def results_in(page: Page) -> dict[str, object]:
    """Read what agents returned."""
    results = page.page("results")
    return {name: results.plain(name) for name, _ in results.items()}


def finding_in(page: Page) -> Finding:
    """Read a finding."""
    for name in ("kind", "severity", "title", "explanation"):
        page.text(name)
    for name in ("resource", "key", "advice", "replay", "mark", "fingerprint"):
        page.text(name)
    page.whole("pileup_finding")
    page.texts("agents")
    page.wholes("evidence")
    receipt = page.page("receipt")
    for name in receipt.names():
        receipt.plain(name)
    return Finding.from_json(json.dumps(dict(page.items())))


def _history(page: Page) -> History:
    lines = page.pages("history")
    for line in lines[:1]:
        look_at_head(line)
    for line in lines[1:]:
        look_at(line)
    told = History.parse(json.dumps(dict(line.items())) for line in lines)
    sites = page.page("sites")
    places = {int(each): sites.text(each) for each, _ in sites.items() if each.isdecimal()}
    return History(told.agents, told.rows, told.parents, places)


def _shrunk(page: Page) -> Shrunk:
    before, after = page.page("before"), page.page("after")
    sizes = [Size(*(each.whole(name) for name in Size._fields)) for each in (before, after)]
    return Shrunk(sizes[0], sizes[1], *(page.whole(name) for name in Shrunk._fields[2:]))
