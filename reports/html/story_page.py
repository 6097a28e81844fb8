"""Explorations and runs as one page to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pileup.reports.html.drawing import Drawing, Piece, pieces
from pileup.reports.html.environment import page
from pileup.reports.story.model import Story, Told


class Part(NamedTuple):
    """One story of a page, and its diagram, under a name that no other has."""

    story: Story
    name: str
    drawing: Drawing | None

    def pieces(self, told: Told, line: str) -> list[Piece]:
        """Part a sentence, so that events lead to the diagram if they are of the run there."""
        is_there = self.drawing is not None and not told.elsewhere
        return [*pieces(line, self.drawing.numbers if self.drawing and is_there else ())]


def render(stories: Sequence[Story]) -> str:
    """Write a page that tells them one after another."""
    return page("stories.html.j2", {"parts": [_part(*each) for each in enumerate(stories, 1)]})


def _part(number: int, story: Story) -> Part:
    name = f"s{number}"
    drawing = None if story.shown is None else Drawing(story.shown.diagram, name)
    return Part(story, name, drawing)
