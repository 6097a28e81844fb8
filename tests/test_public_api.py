"""The public face: short, sorted, documented, pinned, and cheap to import."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import pileup

PINNED = [
    "Agent",
    "Budgets",
    "Exploration",
    "Finding",
    "PileupError",
    "Run",
    "Scenario",
    "Sim",
    "UsageError",
    "checkpoint",
    "detector",
    "explore",
    "replay",
    "shared",
    "sleep",
    "step",
    "timeout",
]

HEAVY = ["fakeredis", "httpx", "hypothesis", "numpy", "pytest", "rich", "trio"]
LATE = ["pileup.fakes", "pileup.reports", "pileup.scenarios"]

POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD
NAMED = inspect.Parameter.KEYWORD_ONLY


def parameters(name: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(getattr(pileup, name)).parameters)


def imported_by(line: str) -> set[str]:
    """Run a line in a fresh process and return what it has left in `sys.modules`."""
    command = [sys.executable, "-c", f"import sys\n{line}\nprint(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def modules() -> set[str]:
    # What this interpreter imports by itself (site hooks of the environment)
    # is not pileup's doing.
    return imported_by("import pileup; pileup.explore; pileup.Sim") - imported_by("pass")


def test_all_is_exactly_what_is_pinned() -> None:
    assert pileup.__all__ == PINNED


def test_all_is_sorted_and_short() -> None:
    assert pileup.__all__ == sorted(set(pileup.__all__))
    assert len(pileup.__all__) <= 20


def test_nothing_else_is_public() -> None:
    assert dir(pileup) == sorted([*PINNED, "__version__"])
    with pytest.raises(AttributeError, match="no attribute 'exlpore'"):
        pileup.exlpore  # noqa: B018


def test_import_alone_brings_in_none_of_the_modules() -> None:
    found = imported_by("import pileup") - imported_by("pass")
    assert {name for name in found if name.startswith("pileup")} == {"pileup"}


@pytest.mark.parametrize("name", PINNED)
def test_every_public_object_is_documented(name: str) -> None:
    thing = getattr(pileup, name)
    # A dataclass without a docstring is given its signature as one.
    assert thing.__doc__
    assert not thing.__doc__.startswith(f"{name}(")


@pytest.mark.parametrize("kind", ["Agent", "Exploration", "Finding", "Run", "Scenario"])
def test_every_public_method_is_documented(kind: str) -> None:
    public = getattr(pileup, kind)
    fields = getattr(public, "__dataclass_fields__", ())  # a default function is no method
    members = {name: value for name, value in vars(public).items() if name not in fields}
    assert [name for name in members if name[0] != "_" and _is_bare(members[name])] == []


def _is_bare(member: object) -> bool:
    method = isinstance(member, property | classmethod) or inspect.isfunction(member)
    return method and not inspect.getdoc(member)


@pytest.mark.parametrize("name", ["explore", "replay", "shared", "sleep", "step", "timeout"])
def test_every_parameter_has_a_type(name: str) -> None:
    assert all(each.annotation is not each.empty for each in parameters(name).values())


def test_explore_takes_the_agent_by_place_and_the_rest_by_name() -> None:
    kinds = {name: each.kind for name, each in parameters("explore").items()}
    assert kinds.pop("agent") is POSITIONAL
    assert set(kinds.values()) == {NAMED}


def test_explore_begins_as_the_design_pins_it() -> None:
    found = parameters("explore")
    assert list(found)[:5] == ["agent", "setup", "agents", "runs", "strategy"]
    assert found["agents"].default == 2
    assert found["runs"].default == 200
    assert found["strategy"].default == "auto"


def test_explore_has_the_pinned_options_with_their_defaults() -> None:
    found = parameters("explore")
    assert found["check"].default is None
    assert found["seed"].default == 0
    assert found["backend"].default is None


def test_replay_takes_the_token_first_then_what_explore_takes() -> None:
    found = parameters("replay")
    assert list(found)[:3] == ["token", "agent", "setup"]
    assert [name for name, each in found.items() if each.kind is POSITIONAL] == ["token", "agent"]
    assert found.keys() - {"token"} <= parameters("explore").keys()


@pytest.mark.parametrize("heavy", HEAVY)
def test_import_brings_in_nothing_heavy(heavy: str, modules: set[str]) -> None:
    assert "pileup.sim.kernel" in modules
    assert heavy not in modules


@pytest.mark.parametrize("late", LATE)
def test_import_leaves_out_what_not_everyone_needs(late: str, modules: set[str]) -> None:
    assert late not in modules


def test_a_fresh_process_would_show_a_heavy_import() -> None:
    assert "pytest" in imported_by("import pileup, pytest")
