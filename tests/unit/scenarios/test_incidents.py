"""The incidents: what each does to an office with no controls, and that all of them hold it off."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

import pytest
from support.document_work import books, dull, found

import pileup
import pileup.scenarios.incidents as home
from pileup.scenarios.controls import Controls


class Incident(NamedTuple):
    """What shows in so many naive runs, and without which controls some of it comes back."""

    name: str
    runs: int
    kinds: dict[str, str]
    controls: str

    @property
    def night(self) -> Callable[[Controls], pileup.Scenario]:
        night: Callable[[Controls], pileup.Scenario] = import_module(
            f"{home.__name__}.{self.name}"
        ).night
        return night


INCIDENTS = [
    Incident(
        "provider_outage",
        3,
        {
            "retry_amplification": "complete model[sonnet], became 27 attempts",
            "agent_failed": "Overloaded",
            "check_failed": "is forgotten",
        },
        "one_retry_owner",
    ),
    Incident("slow_branch", 3, {"deadlock": "fan-out"}, "timeouts"),
    Incident("changed_schema", 3, {"check_failed": "is done, but not as it says"}, "gates"),
    Incident("invented_sku", 3, {"contamination": "request"}, "gates"),
    Incident(
        "dead_supervisor",
        3,
        {"agent_failed": "fan-out", "check_failed": "is forgotten"},
        "one_retry_owner",
    ),
    Incident(
        "rate_limit_stampede",
        3,
        {"rate_limit_storm": "model[quota]", "retry_amplification": "27 attempts"},
        "one_retry_owner rate_limiter",
    ),
    Incident(
        "torn_config",
        15,
        {"torn_read": "files[config.json]", "lost_write": "files[config.json]"},
        "exclusion",
    ),
    Incident("leaky_cache", 3, {"session_leak": "in a request"}, "private_cache"),
    Incident("unreadable_input", 3, {"check_failed": "is done, but not as it says"}, "gates"),
]

each_incident = pytest.mark.parametrize("incident", INCIDENTS, ids=lambda each: each.name)


def test_all_that_are_there_are_tested() -> None:
    assert sorted(each.name for each in iter_modules(home.__path__)) == sorted(
        each.name for each in INCIDENTS
    )


@each_incident
def test_each_has_its_two_scenarios_and_says_what_happens(incident: Incident) -> None:
    module = import_module(f"{home.__name__}.{incident.name}")
    assert str(module.NAIVE.name).endswith(", naive")
    assert str(module.HARDENED.name).endswith(", hardened")
    assert "Naive, " in str(module.__doc__)
    assert "Hardened, " in str(module.__doc__)


@each_incident
def test_naive_it_does_its_harm(incident: Incident) -> None:
    findings = found(incident.night(Controls()), incident.runs)
    for kind, words in incident.kinds.items():
        assert any(each.kind == kind and words in each.title for each in findings), kind


@each_incident
def test_hardened_it_does_none(incident: Incident) -> None:
    assert found(incident.night(Controls.all()), incident.runs) == []


@each_incident
def test_without_what_helps_some_of_it_is_back(incident: Incident) -> None:
    weakened = Controls.all().without(*incident.controls.split())
    findings = found(incident.night(weakened), incident.runs)
    assert {each.kind for each in findings} & incident.kinds.keys()


@each_incident
def test_hardened_each_document_is_done_or_left_to_a_human(incident: Incident) -> None:
    run = dull(incident.night(Controls.all()))
    ends = [each.status for each in books(run)]
    left = {"changed_schema": 3, "unreadable_input": 1}.get(incident.name, 0)
    assert ends.count("escalated") == left
    assert ends.count("done") == len(ends) - left
    assert all(each.is_right for each in books(run) if each.status == "done")
