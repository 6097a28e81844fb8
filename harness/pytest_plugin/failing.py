"""What a failed test says: what was found, then the run that shows the worst of it, as a story."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

import pytest
from _pytest._code.code import ExceptionRepr, ReprExceptionInfo, ReprFileLocation

from pileup.errors import PileupError
from pileup.pytest_plugin.conducting import LOG
from pileup.pytest_plugin.entries import entry_of, properties_of
from pileup.pytest_plugin.replaying import recipe_of
from pileup.reports.recipe import IN_PYTHON, Recipe
from pileup.reports.text import counterexample, summary
from pileup.results import Exploration, NotClean

MARK: Final = "pileup"
NEWLINE: Final = "\n"
STORY: Final = "pileup: what was found"
SHOWN: Final = "pileup: one run that shows it"


def report_of(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make the report of a test, with what its explorations have found."""
    explored = item.stash.get(LOG, [])
    item.stash[LOG] = []
    item.user_properties += properties_of(explored)
    error = None if call.excinfo is None else _cause(call.excinfo.value)
    is_agent = call.when == "call" and item.get_closest_marker(MARK) is not None
    recipe = IN_PYTHON
    if isinstance(error, NotClean):  # told at length below, and once
        if any(each.found is error.found for each in explored):
            recipe = recipe_of(item)
        error.args = (summary(error.found, recipe) if is_agent else headline(error.found),)
    report = yield
    if explored:
        report.pileup = [entry_of(item, each) for each in explored]  # type: ignore[attr-defined] # pytest sends it along
    if call.excinfo is not None and report.failed:
        if is_agent and isinstance(error, NotClean | PileupError):
            report.longrepr = _plain(item, call.excinfo)
        if isinstance(error, NotClean) and isinstance(report.longrepr, ExceptionRepr):
            if not is_agent:
                report.longrepr.addsection(STORY, summary(error.found, recipe))
            _tell(report.longrepr, error.found, recipe)
    return report


def _cause(error: BaseException) -> BaseException:
    """Take one error out of the groups that nurseries and task groups make of it."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def headline(found: Exploration) -> str:
    """Say in a line what was found."""
    worst, *others = found.findings
    more = f" (and {len(others)} more)" if others else ""
    return f"{worst.kind} ({worst.severity}): {worst.title.partition(NEWLINE)[0]}{more}"


def _plain(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]) -> ExceptionRepr:
    """Show the message without a traceback, which would be one of pileup's own code."""
    shown = excinfo.getrepr(style="value")
    assert isinstance(shown, ExceptionRepr)
    path, line, _ = item.location
    error = excinfo.value
    message = headline(error.found) if isinstance(error, NotClean) else str(error)
    crash = ReprFileLocation(path, (line or 0) + 1, message)
    return ReprExceptionInfo(shown.reprtraceback, crash)


def _tell(shown: ExceptionRepr, found: Exploration, recipe: Recipe) -> None:
    """Add the story, in a section that no option about captured output hides."""
    if found.counterexample is not None:
        lines = [counterexample(found, recipe), *_warnings(found)]
        shown.addsection(SHOWN, "\n".join(lines))


def _warnings(found: Exploration) -> Iterator[str]:
    yield from (f"warning: {each}" for each in found.warnings)
