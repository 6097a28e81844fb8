"""Two processes, real ones and agents: who gets which lock, and what closing a file costs."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import files_clients
from support.files_clients import Client
from support.files_twice import POINT, mounted

from pileup.errors import Unacknowledged
from pileup.operations import Operation
from pileup.sim.agents import here
from pileup.sim.current import running

EX, SH, UN, NB = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_UN, fcntl.LOCK_NB
Step = tuple[Any, ...]
Do = Callable[..., Any]

names = st.sampled_from(["f", "g"])
kinds = st.sampled_from([EX | NB, SH | NB, UN])
whichever = st.sampled_from([os.O_RDWR, os.O_RDWR, os.O_RDONLY, os.O_RDWR | os.O_APPEND])
steps = st.one_of(
    st.tuples(st.just("open"), names, st.just("a"), whichever),
    st.tuples(st.just("close"), names),
    st.tuples(st.just("lockf"), names, kinds, st.integers(0, 4), st.integers(0, 4)),
    st.tuples(st.just("flock"), names, kinds),
    st.tuples(st.just("write"), names, st.sampled_from(["x", "yy"])),
    st.tuples(st.just("read"), names),
)
scripts = st.lists(st.tuples(st.integers(0, 1), steps), min_size=5, max_size=25)


@pytest.fixture(scope="module", name="real")
def two_real_processes() -> Iterator[list[Do]]:
    """Start two processes that serve script after script."""
    command = [sys.executable, str(Path(files_clients.__file__))]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    def teller(process: subprocess.Popen[str]) -> Do:
        def do(*step: Any) -> Any:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(step) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        return do

    try:
        yield [teller(each) for each in started]
    finally:
        for each in started:
            each.communicate()


def agents() -> list[Do]:
    """Make two agents of the run that is on, whose operations take effect at once."""
    sim = running()
    assert sim is not None
    sim.call = at_once
    for connect in sim.lines:
        connect()

    def teller(context: Context) -> Do:
        client = Client(POINT)
        return lambda *step: context.run(client.do, *step)

    contexts = []
    for _ in range(2):
        context = copy_context()
        context.run(here.set, sim.strand(sim.spawn(agents), None))
        contexts.append(context)
    return [teller(each) for each in contexts]


def at_once(op: Operation) -> Any:
    try:
        return op.apply()
    except Unacknowledged as told:
        raise told.reason from None


@given(script=scripts)
@settings(max_examples=150, deadline=None)
@example(
    script=[
        (0, ("open", "f", "a", 2)),
        (0, ("open", "g", "a", 2)),
        (0, ("lockf", "f", EX, 0, 0)),
        (0, ("close", "g")),
        (1, ("open", "f", "a", 2)),
        (1, ("lockf", "f", EX | NB, 0, 0)),
    ]
)
@example(
    script=[
        (0, ("open", "f", "a", 2)),
        (1, ("open", "f", "a", 2)),
        (0, ("lockf", "f", EX, 4, 0)),
        (0, ("lockf", "f", UN, 2, 1)),
        (1, ("lockf", "f", SH | NB, 2, 1)),
        (1, ("lockf", "f", SH | NB, 3, 1)),
        (0, ("lockf", "f", EX | NB, 4, 0)),
    ]
)
@example(
    script=[
        (0, ("open", "f", "a", 2)),
        (1, ("open", "f", "a", 2)),
        (0, ("flock", "f", EX)),
        (1, ("lockf", "f", EX | NB, 0, 0)),
        (1, ("flock", "f", SH | NB)),
    ]
)
def test_agents_answer_as_processes_do(real: list[Do], script: list[tuple[int, Step]]) -> None:
    with TemporaryDirectory() as place, mounted():
        fake = agents()
        for each in real:
            each("begin", place)
        for who, step in script:
            assert fake[who](*step) == real[who](*step), (who, step)
