"""The pipeline: what a bad stage does to the rest, and whose notes a stage takes."""

from __future__ import annotations

import pytest
from support.document_work import books, dull, found, kinds

from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.pipeline import PIPELINE

NAIVE, HARDENED = Controls(), Controls.all()
MADE_UP = [Rule("invented", on="complete*", nth=1)]


@pytest.mark.parametrize("controls", [NAIVE, HARDENED], ids=str)
def test_one_after_another_all_is_right(controls: Controls) -> None:
    run = dull(documents(PIPELINE, controls, faults="none"))
    assert [(each.status, each.is_right) for each in books(run)] == [("done", True)] * 2


def test_naive_stages_take_the_notes_of_other_documents_half_written() -> None:
    findings = found(documents(PIPELINE, NAIVE, faults="none"), 40)
    torn = [each for each in findings if each.kind in ("torn_read", "torn_write")]
    assert any("scratch-findings" in each.title for each in torn)
    leaks = [each for each in findings if each.kind == "session_leak"]
    assert any("edit-" in each.title for each in leaks)  # what the editor took was another's


def test_naive_what_one_stage_makes_up_goes_into_a_charge_and_a_letter() -> None:
    run = dull(documents(PIPELINE, NAIVE, faults=MADE_UP, instances=1))
    (account,) = books(run)
    assert account.charged == (account.document.invoice.total + 1,)
    assert account.letters[0].startswith("Dear invented-")
    (finding,) = (each for each in run.findings if each.kind == "contamination")
    assert finding.receipt["requests"] == 1
    assert finding.receipt["agents"] == 3


def test_hardened_what_one_stage_makes_up_stays_there() -> None:
    run = dull(documents(PIPELINE, HARDENED, faults=MADE_UP, instances=1))
    assert run.clean
    assert books(run)[0].is_right


def test_hardened_is_clean() -> None:
    assert found(documents(PIPELINE, HARDENED, faults="3am"), 30) == []


def test_without_gates_it_is_passed_on_again() -> None:
    run = dull(documents(PIPELINE, HARDENED.without("gates"), faults=MADE_UP, instances=1))
    assert "contamination" in [each.kind for each in run.findings]


def test_without_scratchpads_documents_mix_again() -> None:
    mixed = kinds(documents(PIPELINE, HARDENED.without("scratchpads"), faults="none"), 60)
    assert mixed["session_leak"]
