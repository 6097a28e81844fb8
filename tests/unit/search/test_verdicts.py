"""The same choices are judged once, and nobody can tell."""

from __future__ import annotations

import asyncio

import corpus.table  # noqa: F401 - it loads the programs
import pytest
from corpus.labels import BUGS, DECOYS

import pileup
from pileup.choices import Tape
from pileup.fakes import World
from pileup.findings import Finding
from pileup.search.runs import runner, verdicts
from pileup.search.runs.judge import causes
from pileup.search.runs.verdicts import Verdicts

NATIVE = ("native", False)
WRONG = Finding(kind="mine", severity="high", title="wrong", explanation="It is.")


class Judge:
    """Says another thing each time, and counts how often."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> list[Finding]:
        self.asked += 1
        return [WRONG] * self.asked


def test_a_tape_is_judged_once() -> None:
    known, judge = Verdicts(), Judge()
    first = known.of(Tape((1, 0), (0,), (7,)), NATIVE, judge)
    again = known.of(Tape((1, 0), (0,), (7,)), NATIVE, judge)
    assert first == again == [WRONG]
    assert judge.asked == 1


@pytest.mark.parametrize(
    ("tape", "mode"),
    [
        (Tape((1,), (0,), (7,)), NATIVE),
        (Tape((1, 0), (1,), (7,)), NATIVE),
        (Tape((1, 0), (0,), (8,)), NATIVE),
        (Tape((1, 0), (0,), (7,)), ("asyncio", False)),
        (Tape((1, 0), (0,), (7,)), ("native", True)),
    ],
)
def test_another_run_is_judged_anew(tape: Tape, mode: tuple[str, bool]) -> None:
    known, judge = Verdicts(), Judge()
    known.of(Tape((1, 0), (0,), (7,)), NATIVE, judge)
    assert known.of(tape, mode, judge) == [WRONG, WRONG]


def test_that_nothing_was_wrong_is_kept_in_mind_as_well() -> None:
    known, judge = Verdicts(), Judge()
    assert known.of(Tape((1,)), NATIVE, list) == []
    assert known.of(Tape((1,)), NATIVE, judge) == []


def test_long_runs_are_not_kept() -> None:
    known, judge = Verdicts(), Judge()
    for _ in range(2):
        known.of(Tape((0,) * (verdicts.LONGEST + 1)), NATIVE, judge)
    assert judge.asked == 2


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MOST", 2)
    known, judge = Verdicts(), Judge()
    for number in (0, 1, 2, 0, 1, 2):
        known.of(Tape((number,)), NATIVE, judge)
    assert judge.asked == 4


async def counts(world: World) -> None:
    seen = await world.memory.get("total")
    await world.memory.set("total", (seen or 0) + 1)


def test_of_hundreds_of_runs_a_handful_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Tape] = []

    def noting(*about: object) -> list[Finding]:
        judged.append(Tape())
        return causes(*about)  # type: ignore[arg-type] # handed on as it came

    monkeypatch.setattr(runner, "causes", noting)
    found = pileup.explore(counts, runs=300, strategy="random")
    assert found.runs == 300
    assert len(judged) < 60  # there are 20 orders of three steps each; some runs are seen again


async def waits_now_and_then(world: World) -> None:
    """Need a loop in some orders only, so that runs begin under another than they end under."""
    if await world.memory.add("turn", 1) == 2 and await world.memory.get("late"):
        await asyncio.sleep(0)
    await world.memory.set("late", 1)
    await counts(world)


@pytest.mark.parametrize("name", sorted(BUGS | DECOYS)[::3])
def test_what_is_found_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (BUGS | DECOYS)[name]
    _holds(program.scenario, monkeypatch)


def test_what_is_found_is_the_same_where_the_loop_is_found_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _holds(pileup.Scenario(waits_now_and_then, agents=3), monkeypatch)


def _holds(scenario: pileup.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = pileup.explore(scenario, runs=30, shrink=False)
    monkeypatch.setattr(verdicts, "LONGEST", -1)
    assert str(pileup.explore(scenario, runs=30, shrink=False)) == str(kept)
