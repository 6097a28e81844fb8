"""Everything random in a run hangs on one choice of its tape, and leaves nothing behind."""

# ruff: noqa: PLW0108 - a lambda looks the name up in the run, as an agent does

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import tempfile
import textwrap
import uuid
from collections.abc import Callable
from random import choice as captured_choice
from random import random as captured_random

import pytest

import pileup

SOURCES: dict[str, Callable[[], object]] = {
    "random": lambda: random.random(),
    "captured": lambda: (captured_random(), captured_choice(range(10**6))),
    "gauss": lambda: random.gauss(0, 1),
    "sample": lambda: tuple(random.sample(range(10**6), 5)),
    "reseeded": lambda: (random.seed(), random.random()),
    "unseeded": lambda: random.Random().random(),
    "system": lambda: random.SystemRandom().random(),
    "urandom": lambda: os.urandom(8),
    "secrets": lambda: (secrets.token_hex(8), secrets.choice(range(10**6))),
    "uuid1": lambda: uuid.uuid1(),
    "uuid4": lambda: uuid.uuid4(),
}


def drawn(look: Callable[[], object], seed: int = 0) -> list[object]:
    """Return what a lone agent draws in five runs under the random strategy."""
    seen: list[object] = []
    result = pileup.explore(
        lambda: seen.append(look()), agents=1, runs=5, strategy="random", seed=seed
    )
    result.assert_clean()
    return seen[1:]  # the first run is the rehearsal, which draws nothing by chance


@pytest.mark.parametrize("look", SOURCES.values(), ids=SOURCES)
def test_every_source_draws_the_same_for_the_same_seed(look: Callable[[], object]) -> None:
    assert drawn(look) == drawn(look)


@pytest.mark.parametrize("look", SOURCES.values(), ids=SOURCES)
def test_every_source_draws_anew_in_each_run(look: Callable[[], object]) -> None:
    seen = drawn(look)
    assert len(set(seen)) == 5
    assert seen != drawn(look, seed=1)


@pytest.mark.parametrize("look", SOURCES.values(), ids=SOURCES)
def test_the_hidden_state_is_what_it_was(look: Callable[[], object]) -> None:
    random.gauss(0, 1)  # leaves its second number behind, which is part of the state
    before = random.getstate()
    drawn(look)
    assert random.getstate() == before


def test_the_hidden_state_is_what_it_was_after_an_agent_that_seeds_and_raises() -> None:
    def agent() -> None:
        random.seed(7)
        raise LookupError

    before = random.getstate()
    assert not pileup.explore(agent, agents=1, runs=2).clean
    assert random.getstate() == before


def test_what_the_state_was_before_does_not_show_in_a_run() -> None:
    random.seed(1)
    first = drawn(lambda: random.getstate())
    random.seed(2)
    assert drawn(lambda: random.getstate()) == first


def test_a_program_that_draws_nothing_has_nothing_on_its_tape() -> None:
    def fail() -> None:
        raise LookupError

    run = pileup.explore(fail, agents=1, runs=1).counterexample
    assert run is not None
    assert run.tape.data == ()


def test_a_program_that_draws_has_one_choice_on_its_tape() -> None:
    def fail() -> None:
        random.random()
        os.urandom(3)
        raise LookupError

    run = pileup.explore(fail, agents=3, runs=1, strategy="random", shrink=False).counterexample
    assert run is not None
    assert len(run.tape.data) == 1


def test_a_replay_draws_what_the_run_drew() -> None:
    seen: list[bytes] = []

    def agent() -> None:
        seen.append(os.urandom(4))
        raise LookupError

    run = pileup.explore(agent, agents=1, runs=1, strategy="random", shrink=False).counterexample
    assert run is not None
    assert pileup.replay(run.token, agent).faithful
    assert len(seen) == 4
    assert len(set(seen[1:])) == 1  # the first run is the rehearsal


def test_all_sources_are_the_real_ones_afterwards() -> None:
    names = [getattr(random, name) for name in random.__all__]
    before = [*names, os.urandom, uuid.uuid1, uuid.getnode, random.Random.seed, captured_choice]
    drawn(random.random)
    names = [getattr(random, name) for name in random.__all__]
    after = [*names, os.urandom, uuid.uuid1, uuid.getnode, random.Random.seed, captured_choice]
    assert before == after
    assert os.urandom(8) != os.urandom(8)


def test_generators_that_are_seeded_stay_as_they_are() -> None:
    assert set(drawn(lambda: random.Random(5).random())) == {random.Random(5).random()}


def test_a_strategy_may_draw_while_it_is_asked() -> None:
    class Drawing:
        name = "drawing"

        def begin(self, run: int) -> None:
            """Every run is the same."""

        def choose(self, _: object) -> int:
            return random.Random().randrange(1) + int(random.random())

    assert pileup.explore(lambda: os.urandom(1), agents=1, runs=1, strategy=Drawing()).clean


def test_temporary_names_of_one_run_do_not_repeat() -> None:
    def agent() -> None:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            assert one != other

    pileup.explore(agent, agents=2, runs=3).assert_clean()


@pytest.mark.skipif("not __import__('importlib.util').util.find_spec('numpy')")
def test_numpy_draws_from_the_tape_too() -> None:
    program = """
        import numpy as np, pileup
        seen = []
        agent = lambda: seen.append((np.random.random(), np.random.default_rng().random()))
        before = np.random.get_state()[1].tolist()
        for _ in range(2):
            pileup.explore(agent, agents=1, runs=3, strategy="random").assert_clean()
        half = len(seen) // 2
        assert seen[:half] == seen[half:] and len(set(seen)) == 3, seen
        assert np.random.get_state()[1].tolist() == before
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)
