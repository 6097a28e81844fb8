"""Hypothesis answers: what is unusual about a run is drawn, and shrinks with all else drawn.

    @given(st.data(), st.integers(2, 5))
    def test_nothing_is_lost(data, agents):
        strategy = Hypothesis(data)
        pileup.explore(add_entry, agents=agents, runs=1, strategy=strategy).assert_clean()

Drawn are the questions to which the answer is not the dullest one, and which
answer that is. So fewer and earlier ones are simpler for its shrinker, and its
example database and its reproduction of failures work as ever. All of it is
drawn before the run begins, because in a run the random source is the run's.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from pileup.choices import STREAMS, Point, Stream

LENGTH: Final = 30
MOST_OPTIONS: Final = 255


class Hypothesis:
    """Draws where a run deviates from the dullest; `length` is about how many choices it has."""

    name = "hypothesis"

    def __init__(self, data: st.DataObject, *, length: int = LENGTH) -> None:
        self._data = data
        self._deviations = st.dictionaries(
            st.integers(0, length - 1), st.integers(1, MOST_OPTIONS), max_size=length
        )
        self._drawn: dict[Stream, dict[int, int]] = {}
        self._asked: dict[Stream, int] = {}
        self._run = -1

    def begin(self, run: int) -> None:
        """Draw what is unusual about this run."""
        if run != self._run:  # an explorer may have to start one over
            self._run = run
            self._drawn = {stream: self._draw(stream) for stream in STREAMS}
        self._asked = dict.fromkeys(STREAMS, 0)

    def choose(self, point: Point) -> int:
        """Answer as drawn, else as usual."""
        asked = self._asked[point.stream]
        self._asked[point.stream] = asked + 1
        answer = self._drawn[point.stream].get(asked)
        return point.usual if answer is None else answer % point.count

    def _draw(self, stream: Stream) -> dict[int, int]:
        return self._data.draw(self._deviations, label=stream)
