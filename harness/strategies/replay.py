"""Replay: read the answers from a tape, and notice when the program is no longer the same.

A labelled tape knows each choice by what it did. Where the label is still on
offer, even under another number, the replay follows it; where it is not, the
program has changed, and the replay says at which step and how.
"""

from __future__ import annotations

from pileup.choices import STREAMS, Point, Stream, Tape
from pileup.errors import Diverged

SHOWN_OPTIONS = 8


class Replay:
    """Answer from a tape; beyond its end everything is dull.

    With `labelling` the options' names are noted, so that `labelled` is the
    same tape with every choice named. `shifts` counts the choices that were
    found under another number.
    """

    name = "replay"
    draws = False

    def __init__(self, tape: Tape, *, labelling: bool = False) -> None:
        self._tape = tape
        self._labelling = labelling
        self._next: dict[Stream, int] = dict.fromkeys(STREAMS, 0)
        self._played: dict[Stream, list[int]] = {stream: [] for stream in STREAMS}
        self._seen: dict[Stream, list[str]] = {stream: [] for stream in STREAMS}
        self.shifts = 0

    def begin(self, run: int) -> None:
        """Wind back to the start."""
        self._next = dict.fromkeys(STREAMS, 0)
        self._played = {stream: [] for stream in STREAMS}
        self._seen = {stream: [] for stream in STREAMS}
        self.shifts = 0

    def choose(self, point: Point) -> int:
        """Read the next answer."""
        step = self._next[point.stream]
        self._next[point.stream] = step + 1
        index = self._read(point, step)
        self._played[point.stream].append(index)
        if self._labelling:
            self._seen[point.stream].append(point.option(index))
        return index

    def _read(self, point: Point, step: int) -> int:
        choices = self._tape.stream(point.stream)
        if step >= len(choices):
            return 0
        index = choices[step]
        labels = self._tape.labels.get(point.stream, ())
        if step >= len(labels):
            if index < point.count:
                return index
            raise self._diverged(point, step, f"option {index}")
        if index < point.count and point.option(index) == labels[step]:
            return index
        return self._follow(point, step, labels[step])

    def _follow(self, point: Point, step: int, label: str) -> int:
        options = point.options() if point.stream == "schedule" else []
        if label not in options:
            raise self._diverged(point, step, f"'{label}'")
        self.shifts += 1
        return options.index(label)

    def _diverged(self, point: Point, step: int, expected: str) -> Diverged:
        shown = [f"'{point.option(each)}'" for each in range(min(point.count, SHOWN_OPTIONS))]
        if point.count > SHOWN_OPTIONS:
            shown.append(f"{point.count - SHOWN_OPTIONS} more")
        return Diverged(
            f"The tape no longer fits this program: at step {step + 1} of the {point.stream} it "
            f"chose {expected}, but the options are {', '.join(shown)}. Probably the agent, its "
            "setup or the number of agents has changed since the tape was recorded; if nothing "
            "changed, the agent depends on something that pileup does not control (see "
            "docs/determinism.md). Explore again for a fresh token."
        )

    @property
    def labelled(self) -> Tape:
        """The tape as it was played, every choice named."""
        labels = {stream: tuple(names) for stream, names in self._seen.items() if names}
        schedule, faults, data = (tuple(self._played[stream]) for stream in STREAMS)
        return Tape(schedule, faults, data, labels).trimmed()
