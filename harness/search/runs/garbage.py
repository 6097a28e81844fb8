"""What is left behind between runs: collected when it is time, and never while a run is on."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

RUNS_BETWEEN_COLLECTIONS: Final = 64

STEPS_BETWEEN_COLLECTIONS: Final = 200_000
"""The same where runs are long: what so many steps leave behind is some 100 MB."""


@contextmanager
def unawaited() -> Iterator[None]:
    """Let go of coroutines that only an event loop could have awaited, without a complaint."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* was never awaited", RuntimeWarning)
        yield
        gc.collect()  # now, because agents and their run refer to each other


def forget(error: BaseException | None) -> None:
    """Let go of a failed attempt and what its frames hold."""
    with unawaited():
        while error is not None:
            error.__traceback__, error.__cause__ = None, None
            error.__context__, error = None, error.__context__


@contextmanager
def resting_collector() -> Iterator[Tidy]:
    """Keep the garbage collector out of runs: it costs time, and its moments are no choice."""
    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield Tidy()
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


class Tidy:
    """Collects between runs, every so many."""

    def __init__(self) -> None:
        self._steps = 0

    def __call__(self, number: int) -> None:
        """Collect if it is time, after so many runs."""
        if number % RUNS_BETWEEN_COLLECTIONS == RUNS_BETWEEN_COLLECTIONS - 1:
            self._collect()

    def after(self, steps: int) -> None:
        """Collect if it is time, after a run of so many steps."""
        self._steps += steps
        if self._steps >= STEPS_BETWEEN_COLLECTIONS:
            self._collect()

    def _collect(self) -> None:
        self._steps = 0
        gc.collect()
