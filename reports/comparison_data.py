"""A comparison as JSON data, and back; and each of its cells by the name that it has in the tables.

    {"pileup_comparison": 1, "title": "documents, by topology", "lines": [...], ...}

A file may come from anywhere: it is only read, and every field has its type
looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
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
)
from pileup.reports.pages import Page

SCHEMA: Final = 1
LARGEST: Final = 100_000_000
"""Letters: tokens are long."""

MOST_NEAR: Final = 4


def write(found: Comparison) -> str:
    """Write a comparison as one JSON object."""
    return json.dumps({"pileup_comparison": SCHEMA, **asdict(found)}, indent=1, allow_nan=False)


def read(text: str) -> Comparison:
    """Read what `write` wrote, or say what is wrong with it."""
    if len(text) > LARGEST:
        raise _unread(f"it is longer than {LARGEST:,} letters")
    try:
        page = Page(json.loads(text), "the comparison")
        if not page.has("pileup_comparison"):
            raise UsageError("it has no 'pileup_comparison'")
        if (schema := page.whole("pileup_comparison")) != SCHEMA:
            raise UsageError(f"it is of format {schema}, and this pileup reads format {SCHEMA}")
        return _comparison(page)
    except (ValueError, RecursionError) as error:
        told = f"it is not JSON ({error})"
        raise _unread(told) from None
    except UsageError as error:
        raise _unread(str(error).removesuffix(".")) from None


def _unread(why: str) -> UsageError:
    return UsageError(
        f"This is no comparison: {why}. `pileup compare` writes one to .pileup/comparison.json."
    )


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
        clean_below=page.real("clean_below"),
        kinds=_figures(page.page("kinds")),
        measures=_figures(page.page("measures")),
    )


def _ablation(page: Page) -> Ablation:
    return Ablation(
        control=page.text("control"),
        says=page.text("says"),
        away=tuple(map(_change, page.pages("away"))),
        alone=tuple(map(_change, page.pages("alone"))),
        topologies=page.texts("topologies"),
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
