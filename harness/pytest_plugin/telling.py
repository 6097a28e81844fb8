"""The end of a session: how much was explored, what was found, what is fixed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pileup.pytest_plugin.entries import Entry

VERBOSE: Final = 1
FEW: Final = 10
"""Of so few runs a rate says nothing."""


def tell(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the section `pileup` of a session that has explored anything."""
    reports = [each for reports in reporter.stats.values() for each in reports]
    told = [each for each in reports if hasattr(each, "pileup")]
    entries = [entry for each in told if not hasattr(each, "wasxfail") for entry in each.pileup]
    expected = sum(len(each.pileup) for each in told) - len(entries)
    reporter.write_sep("=", "pileup")
    reporter.write_line(_total(entries, expected))
    lines = [
        f"{entry['test']}: {line}"
        for entry in entries
        for line in _lines(entry, config.get_verbosity())
    ]
    for line in dict.fromkeys(lines):  # what each of many examples says is said once
        reporter.write_line(line)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for entry in entries:
            for line in _annotations(entry, config.rootpath):
                reporter.write_line(line)


def _total(entries: list[Entry], expected: int) -> str:
    runs, seconds = sum(each["runs"] for each in entries), sum(each["seconds"] for each in entries)
    marks = {(each["program"], one["fingerprint"]) for each in entries for one in each["findings"]}
    parts = [_many(len(entries), "exploration"), _many(runs, "run")]
    parts += [f"{runs / seconds:,.0f} runs per second"] if seconds and runs >= FEW else []
    parts += [f"{expected:,} expected to fail"] if expected else []
    found = _many(len(marks), "distinct finding") if marks else "nothing found"
    return f"{', '.join(parts)}: {found}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _lines(entry: Entry, verbosity: int) -> Iterator[str]:
    yield from (f"{one['kind']}: {_first(one['title'])}" for one in entry["findings"])
    yield from entry["saved"]
    if not entry["findings"]:  # a test that fails tells of its warnings itself
        yield from (f"warning: {said}" for said in entry["warnings"])
    if verbosity >= VERBOSE and entry["strength"]:
        yield f"{entry['strength']}."


def _first(text: str) -> str:
    return text.partition("\n")[0]


def _annotations(entry: Entry, root: Path) -> Iterator[str]:
    """Point at the test on the page of a pull request."""
    path = _in_workspace(root / entry["path"])
    for one in entry["findings"]:
        where = f"file={_property(path)},line={entry['line']}"
        title = _property(f"pileup: {one['kind']}")
        yield f"::error {where},title={title}::{_message(entry['test'] + ': ' + one['title'])}"


def _in_workspace(path: Path) -> str:
    workspace = os.environ.get("GITHUB_WORKSPACE", "")
    inside = bool(workspace) and path.is_relative_to(workspace)
    return (path.relative_to(workspace) if inside else path).as_posix()


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
