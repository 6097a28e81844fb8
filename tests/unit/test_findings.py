"""Findings: known again in another run, and the same after a trip through JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileup.errors import UsageError
from pileup.findings import SCHEMA, SEVERITIES, Finding

unhurried = settings(deadline=None)  # because no verdict may hang on a real clock

LOST = Finding(
    kind="lost_write",
    severity="high",
    title="a-0 lost its entry",
    explanation="a-1 wrote what it had read before a-0 wrote.",
    resource="files",
    key="config.json",
    agents=("a-0", "a-1"),
    evidence=(2, 3, 5),
    receipt={"read": 0, "written": 2, "by": "a-1", "share": 0.5, "sure": True, "cause": None},
    advice="compare and set",
    replay="pileup1-00-x",
    mark="agent.py:12",
)

BRIEFS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
FINDINGS = st.builds(
    Finding,
    kind=st.text(),
    severity=st.sampled_from(SEVERITIES),
    title=st.text(),
    explanation=st.text(),
    resource=st.text(),
    key=st.text(),
    agents=st.lists(st.text()).map(tuple),
    evidence=st.lists(st.integers(0)).map(tuple),
    receipt=st.dictionaries(st.text(), BRIEFS),
    advice=st.text(),
    replay=st.text(),
    mark=st.text(),
)


@pytest.mark.parametrize(
    "other",
    [
        replace(LOST, agents=("b-7", "b-9")),
        replace(LOST, evidence=(40, 41)),
        replace(LOST, title="b-7 lost its entry", explanation="otherwise"),
        replace(LOST, receipt={}, replay="", advice=""),
        replace(LOST, severity="low"),
    ],
)
def test_the_same_bug_in_another_run_has_the_same_fingerprint(other: Finding) -> None:
    assert other.fingerprint == LOST.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        replace(LOST, kind="torn_read"),
        replace(LOST, resource="memory"),
        replace(LOST, key="other.json"),
        replace(LOST, mark="agent.py:99"),
        replace(LOST, resource="filesconfig", key=".json"),
    ],
)
def test_another_bug_has_another_fingerprint(other: Finding) -> None:
    assert other.fingerprint != LOST.fingerprint


@pytest.mark.parametrize("one", range(3))
@pytest.mark.parametrize(
    "make",
    [
        lambda drawn: str(UUID(int=drawn)),
        lambda drawn: str(UUID(int=drawn)).upper(),
        lambda drawn: f"{drawn:032x}",
        lambda drawn: f"{drawn:032x}"[:8],
        lambda drawn: f"order_{drawn:032x}"[:14],
        lambda drawn: f"accounts/{drawn}",
    ],
)
def test_what_is_made_up_for_each_run_does_not_count(make: Callable[[int], str], one: int) -> None:
    first, other = (make(Random(seed).getrandbits(128)) for seed in (one, one + 10))
    assert first != other
    mine, theirs = replace(LOST, key=f"key:{first}"), replace(LOST, key=f"key:{other}")
    assert mine.fingerprint == theirs.fingerprint
    if "/" not in first:  # numbers in a mark may be lines
        mine, theirs = replace(LOST, mark=f"step {first}"), replace(LOST, mark=f"step {other}")
        assert mine.fingerprint == theirs.fingerprint


@pytest.mark.parametrize(
    ("one", "other"), [("decade", "facade"), ("v1beta", "v1alpha"), ("abcdef01.py:12", "x.py:12")]
)
def test_a_name_is_no_number(one: str, other: str) -> None:
    assert replace(LOST, key=one).fingerprint != replace(LOST, key=other).fingerprint


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert LOST.fingerprint == "c56c7c809351"


def test_a_fingerprint_can_be_made_of_any_text() -> None:
    assert len(replace(LOST, key="\ud800 ☃ \0 \n").fingerprint) == 12


@unhurried
@given(FINDINGS)
def test_json_gives_back_what_it_was_given(finding: Finding) -> None:
    assert Finding.from_json(finding.to_json()) == finding


def test_json_names_its_format_and_the_fingerprint() -> None:
    page = json.loads(LOST.to_json())
    assert page["pileup_finding"] == SCHEMA
    assert page["fingerprint"] == LOST.fingerprint


def test_equal_findings_are_written_alike() -> None:
    turned = replace(LOST, receipt=dict(reversed(LOST.receipt.items())))
    assert turned.to_json() == LOST.to_json()


@pytest.mark.parametrize("severity", ["", "fatal", "High", None, []])
def test_an_unknown_severity_is_refused_by_naming_the_known(severity: str) -> None:
    with pytest.raises(UsageError, match="low, medium, high, critical") as caught:
        replace(LOST, severity=severity)
    assert repr(severity) in str(caught.value)
    assert "'lost_write'" in str(caught.value)


def test_the_worst_comes_first_then_the_order_of_the_alphabet() -> None:
    findings = [
        replace(LOST, severity="low"),
        replace(LOST, kind="deadlock"),
        replace(LOST, severity="critical"),
        LOST,
    ]
    found = sorted(findings, key=lambda finding: finding.rank)
    assert [each.severity for each in found] == ["critical", "high", "high", "low"]
    assert [each.kind for each in found][1:3] == ["deadlock", "lost_write"]


def damaged(**changes: object) -> str:
    return json.dumps({**json.loads(LOST.to_json()), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "not json",
        LOST.to_json()[:-1],
        '{"pileup_finding": 1}',
        "[" * 100_000,
        damaged(pileup_finding=SCHEMA + 1),
        damaged(severity="fatal"),
        damaged(agents=None),
        damaged(evidence=3),
    ],
)
def test_what_is_no_finding_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Finding.from_json(text)


def test_a_finding_of_a_later_format_is_refused_by_its_number() -> None:
    with pytest.raises(UsageError, match=f"format {SCHEMA} .*format {SCHEMA + 1}"):
        Finding.from_json(damaged(pileup_finding=SCHEMA + 1))


def test_what_a_later_version_adds_within_the_format_is_left_out() -> None:
    assert Finding.from_json(damaged(colour="red")) == LOST
