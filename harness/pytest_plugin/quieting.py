"""What agents print and log: hundreds of runs would bury the one that is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from logging import LogRecord
from typing import Any, NamedTuple

import pytest

import pileup
from pileup.fakes import World
from pileup.sim.traced import TracedSim


class Text(NamedTuple):
    """What was written to the two streams."""

    out: str = ""
    err: str = ""


class Output:
    """What is captured of a test; it begins with what the test has printed so far."""

    def __init__(self, item: pytest.Item) -> None:
        plugins = item.config.pluginmanager
        self._capture: Any = plugins.getplugin("capturemanager")  # Any: it has no public type
        logging: Any = plugins.getplugin("logging-plugin")  # Any: it has no public type
        self._records: Any = logging and logging.report_handler  # Any: the same
        self._before = self._take()
        self._shown = Text()
        self._showing = False

    def keep(self) -> None:
        """Leave everything as it was printed."""
        after = self._take()
        _write(self._before)
        _write(after)

    def replay(self, token: str, scenario: pileup.Scenario) -> pileup.Run:
        """Forget what all runs have printed and logged, and have one of them do it again."""
        with self._silence():
            run = pileup.replay(token, replace(scenario, setup=self._beginning(scenario)))
            self._end()
        _write(self._before)
        _write(self._shown)
        return run

    def _beginning(self, scenario: pileup.Scenario) -> Callable[[pileup.Sim], object]:
        """Tell the run that is shown from those that the serial oracle asks for after it."""
        setup = scenario.setup or World

        def begin(sim: pileup.Sim) -> object:
            self._end()
            if isinstance(sim, TracedSim):  # it may have to start over, and the last one counts
                self._begin()
            return setup(sim)

        return begin

    def _begin(self) -> None:
        self._showing = True
        self._take()
        if self._records is not None:
            self._records.reset()

    def _end(self) -> None:
        printed = self._take()
        if self._showing:
            self._shown = printed
        self._showing = False

    @contextmanager
    def _silence(self) -> Iterator[None]:
        """Let nothing be logged but by the run that is shown."""
        if self._records is None:
            yield
            return
        self._records.reset()
        self._records.addFilter(self._is_shown)
        try:
            yield
        finally:
            self._records.removeFilter(self._is_shown)

    def _is_shown(self, _: LogRecord) -> bool:
        return self._showing

    def _take(self) -> Text:
        if self._capture is None or not self._capture.is_globally_capturing():
            return Text()
        return Text(*self._capture.read_global_capture())


def _write(text: Text) -> None:
    sys.stdout.write(text.out)
    sys.stderr.write(text.err)
