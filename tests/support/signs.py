"""Detectors that are all asked, and held to it that they find nothing without their sign."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pileup.detectors import registry
from pileup.detectors.case import Case
from pileup.detectors.glance import always
from pileup.detectors.registry import DETECTORS, Ours
from pileup.findings import Finding


@pytest.fixture(autouse=True)
def watched_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask every detector of every history, whatever there is to be seen at a glance."""
    monkeypatch.setattr(registry, "DETECTORS", [Ours(Watched(each), always) for each in DETECTORS])


class Watched:
    """One detector that is asked without its sign, and complains if that was not there."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours

    def __call__(self, case: Case) -> Iterator[Finding]:
        for finding in self._ours.find(case):
            sign = self._ours.sign
            assert sign(case.glance), f"{finding.kind} is found where nothing is {sign.__name__}"
            yield finding
