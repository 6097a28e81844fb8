"""Each test here runs pytest in a folder of its own, as a user would."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import anyio.to_thread
import pytest
import trio
from support.sessions import Session, on_its_own, without_others

import pileup
import pileup.fakes
import pileup.reports
import pileup.scenarios

# pytester forgets what a session has imported; half of a package would be there twice.
for package in (pileup, pileup.fakes, pileup.reports, pileup.scenarios):
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not each.name.endswith("__main__"):
            import_module(each.name)
LOOPS = (trio, anyio.to_thread)  # imported here for the same reason


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    on_its_own(monkeypatch)
    monkeypatch.setenv("COLUMNS", "200")
    pytester.makeini("[pytest]")  # or a folder above might pass for the root

    def run(text: str, *arguments: str, using: tuple[str, ...] = ()) -> pytest.RunResult:
        if text:
            pytester.makepyfile(test_it=text)
        return pytester.runpytest_inprocess(*without_others(using), *arguments)

    return run
