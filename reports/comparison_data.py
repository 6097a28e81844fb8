"""A comparison as JSON data, and back; and each of its cells by the name that it has in the tables.

    {"pileup_comparison": 1, "title": "documents, by topology", "lines": [...], ...}

A file may come from anywhere: it is only read, and every field has its type
looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from difflib import get_close_matches
from typing import Final

from pileup.errors import UsageError
from pileup.reports.comparison import (
    Ablation,
    Advice,
    Cell,
    Change,
    Claim,
    Comparison,
    Crowd,
    Line,
    Shown,
)
from pileup.reports.pages import Form, Page, json_text
from pileup.reports.run_pages import run_in, run_page

SCHEMA: Final = 1
FORM: Final = Form(
    "pileup_comparison",
    SCHEMA,
    "comparison",
    "`pileup compare` writes one to .pileup/comparison.json.",
)

MOST_NEAR: Final = 4


def write(found: Comparison) -> str:
    """Write a comparison as one JSON object."""
    tables = asdict(replace(found, stories=()))
    stories = [_story(each) for each in found.stories]
    page = {"pileup_comparison": SCHEMA, **tables, "stories": stories}
    return json_text(page)


def _story(each: Shown) -> dict[str, object]:
    named = {"topology": each.topology, "controls": each.controls, "kind": each.kind}
    return {**named, "run": run_page(each.run)}


def read(text: str) -> Comparison:
    """Read what `write` wrote, or say what is wrong with it."""
    return FORM.read(text, _comparison)


# Cells by name -------------------------------------------------------------------------------


def cells(found: Comparison) -> dict[str, Cell]:
    """Return every figure, by the name that `pileup replay` takes: topology/controls/what."""
    return dict(_cells(found))


def token_at(found: Comparison, name: str) -> str:
    """Return the token of the run that shows a figure, or say what was meant."""
    known = {_plainly(each): (each, cell) for each, cell in cells(found).items()}
    each, cell = known.get(_plainly(name), ("", Cell(0.0, 0.0, 0.0)))
    if cell.token:
        return cell.token
    if each:
        raise UsageError(f"{each} is a figure that no single run shows, so there is none to see.")
    near = get_close_matches(_plainly(name), list(known), MOST_NEAR, 0.0)
    raise UsageError(
        f"{name!r} is not in the comparison. A cell is called TOPOLOGY/CONTROLS/WHAT, as in "
        f"{', '.join(known[other][0] for other in near)}."
    )


def _plainly(name: str) -> str:
    """Forgive what is hard to remember: capitals, hyphens and underscores."""
    return name.lower().replace("-", " ").replace("_", " ").strip()


def _cells(found: Comparison) -> Iterator[tuple[str, Cell]]:
    for each in found.ablations:
        for change in each.away:
            yield f"{change.topology}/without {each.control}/{change.what}", change.after
        for change in each.alone:
            yield f"{change.topology}/only {each.control}/{change.what}", change.after
    for crowd in found.crowds:
        for what, cell in crowd.measures.items():
            yield f"crowd of {crowd.instances}/{crowd.controls}/{what}", cell
    for number, claim in enumerate(found.claims, 1):
        yield f"articles/claim/{number}", Cell(0.0, 0.0, 0.0, claim.token)
    for line in found.lines:
        for what, cell in (*line.kinds.items(), *line.measures.items()):
            yield f"{line.topology}/{line.controls}/{what}", cell


# Reading -------------------------------------------------------------------------------------


def _comparison(page: Page) -> Comparison:
    return Comparison(
        title=page.text("title"),
        terms=_texts(page.page("terms")),
        lines=tuple(map(_line, page.pages("lines"))),
        ablations=tuple(map(_ablation, page.pages("ablations"))),
        crowds=tuple(map(_crowd, page.pages("crowds"))),
        claims=tuple(map(_claim, page.pages("claims"))),
        advice=tuple(map(_advice, page.pages("advice"))),
        notes=page.texts("notes"),
        stories=tuple(map(_shown, page.pages("stories"))) if page.has("stories") else (),
    )


def _texts(page: Page) -> dict[str, str]:
    return {name: page.text(name) for name, _ in page.items()}


def _figures(page: Page) -> dict[str, Cell]:
    return {name: _cell(page.page(name)) for name, _ in page.items()}


def _cell(page: Page) -> Cell:
    return Cell(page.real("value"), page.real("low"), page.real("high"), page.text("token"))


def _line(page: Page) -> Line:
    return Line(
        topology=page.text("topology"),
        controls=page.text("controls"),
        shape=page.text("shape"),
        is_anti_pattern=page.flag("is_anti_pattern"),
        runs=page.whole("runs"),
        days=page.whole("days") if page.has("days") else 0,
        clean_below=page.real("clean_below"),
        kinds=_figures(page.page("kinds")),
        measures=_figures(page.page("measures")),
        spreads=_spreads(page.page("spreads")) if page.has("spreads") else {},
    )


def _spreads(page: Page) -> dict[str, tuple[float, ...]]:
    return {name: page.reals(name) for name, _ in page.items()}


def _shown(page: Page) -> Shown:
    run = run_in(page.page("run"))
    return Shown(page.text("topology"), page.text("controls"), page.text("kind"), run)


def _ablation(page: Page) -> Ablation:
    return Ablation(
        control=page.text("control"),
        says=page.text("says"),
        away=tuple(map(_change, page.pages("away"))),
        alone=tuple(map(_change, page.pages("alone"))),
        where=page.texts("where" if page.has("where") else "topologies"),
    )


def _change(page: Page) -> Change:
    before = page.page_or_none("before")
    return Change(
        what=page.text("what"),
        before=None if before is None else _cell(before),
        after=_cell(page.page("after")),
        topology=page.text("topology"),
    )


def _crowd(page: Page) -> Crowd:
    return Crowd(page.whole("instances"), page.text("controls"), _figures(page.page("measures")))


def _claim(page: Page) -> Claim:
    return Claim(
        what=page.text("what"),
        said=page.text("said"),
        measured=page.text("measured"),
        agrees=page.flag("agrees"),
        why=page.text("why"),
        token=page.text("token"),
    )


def _advice(page: Page) -> Advice:
    return Advice(*(page.text(name) for name in ("when", "take", "because")))
