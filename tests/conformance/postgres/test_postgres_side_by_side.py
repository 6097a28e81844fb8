"""Any script of a few sessions gets the same answers from the fake as from PostgreSQL itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.databases import Answers, Fake, Real, Step
from support.exhaust import Odometer

from pileup.choices import Point

CONDITION = st.sampled_from(("all", "one", "two", "three", "both", "ten", "threes", "big", "a"))
CHANGE = st.sampled_from((10, 20, 33, (10,), (-10,), "a", "b", "c"))
LOCK = st.sampled_from(
    (
        {},
        {},
        {"for_update": True},
        {"for_share": True},
        {"for_update": True, "skip_locked": True},
        {"for_update": True, "nowait": True},
        {"for_share": True, "nowait": True},
        {"for_update": True, "limit": 1},
        {"for_update": True, "skip_locked": True, "limit": 1},
    )
)
ROW = st.builds(
    lambda key, value, tag: {"id": key, "value": value, "tag": tag},
    st.sampled_from((1, 3, 4)),
    st.sampled_from((10, 30)),
    st.sampled_from(("a", "c", "d")),
)
VERB = st.one_of(
    st.tuples(st.just("select"), CONDITION, LOCK),
    st.tuples(st.just("update"), CONDITION, CHANGE),
    st.tuples(st.just("update"), st.sampled_from(("one", "two")), CHANGE),
    st.tuples(st.just("delete"), CONDITION),
    st.tuples(st.just("insert"), ROW, st.sampled_from((None, None, "nothing", "update"))),
    st.just(("commit",)),
    st.just(("commit",)),
    st.just(("rollback",)),
)
SCRIPT = st.lists(st.tuples(st.integers(1, 3), VERB), min_size=3, max_size=10)
SIDE_BY_SIDE = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)


class Transcript(NamedTuple):
    """What was asked of PostgreSQL, what it answered to each step, and the table in the end."""

    steps: list[Step]
    answers: list[Answers]
    table: list[Any]


def recorded(script: list[Any], real: Real, level: str) -> Transcript:
    """Let PostgreSQL take the steps; who waits is left out, and who is left commits."""
    real.reset(level)
    waiting: set[int] = set()
    steps: list[Step] = []
    answers: list[Answers] = []
    left = dict.fromkeys(number for number, _ in script)

    def step(number: int, verb: tuple[Any, ...]) -> None:
        if number not in waiting:
            steps.append((number, *verb))
            answers.append(_plainly(real.step(*steps[-1])))
            waiting.add(number)
            waiting.difference_update(answers[-1])

    for each in script:
        step(*each)
    while left:
        number = next(each for each in left if each not in waiting)
        step(number, ("commit",))
        del left[number]
    return Transcript(steps, answers, real.table())


def agrees(level: str, transcript: Transcript) -> str:
    """Look for an order of waking up in which the fake answers the same; what it said if none."""
    odometer = Odometer()
    while True:
        odometer.begin(0)
        fake = Fake(level, pick=lambda count: odometer.choose(Point("schedule", count, "first")))
        said = []
        for step, theirs in zip(transcript.steps, transcript.answers, strict=True):
            said.append((step, mine := _plainly(fake.step(*step)), theirs))
            if mine != theirs:
                if level == "serializable" and _aborts_more(mine, theirs):
                    return ""
                break
        else:
            if fake.table() == transcript.table:
                return ""
        if not odometer.advance():
            return f"{said}, then {fake.table()} and really {transcript.table}"


def _aborts_more(mine: Answers, theirs: Answers) -> bool:
    """Whether PostgreSQL refused where the fake did not: it remembers pages, and the fake rows."""
    refused = [each for each, answer in theirs.items() if answer == "40001"]
    return any(mine.get(each) != "40001" for each in refused)


def both(level: str, script: list[Any], real: Real) -> None:
    """Hold the fake against PostgreSQL: it must be able to do the same."""
    difference = agrees(level, recorded(script, real, level))
    assert not difference, difference


def _plainly(answers: dict[int, Any]) -> dict[int, Any]:
    """Leave out the order in which rows are locked, which is that of the heap."""
    return {
        number: sorted(answer, key=lambda row: row["id"]) if type(answer) is list else answer
        for number, answer in sorted(answers.items())
    }


@given(SCRIPT)
@settings(SIDE_BY_SIDE, max_examples=40)
def test_read_committed(postgres: Real, script: list[Any]) -> None:
    both("read committed", script, postgres)


@given(SCRIPT)
@settings(SIDE_BY_SIDE, max_examples=40)
def test_repeatable_read(postgres: Real, script: list[Any]) -> None:
    both("repeatable read", script, postgres)


@given(SCRIPT)
@settings(SIDE_BY_SIDE, max_examples=40)
def test_serializable(postgres: Real, script: list[Any]) -> None:
    both("serializable", script, postgres)
