"""docs/gallery, made by `PYTHONPATH=tests python -m support.gallery`: pages of some findings.

They are of programs of the corpus, and of the demo. Their replay tokens are left
out: they change with every choice that is added anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from corpus import table
from corpus.labels import BUGS

import pileup
from pileup.reports.html.story_page import render
from pileup.reports.recipe import Recipe
from pileup.reports.story.telling import tell
from pileup.scenarios.config_race import RACE

FOLDER: Final = Path(__file__).parents[2] / "docs" / "gallery"
TOKEN: Final = re.compile(r"pileup1-[\w-]+")
NO_TOKEN: Final = "pileup1-…"


class Exhibit(NamedTuple):
    """A page of the gallery: what it is of, and what made it."""

    name: str
    program: str
    explore: Callable[[], pileup.Exploration]


def _of(program: str) -> Exhibit:
    bug = BUGS[program]
    return Exhibit(bug.kind, program, bug.explore)


EXHIBITS: Final = (
    Exhibit("lost_write", "config_race:RACE", lambda: pileup.explore(RACE)),
    _of("tries_three_times_in_three_layers"),
    _of("pays_again_when_no_answer_comes"),
    _of("shows_the_model_all_customers"),
    _of("takes_two_locks_in_any_order"),
    _of("orders_what_the_model_says"),
)


def page(exhibit: Exhibit) -> str:
    """Make a page as it is kept."""
    recipe = Recipe(lambda token: f"pileup replay {token} {exhibit.program}")
    return TOKEN.sub(NO_TOKEN, render([tell(exhibit.explore(), recipe, exhibit.program)]))


def write() -> None:
    """Write all pages anew."""
    FOLDER.mkdir(exist_ok=True)
    for each in EXHIBITS:
        (FOLDER / f"{each.name}.html").write_text(page(each), "utf-8")


if __name__ == "__main__":
    assert table.MODULES
    write()
