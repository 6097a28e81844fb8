"""Reports as files: the end of a file's name says what it is written as.

`.json` is data, `.html` a page to look at, `.md` Markdown; all else is text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from pileup.errors import UsageError
from pileup.reports import data
from pileup.reports.data import Told, ToldRun
from pileup.reports.recipe import IN_PYTHON, Recipe
from pileup.reports.story.model import Story
from pileup.reports.story.telling import tell, tell_run
from pileup.results import Exploration
from pileup.tokens import decode

JSON: Final = ".json"
PAGES: Final = (".html", ".htm")

Asked: TypeAlias = Told | ToldRun
Recipes: TypeAlias = Callable[[str], Recipe]
"""How runs are seen again of what has been explored under a name."""


def write(path: Path, told: Sequence[Asked], recipes: Recipes) -> Path:
    """Write reports into a file, as its name says; return where."""
    return put(path, spelled(told, path.suffix, recipes))


def put(path: Path, text: str) -> Path:
    """Put a text into a file, or say why it cannot be; return where."""
    try:
        path.write_text(f"{text}\n", "utf-8", "backslashreplace")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}). Name a file that can be."
        ) from None
    return path


def spelled(told: Sequence[Asked], suffix: str, recipes: Recipes) -> str:
    """Spell reports as a file with such an end of its name has them."""
    if suffix == JSON:
        return _as_data(told)
    stories = [_story(each, recipes(each.name)) for each in told]
    return FORMATS.get(suffix, _as_text)(stories)


def render(found: Exploration, suffix: str = "") -> str:
    """Spell an exploration that tells itself; how it is replayed is said in Python."""
    shown = found.counterexample
    called = decode(shown.token).program if shown is not None and suffix else ""
    return spelled([Told(called, found)], suffix, lambda _: IN_PYTHON)


def _story(told: Asked, recipe: Recipe) -> Story:
    if isinstance(told, ToldRun):
        return tell_run(told.run, recipe, told.name)
    return tell(told.exploration, recipe, told.name)


def _as_data(told: Sequence[Asked]) -> str:
    runs = [each for each in told if isinstance(each, ToldRun)]
    explorations = [each for each in told if isinstance(each, Told)]
    if not runs:
        return data.write(explorations)
    if len(told) > 1:
        raise UsageError(
            f"A {JSON} file holds explorations, or one run; here are {len(told)} reports, and "
            f"{runs[0].name} is a run. Give one FILE, or write .html, .md or .txt."
        )
    return data.write_run(runs[0])


def _as_text(stories: Sequence[Story]) -> str:
    from pileup.reports.text import story

    if len(stories) == 1:
        return story(stories[0])
    return "\n\n".join(f"{each.name}\n{'=' * len(each.name)}\n{story(each)}" for each in stories)


def _as_markdown(stories: Sequence[Story]) -> str:
    from pileup.reports.markdown import render as markdown

    return markdown(stories)


def _as_page(stories: Sequence[Story]) -> str:
    # Late, because what fills templates takes a while to import, and few runs want a page.
    from pileup.reports.html.story_page import render as page

    return page(stories)


FORMATS: Final[dict[str, Callable[[Sequence[Story]], str]]] = {
    **dict.fromkeys(PAGES, _as_page),
    ".md": _as_markdown,
}
