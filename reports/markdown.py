"""Explorations and runs as Markdown, for a pull request or the summary of a CI step.

A line for each finding, and the story as text, folded. What agents and models
have named stands in code alone: there it mentions nobody, links to nothing and
is no markup, and nothing in it can close the code that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pileup.reports import text
from pileup.reports.plain import name, plain
from pileup.reports.story.model import Story

TICKS: Final = re.compile("`+")
BARE: Final = re.compile(r"[\w ,:%]+", re.ASCII)
"""What means nothing in Markdown; a strategy may claim anything."""

LEAST: Final = 3
TITLE: Final = 300


def render(stories: Sequence[Story]) -> str:
    """Write stories one after another."""
    return "\n".join(line for story in stories for line in _story(story)).rstrip()


def _story(told: Story) -> Iterator[str]:
    yield f"## pileup: {_heading(told.headline)}"
    yield ""
    if told.name:
        yield from (code(told.name), "")
    for line in (*told.saved, *(f"warning: {each}" for each in told.warnings)):
        yield f"- {code(line)}"
    for finding in told.findings:
        # How often is enough here; which strategy was first has a name that may be anybody's.
        seen = finding.seen.partition(",")[0]
        title = f"**{code(finding.kind)}** ({finding.severity}): {code(finding.title)}"
        yield f"- {title}{f', {seen}' if seen else ''}"
    if told.saved or told.warnings or told.findings:
        yield ""
    is_sure = told.clean and not told.is_run
    title = "How sure that is" if is_sure else "The whole story, and how to see it again"
    yield from folded(title, text.story(told))


def _heading(headline: str) -> str:
    return headline if BARE.fullmatch(headline) else code(headline)


def folded(title: str, story: str) -> Iterator[str]:
    """Write a text that is seen once somebody opens it."""
    fence = _ticks(story, LEAST)
    yield from ("<details>", f"<summary>{title}</summary>", "")
    yield from (f"{fence}text", plain(story), fence, "", "</details>", "")


def code(text: str) -> str:
    """Put one line into code, whatever stands in it."""
    line = name(text, TITLE)
    ticks = _ticks(line, 1)
    pad = " " if "`" in (line[:1], line[-1:]) or line.isspace() else ""
    return f"{ticks}{pad}{line}{pad}{ticks}" if line else ""


def _ticks(text: str, least: int) -> str:
    """Return more backticks than stand in a row in a text."""
    longest = max((len(found) for found in TICKS.findall(text)), default=0)
    return "`" * max(least, longest + 1)
