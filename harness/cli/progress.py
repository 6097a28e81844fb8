"""How far long work has come, for somebody who sits before the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from pileup.cli.screen import Screen
from pileup.reports.plain import plain

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from pileup.search.accounts.progress import Progress

PATIENCE: Final = 0.5
"""Seconds that nobody minds waiting."""

PAUSE: Final = 0.1
"""Seconds between two looks, so that showing it costs nothing to speak of."""

BAR: Final = 12
LONGEST: Final = 20
"""So much of a name is shown: its end, which tells one from another."""


Telling: TypeAlias = "Callable[[Progress, float, float], str]"
"""Says how far it has come, after how many seconds, with how many left."""


@contextmanager
def watching(
    screen: Screen, what: str, seconds: float | None = None, *, in_parts: bool = False
) -> Iterator[Watch]:
    """Show how far it has come, if that takes longer than one likes to wait.

    What is done `in_parts`, some long and some short, says nothing of how much is left.
    """
    told = _told_parts if in_parts else _told
    watch = Watch(what, seconds, told, is_seen=screen.is_watched())
    try:
        yield watch
    finally:
        watch.close()


class Watch:
    """Is told of the runs, and shows them; nothing ticks by itself.

    Without a thread of its own, because campaigns fork, and agents may look at threads.
    """

    def __init__(
        self, what: str, seconds: float | None, told: Telling | None = None, *, is_seen: bool
    ) -> None:
        from pileup.search.accounts.stopping import real_seconds

        self._told = told or _told
        self._clock = real_seconds
        self._what = plain(what).replace("\n", " ")[-LONGEST:]
        self._seconds = seconds
        self._begun = self._clock()
        self._next = self._begun + PATIENCE if is_seen else float("inf")
        self._bars: Bars | None = None

    def __call__(self, progress: Progress) -> None:
        """Take note of how far it has come."""
        now = self._clock()
        is_last = self._bars is not None and progress.runs == progress.of
        if now < self._next and not is_last:
            return
        self._next = now + PAUSE
        passed = now - self._begun
        done, of = self._shares(progress, passed)
        told = self._told(progress, passed, of - done)
        if self._bars is None:
            self._bars = _bars()
            self._bars.add_task(self._what, total=of, told=told)
            self._bars.start()
        self._bars.update(self._bars.task_ids[0], completed=done, total=of, told=told)
        self._bars.refresh()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bars is not None:
            self._bars.stop()

    def _shares(self, progress: Progress, passed: float) -> tuple[float, float]:
        """Say how much of the time is over, and how much there is in all."""
        if self._seconds is not None:
            return min(passed, self._seconds), self._seconds
        of = progress.of or progress.runs
        return passed, passed * of / max(progress.runs, 1)


def _told(progress: Progress, passed: float, left: float) -> str:
    of = "" if progress.of is None else f" of {progress.of:,}"
    found = f"{progress.findings} finding{'' if progress.findings == 1 else 's'}"
    rest = f"{_clock(left)} left" if left > 0 else "looking for the plainest run"
    rate = progress.runs / max(passed, 1e-6)
    return f"{progress.runs:,}{of} runs  {rate:,.0f}/s  {found}  {rest}"


def _told_parts(progress: Progress, passed: float, _: float) -> str:
    return f"{progress.runs:,} of {progress.of:,} parts  {_clock(passed)}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    def text(field: str) -> TextColumn:
        return TextColumn(field, markup=False, table_column=Column(no_wrap=True))

    return Progress(
        text("{task.description}"),
        BarColumn(BAR),
        text("{task.fields[told]}"),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        # Agents write where they always do, whatever is shown beside it.
        redirect_stdout=False,
        redirect_stderr=False,
    )
