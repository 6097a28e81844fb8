"""Explorations and runs as one page to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pileup.reports.html.drawing import MOST_FOLDED, Drawing, Piece, pieces
from pileup.reports.html.environment import page
from pileup.reports.story.model import Shown, Story, Told

ROOM: Final = MOST_FOLDED // 10
"""Moments in the folds of each run but the first."""


class Scene(NamedTuple):
    """A run that is drawn, with the finding of that number, or after all of them."""

    shown: Shown
    drawing: Drawing
    place: int | None

    @property
    def name(self) -> str:
        """Return what its parts are called by; no other on the page is called so."""
        return self.drawing.name


class Part(NamedTuple):
    """One story of a page, under a name that no other has, and its runs."""

    story: Story
    name: str
    scenes: tuple[Scene, ...]

    def scene(self, told: Told) -> Scene | None:
        """Return the run that a finding's events are of."""
        return None if told.run is None else self.scenes[told.run]

    def pieces(self, told: Told, line: str) -> list[Piece]:
        """Part a sentence, so that events lead to where they are drawn."""
        scene = self.scene(told)
        return [*pieces(line, () if scene is None else scene.drawing.numbers)]


def render(stories: Sequence[Story]) -> str:
    """Write a page that tells them one after another."""
    return page("stories.html.j2", {"parts": [_part(*each) for each in enumerate(stories, 1)]})


def _part(number: int, story: Story) -> Part:
    name = f"s{number}"
    return Part(story, name, tuple(_scenes(story, name)))


def _scenes(story: Story, name: str) -> Iterator[Scene]:
    """Draw each run once: with the first finding that it shows, if there are findings by runs."""
    for number, shown in enumerate(story.runs):
        first = number == 0
        called, room = (name, MOST_FOLDED) if first else (f"{name}r{number + 1}", ROOM)
        told = (each.number for each in story.findings if each.run == number)
        place = None if story.is_run else next(told, None)
        yield Scene(shown, Drawing(shown.diagram, called, room), place)
