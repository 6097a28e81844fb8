"""The dullest run: agents one after another, nothing fails. What is wrong here is no race."""

from __future__ import annotations

from pileup.choices import Point


class Dull:
    """Answer 0 to everything but what the user has made certain."""

    name = "dull"
    draws = False

    def begin(self, run: int) -> None:
        """Every run is the same."""

    def choose(self, point: Point) -> int:
        """Let the same agent go on."""
        return point.usual
