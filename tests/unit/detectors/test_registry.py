"""The registry: all detectors are asked, users' as well, and shadows are left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import pileup
from pileup.detectors import DETECTORS, KINDS, detect, detector, registry, told
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.findings import SEVERITIES, Finding
from pileup.history import History


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_added", {})


def negative(history: History) -> Iterator[Finding]:
    for event in history:
        if event.name == "write" and event.detail == -1:
            yield Finding("below_zero", "high", "x is below zero", "", evidence=(event.number,))


async def overdraws(world: World) -> None:
    await world.memory.set("balance", -1)


def test_a_detector_of_ones_own_is_a_function_and_one_line() -> None:
    assert detect(told("a:w x1=-1")) == []
    assert detector(negative) is negative
    assert [finding.kind for finding in detect(told("a:w x1=-1"))] == ["below_zero"]


def test_it_is_asked_in_every_run_of_an_exploration() -> None:
    pileup.detector(negative)
    found = pileup.explore(overdraws, agents=1, runs=3)
    assert [finding.title for finding in found.findings] == ["x is below zero"]
    assert pileup.replay(found.findings[0].replay, overdraws).findings == found.findings


def test_it_may_find_nothing_and_return_nothing() -> None:
    @detector
    def silent(_: History) -> Any:
        return None

    assert detect(told("a:r x")) == []


def test_what_is_no_finding_is_refused_with_the_detectors_name() -> None:
    @detector
    def talks(_: History) -> Any:
        return ["something is wrong"]

    with pytest.raises(UsageError, match=r"talks gave 'something is wrong', which is no finding"):
        detect(told("a:r x"))


def test_two_detectors_of_one_name_are_refused() -> None:
    detector(negative)
    detector(negative)  # the same one again: a module that was imported twice

    def other(_: History) -> Iterator[Finding]:
        yield from ()

    other.__name__ = "negative"
    with pytest.raises(
        UsageError, match=r"two detectors called 'negative': .*negative and .*other"
    ):
        detector(other)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Write @pileup\.detector above"):
        detector(3)  # type: ignore[type-var]


def test_a_shadow_is_left_out_if_it_speaks_of_the_same_events() -> None:
    @detector
    def shadows(_: History) -> Iterator[Finding]:
        yield Finding("write_skew", "high", "shadow", "", evidence=(2, 9))
        yield Finding("write_skew", "high", "another", "", mark="2", evidence=(7, 9))

    titles = [finding.title for finding in detect(told("a:r x1, b:r x1, a:w x2, b:w x3"))]
    assert len(titles) == 2
    assert "shadow" not in titles


def test_findings_come_worst_first_and_each_once() -> None:
    @detector
    def many(_: History) -> Iterator[Finding]:
        for severity in ("low", "critical", "medium", "low"):
            yield Finding("mine", severity, severity, "", mark=severity)

    assert [finding.title for finding in detect(told("a:r x"))] == ["critical", "medium", "low"]


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_says_what_it_proves_and_what_removes_it(name: str) -> None:
    kind = KINDS[name]
    assert kind.severity in SEVERITIES
    assert kind.proves
    assert kind.advice
    assert name not in kind.implies


def test_nothing_is_found_where_nothing_happened() -> None:
    assert DETECTORS
    assert detect(told("")) == []
