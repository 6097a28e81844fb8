"""A model that errs: each kind at its rate, as a choice on the tape, alone or with all others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.exhaust import Odometer, all_runs

import pileup
from pileup.choices import Point, Tape
from pileup.errors import UsageError
from pileup.fakes.model import Answer, Model, Prompt, Reply, ToolCall, tool_call
from pileup.fakes.model.mistakes import MISTAKES, REFUSAL
from pileup.faults import Rule
from pileup.results import Run
from pileup.strategies import Dull, Random, Replay

KINDS = ["wrong", "invented", "truncated", "malformed", "refusal", "schema"]
RIGHT = "Paris"
ONE_AGENT = 0.947

Setup = Callable[[pileup.Sim], Model]


def model_of(says: Any = RIGHT, **making: Any) -> Setup:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, **making)
        model.answer("*", says)
        return model

    return setup


async def asks(model: Model) -> Answer:
    return await model.complete("What is the capital of France?")


def scenario(setup: Setup, agent: Any = asks, **options: Any) -> pileup.Scenario:
    return pileup.Scenario(agent, setup=setup, **{"agents": 1, **options})


def answer_of(run: Run) -> Answer:
    (answer,) = run.results.values()
    assert isinstance(answer, Answer)
    return answer


def outcomes(setup: Setup, agent: Any = asks, **options: Any) -> list[Run]:
    return list(all_runs(scenario(setup, agent, **options).explorer()))


# As choices -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_is_a_choice_and_the_right_answer_is_the_dullest(kind: str) -> None:
    right, faulty = outcomes(model_of(**{kind: 0.05}))
    assert (right.tape.data, faulty.tape.data) == ((0,), (1,))
    assert (answer_of(right).text, answer_of(right).faulty) == (RIGHT, None)
    assert answer_of(faulty).faulty == kind
    assert answer_of(faulty) != answer_of(right)


def test_a_model_that_does_not_err_asks_for_no_choices() -> None:
    (only,) = outcomes(model_of())
    assert only.tape.data == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_replays_by_its_token(kind: str) -> None:
    async def trusts(model: Model) -> None:
        answer = await asks(model)
        if answer.text != RIGHT or answer.finish_reason != "stop":
            raise ValueError(answer.text)

    setup = model_of(**{kind: 0.3})
    found = pileup.explore(trusts, setup=setup, agents=1, runs=60)
    assert found.counterexample is not None
    again = pileup.replay(found.counterexample.token, trusts, setup=setup)
    assert again.faithful
    assert again.world.log == found.counterexample.world.log
    assert again.world.log[0].answer.faulty == kind


def test_only_one_mistake_is_in_an_answer() -> None:
    rates = dict.fromkeys(KINDS, 0.1)
    runs = outcomes(model_of(**rates))
    assert [answer_of(run).faulty for run in runs] == [None, *reversed(KINDS)]


def test_the_tape_names_the_mistake() -> None:
    run = scenario(model_of(wrong=0.1)).explorer().once(Dull())
    labels: list[str] = []

    class Listening(Replay):
        def choose(self, point: Point) -> int:
            labels.append(point.label if point.stream == "data" else "")
            return super().choose(point)

    scenario(model_of(wrong=0.1)).explorer().once(Listening(run.tape))
    assert "asks-0 is told something wrong" in labels


# At given rates ---------------------------------------------------------------------------


class Weighing(Odometer):
    """Try every answer that there can be in one order of agents, and how likely each is."""

    name = "weighing"

    def begin(self, run: int) -> None:
        super().begin(run)
        self.likely = 1.0

    def choose(self, point: Point) -> int:
        if point.stream == "schedule":
            return 0
        index = super().choose(point)
        if point.odds is not None:
            self.likely *= point.odds if index else 1 - point.odds
        else:
            self.likely /= point.count
        return index


def weighed(chosen: pileup.Scenario) -> list[tuple[Run, float]]:
    """Return all runs with their probabilities."""
    weighing, explorer, found = Weighing(), chosen.explorer(), []
    while True:
        run = explorer.once(weighing)
        found.append((run, weighing.likely))
        if not weighing.advance():
            return found


def test_each_kind_comes_as_often_as_its_rate_says() -> None:
    """By all ways it can go, with their odds: exact, not sampled."""
    rates = dict(zip(KINDS, (0.053, 0.1, 0.02, 0.3, 0.007, 0.5), strict=True))
    found: Counter[str | None] = Counter()
    for run, likely in weighed(scenario(model_of(**rates))):
        found[answer_of(run).faulty] += likely  # type: ignore[assignment]
    assert {kind: pytest.approx(rate) for kind, rate in rates.items()} == {
        kind: found[kind] for kind in KINDS
    }
    assert found[None] == pytest.approx(1 - sum(rates.values()))


def test_a_rate_of_one_is_always() -> None:
    runs = weighed(scenario(model_of(wrong=0.25, refusal=0.75)))
    found = {answer_of(run).faulty: likely for run, likely in runs}
    assert found == {"wrong": 0.25, "refusal": 0.75, None: 0}


def test_random_runs_hit_the_rate() -> None:
    calls, rate = 2_000, 0.053

    async def asks_often(model: Model) -> None:
        for _ in range(calls):
            await asks(model)

    run = scenario(model_of(wrong=rate), asks_often).explorer().once(Random(1))
    wrong = sum(entry.answer.faulty is not None for entry in run.world.log)
    # Five standard deviations of a binomial: a right model misses this once in a million seeds,
    # and one that errs half as often, or twice, hits it less than once in a thousand.
    assert abs(wrong - calls * rate) < 5 * sqrt(calls * rate * (1 - rate))


def test_a_rule_may_have_rates_of_its_own() -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, wrong=0.5)
        model.answer("capital", RIGHT, wrong=0.0)
        return model

    assert len(outcomes(setup)) == 1


# Three that vote --------------------------------------------------------------------------


async def votes(model: Model) -> str:
    return (await asks(model)).text


def majority_right(setup: Setup) -> float:
    """How likely the majority of three is right."""
    runs = weighed(scenario(setup, votes, agents=3))
    assert sum(likely for _, likely in runs) == pytest.approx(1)
    return sum(
        likely for run, likely in runs if sum(text == RIGHT for text in run.results.values()) >= 2
    )


def test_three_that_err_each_by_itself_are_right_in_992_of_1000_cases() -> None:
    exact = ONE_AGENT**3 + 3 * ONE_AGENT**2 * (1 - ONE_AGENT)
    assert majority_right(model_of(wrong=0.053)) == pytest.approx(exact)
    assert round(exact, 3) == 0.992


def test_three_that_err_alike_are_no_better_than_one() -> None:
    assert majority_right(model_of(wrong=0.053, correlated=True)) == pytest.approx(ONE_AGENT)


def test_one_alone_is_right_in_947_of_1000_cases() -> None:
    right = [
        likely
        for run, likely in weighed(scenario(model_of(wrong=0.053), votes))
        if list(run.results.values()) == [RIGHT]
    ]
    assert sum(right) == pytest.approx(ONE_AGENT)


def test_those_that_err_alike_say_the_same() -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, wrong=0.5, correlated=True)
        model.answer("capital", RIGHT, wrong_answers=["Lyon", "Nice"])
        return model

    ends = {tuple(run.results.values()) for run in outcomes(setup, votes, agents=3)}
    assert ends == {(RIGHT,) * 3, ("Lyon",) * 3, ("Nice",) * 3}


def test_those_that_err_alike_do_so_on_one_question_only() -> None:
    async def asks_two(model: Model) -> str:
        return " ".join([str((await model.complete(each)).faulty) for each in ("1", "2", "1")])

    runs = outcomes(model_of(wrong=0.5, correlated=True), asks_two)
    kinds = ("None", "wrong")
    assert {str(*run.results.values()) for run in runs} == {
        f"{first} {second} {first}" for first in kinds for second in kinds
    }


def test_rules_for_some_have_wrong_answers_of_their_own_even_then() -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, wrong=0.5, correlated=True)
        model.answer("capital", RIGHT, by="votes-0", wrong_answers=["A", "B", "C"])
        model.answer("capital", RIGHT, wrong_answers=["D"])
        return model

    ends = {tuple(run.results.values()) for run in outcomes(setup, votes, agents=2)}
    assert ends == {(a, b) for a in (RIGHT, "A", "B", "C") for b in (RIGHT, "D")}


def test_a_fault_plan_may_make_all_err_alike_too() -> None:
    rule = Rule("wrong", on="*model*", odds=0.5, together="all")
    runs = outcomes(model_of(), votes, agents=2, faults=[rule])
    assert {len(set(run.results.values())) for run in runs} == {1}
    assert len({tuple(run.results.values()) for run in runs}) == 2


# What they look like ----------------------------------------------------------------------


def made(kind: str, says: Any) -> Answer:
    run = scenario(model_of(says, **{kind: 0.5})).explorer().once(Replay(Tape((), (), (1,))))
    return answer_of(run)


DATA = {"name": "Ann", "paid": True, "sum": 7, "tags": ["a", "b"]}


def test_wrong_keeps_the_form() -> None:
    answer = made("wrong", DATA)
    read = answer.json()
    assert {key: type(value) for key, value in read.items()} == {
        key: type(value) for key, value in DATA.items()
    }
    assert (read["paid"], read["sum"], len(read["tags"])) == (False, 8, 2)
    assert read["name"].startswith("wrong-")
    assert answer.finish_reason == "stop"


@pytest.mark.parametrize(
    ("says", "text"), [("Yes", "no"), ("no", "yes"), ("true", "false"), (41, "42")]
)
def test_wrong_is_the_opposite_where_there_is_one(says: Any, text: str) -> None:
    assert made("wrong", says).text == text


def test_a_rule_may_name_its_wrong_answers() -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, wrong=0.5)
        model.answer("capital", RIGHT, wrong_answers=["Lyon", {"city": "Nice"}, tool_call("look")])
        return model

    answers = [answer_of(run) for run in outcomes(setup)]
    assert [each.text for each in answers] == [RIGHT, "Lyon", '{"city": "Nice"}', ""]
    assert answers[3].tool_calls[0].name == "look"


def test_invented_says_more_than_there_is() -> None:
    assert made("invented", RIGHT).text.startswith("Paris invented-")
    read = made("invented", DATA).json()
    assert read["tags"][:2] == ["a", "b"]
    assert read["tags"][2].startswith("invented-")
    assert {**read, "tags": DATA["tags"]} == DATA
    entries = made("invented", [{"id": 1, "to": "Ann"}]).json()
    assert entries[0] == {"id": 1, "to": "Ann"}
    assert (entries[1]["id"], entries[1]["to"].startswith("invented-")) == (2, True)


def test_truncated_stops_in_the_middle() -> None:
    answer = made("truncated", "One two three.")
    assert (answer.text, answer.finish_reason) == ("One two", "length")


def test_malformed_cannot_be_parsed() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        made("malformed", DATA).json()
    (call,) = made("malformed", tool_call("look", city="Rome")).tool_calls
    with pytest.raises(ValueError, match="Expecting"):
        call.json()


def test_refusal_says_no_and_calls_no_tools() -> None:
    answer = made("refusal", tool_call("look"))
    assert (answer.text, answer.tool_calls, answer.finish_reason) == (REFUSAL, (), "refusal")


def test_schema_answers_in_another_format() -> None:
    assert made("schema", RIGHT).json() == {"result": RIGHT}
    assert made("schema", DATA).json() == {f"{key}_v2": value for key, value in DATA.items()}


def test_tool_calls_err_in_their_arguments() -> None:
    (call,) = made("wrong", tool_call("pay", amount=5)).tool_calls
    assert (call.name, call.json()) == ("pay", {"amount": 6})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
texts = st.text(max_size=20) | json_values.map(json.dumps)
replies = st.builds(Reply, texts) | st.builds(
    lambda arguments: Reply("", (ToolCall("t", json.dumps(arguments)),)),
    st.dictionaries(st.text(max_size=3), json_values, max_size=3),
)


@given(replies)
def test_a_mistake_is_never_the_right_answer(reply: Reply) -> None:
    for kind, make in MISTAKES.items():
        faulty = make(reply)
        assert faulty != reply, kind
        assert make(reply) == faulty, kind


@given(replies)
def test_what_is_malformed_never_parses(reply: Reply) -> None:
    faulty = MISTAKES["malformed"](reply)
    for text in (
        (call.arguments for call in faulty.tool_calls) if reply.tool_calls else [faulty.text]
    ):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            json.loads(text)


@given(json_values)
def test_what_is_wrong_keeps_the_form_of_what_is_right(value: Any) -> None:
    if isinstance(value, list | dict):
        faulty = json.loads(MISTAKES["wrong"](Reply(json.dumps(value))).text)
        assert type(faulty) is type(value)


# By the fault plan ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_plan_can_make_each_mistake(kind: str) -> None:
    rule = Rule(kind, on="complete*", nth=2)

    async def asks_twice(model: Model) -> list[Answer]:
        return [await asks(model), await asks(model)]

    run = scenario(model_of(), asks_twice, faults=[rule]).explorer().once(Dull())
    (answers,) = run.results.values()
    assert isinstance(answers, list)
    assert [each.faulty for each in answers] == [None, kind]
    assert [each.fault for each in run.history if each.name == "complete"] == [None, kind]


def test_a_fault_plan_picks_among_a_rules_wrong_answers() -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim)
        model.answer("capital", RIGHT, wrong_answers=["Lyon", "Nice"])
        return model

    runs = outcomes(setup, faults=[Rule("wrong")])
    assert [answer_of(run).text for run in runs] == [RIGHT, "Lyon", "Nice"]


# Traces -----------------------------------------------------------------------------------


def chain(setup: Setup) -> Model:
    """Ask, and ask again with what was answered."""

    async def asks_on(model: Model) -> None:
        first = await model.complete("Name one.")
        await model.complete(f"Now write about {first.text or first.tool_calls}.")

    run = scenario(setup, asks_on).explorer().once(Replay(Tape((), (), (1, 0))))
    model = run.world
    assert isinstance(model, Model)
    return model


def repeats(prompt: Prompt) -> str:
    return prompt.last


@pytest.mark.parametrize("kind", ["wrong", "invented"])
def test_what_is_made_up_is_followed_wherever_it_goes(kind: str) -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, **{kind: 0.5})  # type: ignore[arg-type]
        model.rule("*")(repeats)
        return model

    first, second = chain(setup).log
    assert first.answer.faulty == kind
    assert second.answer.faulty is None
    assert first.carries == second.sources == second.carries == second.answer.sources
    assert first.carries[0].startswith(f"{kind}-")
    assert (first.sources, second.canaries) == ((), ())


def test_a_wrong_answer_of_a_rules_own_is_followed_too() -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, wrong=0.5)
        model.answer("Name one", "Paris", wrong_answers=["Bielefeld"])
        model.answer("Now write", "Done.")
        return model

    first, second = chain(setup).log
    assert (first.carries, second.sources, second.carries) == (("Bielefeld",), ("Bielefeld",), ())


def test_a_wrong_answer_that_the_prompt_offered_is_no_trace() -> None:
    """Whoever is given the same choice would seem to have heard of the wrong answer."""

    async def chooses(model: Model) -> None:
        for _ in range(2):
            await model.complete("Paris or Bielefeld?")

    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, wrong=0.5)
        model.answer("or", "Paris", wrong_answers=["Bielefeld"])
        return model

    run = scenario(setup, chooses).explorer().once(Replay(Tape((), (), (1, 0))))
    assert [entry.sources for entry in run.world.log] == [(), ()]


def test_the_history_names_the_mistake_and_its_mark() -> None:
    run = scenario(model_of(wrong=0.5)).explorer().once(Replay(Tape((), (), (1,))))
    (event,) = [each for each in run.history if each.name == "complete"]
    (mark,) = run.world.log[0].carries
    assert str(event.detail).endswith(f"-> {mark} (wrong) told {mark}")


def test_more_than_one_mistake_in_an_answer_cannot_be() -> None:
    with pytest.raises(UsageError, match="one answer holds at most one"):
        outcomes(model_of(wrong=0.7, malformed=0.31))
