"""Every example of docs/determinism.md is run, and says what the page says that it says."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.markdown import Example, examples, resembles, run

from pileup.errors import LoopBlocked, NotDeterministic, RealWorldTouched

PAGE = Path(__file__).parents[2] / "docs" / "determinism.md"
EXAMPLES = examples(PAGE)

RAISE = {
    "address-in-a-text": NotDeterministic,
    "check-with-a-memory": NotDeterministic,
    "clock-as-default": NotDeterministic,
    "cpu-time": NotDeterministic,
    "environment": NotDeterministic,
    "file-that-grows": NotDeterministic,
    "generator-at-import": NotDeterministic,
    "module-global": NotDeterministic,
    "module-lock": LoopBlocked,
    "module-queue": NotDeterministic,
    "real-thread": RealWorldTouched,
    "temporary-file": NotDeterministic,
}
OFTEN_RAISE = ("set-of-objects",)
"""What hangs on addresses, which may happen to be given out alike."""
ELSEWHERE = ("hash-of-a-string", "process-id", "set-of-strings")
CLEAN = (
    "generator-instead",
    "module-global-instead",
    "module-lock-instead",
    "no-break",
    "rare-difference",
    "shared-instead",
    "unseen-result",
)
PRINT = (
    "clock-as-attribute",
    "disguises",
    "done-once",
    "done-once-instead",
    "finalizer-in-a-cycle",
    "taken-over",
    "thread-local",
)
OTHERS = ("again", "edited-agent", "numpy-at-import")

TRIES = 10
STEADY = "async def agent(world, me):\n    await world.memory.set('by', me.name)\n"


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTEMPT", "0")


def test_every_example_is_run_here() -> None:
    tested = [*RAISE, *OFTEN_RAISE, *ELSEWHERE, *CLEAN, *PRINT, *OTHERS]
    assert sorted(tested) == sorted(EXAMPLES)


@pytest.mark.parametrize("name", RAISE)
def test_the_example_raises_the_error_that_is_shown(name: str, tmp_path: Path) -> None:
    outcome = run(EXAMPLES[name], tmp_path)
    assert type(outcome.error) is RAISE[name]
    _expect_shown(EXAMPLES[name], outcome.terminal)


@pytest.mark.parametrize("name", OFTEN_RAISE)
def test_the_example_raises_the_error_most_of_the_time(name: str, tmp_path: Path) -> None:
    outcomes = [run(EXAMPLES[name], tmp_path) for _ in range(TRIES)]
    seen = [each for each in outcomes if each.error is not None]
    assert seen
    for outcome in seen:
        assert type(outcome.error) is NotDeterministic
        _expect_shown(EXAMPLES[name], outcome.terminal)


@pytest.mark.parametrize("name", [*CLEAN, *PRINT])
def test_the_example_ends_well_and_prints_what_is_shown(name: str, tmp_path: Path) -> None:
    outcome = run(EXAMPLES[name], tmp_path)
    assert outcome.error is None
    _expect_shown(EXAMPLES[name], outcome.terminal)


@pytest.mark.skipif(find_spec("numpy") is None, reason="numpy is not installed")
def test_the_example_with_numpy_raises_the_error_that_is_shown(tmp_path: Path) -> None:
    # In a process of its own, because numpy.random stays imported and changes what runs draw.
    example = EXAMPLES["numpy-at-import"]
    said = _said([str(example.write(tmp_path))])
    _expect_shown(example, said[said.index("pileup.errors.NotDeterministic") :])


def test_a_replay_after_an_edit_has_three_ends(tmp_path: Path) -> None:
    outcome = run(EXAMPLES["edited-agent"], tmp_path)
    _expect_shown(EXAMPLES["edited-agent"], outcome.terminal)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_example_shows_itself_in_another_process(name: str, tmp_path: Path) -> None:
    _expect_shown(EXAMPLES[name], _again(EXAMPLES[name], tmp_path))


def test_a_steady_program_is_the_same_in_another_process(tmp_path: Path) -> None:
    said = _again(Example("steady", STEADY, ()), tmp_path)
    _expect_shown(EXAMPLES["again"], said)


def _again(example: Example, folder: Path) -> str:
    """Run the page's own script on an example; return the last line that it says."""
    example.write(folder)
    said = _said([str(EXAMPLES["again"].write(folder)), example.module])
    return said.rstrip().rpartition("\n")[2]


def _said(arguments: list[str]) -> str:
    """Run Python in another process; return all that it says."""
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def _expect_shown(example: Example, said: str) -> None:
    shown = "".join(example.shown)
    assert resembles(shown, said), f"the page shows:\n{shown}\nbut it says:\n{said}"
