"""The table below pytest-benchmark's own: what is not measured, and so is the same on any machine.

With `--benchmark-compare` it has a line for each saved figure as well, because
pytest-benchmark compares nothing but real time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:  # it need not be installed
    from pytest_benchmark.session import BenchmarkSession

TITLE: Final = "pileup: what is the same on every machine (virtual seconds)"
COLUMNS: Final = {
    "findings_per_1000_runs": ("findings/1000 runs", ",.1f"),
    "completed": ("completed", ".1%"),
    "virtual_seconds_p50": ("p50 s", ",.3f"),
    "virtual_seconds_p95": ("p95 s", ",.3f"),
    "attempts_per_call": ("attempts/call", ",.3f"),
    "tokens_per_run": ("tokens/run", ",.0f"),
    "dollars_per_run": ("$/run", ",.4f"),
}
"""The figures that are shown, each with its heading and how it is written."""

Info = Mapping[str, Any]  # Any: what is read from a file that somebody else may have written


class Table:
    """A plugin that writes the figures of all tests of a session that have some."""

    def __init__(self, session: BenchmarkSession) -> None:
        self._session = session

    # First, because pytest-benchmark ends the summary where times have regressed.
    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the table."""
        lines = list(self._lines())
        if not lines or self._session.quiet:
            return
        terminalreporter.write_sep("-", TITLE)
        for line in _in_columns([_headings(), *lines]):
            terminalreporter.write_line(line)

    def _lines(self) -> Iterator[list[str]]:
        for _, benchmarks in self._session.groups or ():
            for bench in benchmarks:
                info = self._info(bench)
                if info.keys() >= COLUMNS.keys():
                    yield [self._session.name_format(bench), *_cells(info)]

    def _info(self, bench: Mapping[str, Any]) -> Info:  # Any: as above
        """Return the figures of a line, those that were saved where the line was."""
        for path, saved in (self._session.compared_mapping or {}).items():
            if bench["path"] == str(path):
                found: Info = saved[bench["fullname"]].get("extra_info", {})
                return found
        own: Info = bench["extra_info"]
        return own


def _headings() -> list[str]:
    return ["Name", *(heading for heading, _ in COLUMNS.values())]


def _cells(info: Info) -> Iterator[str]:
    for name, (_, form) in COLUMNS.items():
        value = info[name]
        yield "-" if value is None else format(value, form)


def _in_columns(lines: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *cells in lines:
        right = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "   ".join([name.ljust(widths[0]), *right])
