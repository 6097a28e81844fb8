"""The promise that is the product: the same tape gives the same history, byte for byte.

Pairs of (program, tape) are drawn over all runtimes; each is run twice and
replayed once in this process, and once more in another process under another
hash seed. PILEUP_EXAMPLES sets how many; docs/determinism.md has the figure of
a long run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.programs import FLAVOURS, Instructions, Program, history, replayed
from support.rerun import fingerprint

EXAMPLES = int(os.environ.get("PILEUP_EXAMPLES", "250"))
TESTS = Path(__file__).parents[1]

keys = st.sampled_from("xyz")
small = st.integers(0, 2)
seconds = st.sampled_from([0.5, 1, 2])
sync_ones = st.one_of(
    st.tuples(st.just("read"), keys),
    st.tuples(st.just("write"), keys, small),
    st.tuples(st.just("raise a cell"), keys),
    st.tuples(st.just("draw"), keys),
    st.tuples(st.just("sleep"), seconds),
    st.tuples(st.just("fail"), keys),
)
async_ones = st.one_of(
    sync_ones,
    st.tuples(st.just("add"), keys, small),
    st.tuples(st.just("swap"), keys, small, small),
    st.tuples(st.just("look at the clock"), keys),
)


def blocks(inner: st.SearchStrategy[Instructions]) -> st.SearchStrategy[Instructions]:
    block = st.lists(inner, max_size=3)
    return st.one_of(
        st.tuples(st.just("step"), block).map(list),
        st.tuples(st.just("lock"), st.sampled_from("lm"), block).map(list),
        st.tuples(st.just("timeout"), seconds, block).map(list),
        st.tuples(st.just("spawn"), block, st.booleans()).map(list),
        st.tuples(st.just("both"), block, block).map(list),
        st.tuples(st.just("thread"), st.lists(sync_ones, max_size=3)).map(list),
    )


def listed(one: st.SearchStrategy[tuple[object, ...]]) -> st.SearchStrategy[Instructions]:
    return one.map(list)


async_instructions = st.recursive(listed(async_ones), blocks, max_leaves=8)
sync_instructions = st.one_of(
    listed(sync_ones),
    st.tuples(st.just("lock"), keys, st.lists(listed(sync_ones), max_size=3)).map(list),
    st.tuples(st.just("spawn"), st.lists(listed(sync_ones), max_size=3), st.booleans()).map(list),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Program, str, list[int]]:
    flavour = draw(st.sampled_from(FLAVOURS))
    one = sync_instructions if flavour.startswith("sync") else async_instructions
    program = draw(st.lists(st.lists(one, max_size=4), min_size=1, max_size=4))
    return program, flavour, draw(st.lists(st.integers(0, 7), max_size=40))


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[subprocess.Popen[str]]:
    """Another process, under another hash seed."""
    mine = os.environ.get("PYTHONHASHSEED", "random")
    environment = os.environ | {"PYTHONHASHSEED": "4242" if mine != "4242" else "17"}
    command = [sys.executable, "-m", "support.rerun"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, cwd=TESTS, env=environment
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@given(cases())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_a_pair_gives_one_history_here_and_elsewhere(
    elsewhere: subprocess.Popen[str], case: tuple[Program, str, list[int]]
) -> None:
    program, flavour, numbers = case
    first, tape = history(program, flavour, numbers)
    again, same_tape = history(program, flavour, numbers)
    assert again == first
    assert same_tape == tape
    assert replayed(program, flavour, tape) == first
    assert elsewhere.stdin is not None
    assert elsewhere.stdout is not None
    elsewhere.stdin.write(json.dumps(case) + "\n")
    elsewhere.stdin.flush()
    assert elsewhere.stdout.readline().strip() == fingerprint(first)
