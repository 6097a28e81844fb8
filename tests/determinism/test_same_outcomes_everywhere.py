"""The same agent on shared memory can do the same things under every runtime, and no others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exhaust import all_runs
from support.programs import Program, explorer

Outcome = tuple[tuple[str, Any], ...]

keys = st.sampled_from("xy")
instruction = st.one_of(
    st.tuples(st.just("read"), keys),
    st.tuples(st.just("write"), keys, st.integers(0, 2)),
    st.tuples(st.just("raise a cell"), keys),
    st.tuples(
        st.just("lock"),
        st.just("l"),
        st.lists(st.tuples(st.just("raise a cell"), keys), max_size=1),
    ),
)
programs = st.lists(st.lists(instruction, max_size=2), min_size=2, max_size=2)

LOST_UPDATE: Program = [[["raise a cell", "x"]], [["raise a cell", "x"]]]
LOCKED: Program = [[["lock", "l", [["raise a cell", "x"]]]]] * 2
THREE: Program = [[["raise a cell", "x"]], [["write", "x", 5]], [["read", "x"]]]
OTHERS = ("trio", "asyncio", "sync/native", "sync/trio", "sync/asyncio")


def outcomes(program: Program, flavour: str) -> set[Outcome]:
    runs = list(all_runs(explorer(program, flavour)))
    return {tuple((key, run.world.memory.peek(key)) for key in "xy") for run in runs}


def test_a_lost_update_is_reachable_and_so_is_the_right_sum() -> None:
    assert outcomes(LOST_UPDATE, "native") == {(("x", 1), ("y", None)), (("x", 2), ("y", None))}


def test_a_lock_leaves_only_the_right_sum() -> None:
    assert outcomes(LOCKED, "native") == {(("x", 2), ("y", None))}


@pytest.mark.parametrize("flavour", OTHERS)
@pytest.mark.parametrize("program", [LOST_UPDATE, LOCKED, THREE], ids=["lost", "locked", "three"])
def test_a_known_program_reaches_the_same_outcomes(program: Program, flavour: str) -> None:
    assert outcomes(program, flavour) == outcomes(program, "native")


@pytest.mark.parametrize("flavour", OTHERS)
@given(program=programs)
@settings(max_examples=10, deadline=None, derandomize=True)
def test_a_drawn_program_reaches_the_same_outcomes(flavour: str, program: Program) -> None:
    assert outcomes(program, flavour) == outcomes(program, "native")
