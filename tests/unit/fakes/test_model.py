"""What a model answers, to whom, and what it costs."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import trio
from support.exhaust import all_runs

import pileup
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.fakes.model import (
    PRICES,
    Answer,
    Message,
    Model,
    Price,
    Prompt,
    Reply,
    ToolCall,
    Usage,
    tool_call,
)
from pileup.latency import Latency
from pileup.results import Run
from pileup.strategies import Dull, Random

FRANCE = "What is the capital of France?"
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "You are a clerk."},
    {"role": "user", "content": "First question"},
    {"role": "assistant", "content": "First answer"},
    {
        "role": "user",
        "content": [{"type": "text", "text": "Second"}, {"type": "text", "text": "q"}],
    },
]

Setup = Callable[[pileup.Sim], Model]


def with_model(declare: Callable[[Model], object], **making: Any) -> Setup:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, **making)
        declare(model)
        return model

    return setup


def nothing(_: Model) -> None:
    """Declare nothing."""


def once(agent: Any, setup: Setup, **options: Any) -> Run:
    options = {"agents": 1, **options}
    run = pileup.Scenario(agent, setup=setup, **options).explorer().once(Dull())
    for finding in run.findings:
        raise AssertionError(finding.title)
    return run


def told(setup: Setup, *prompts: Any, **asking: Any) -> list[str]:
    """Ask one thing after another."""

    async def asks(model: Model) -> list[str]:
        return [(await model.complete(prompt, **asking)).text for prompt in prompts]

    (texts,) = once(asks, setup).results.values()
    assert isinstance(texts, list)
    return texts


def answered(setup: Setup, prompt: Any, **asking: Any) -> Answer:
    async def asks(model: Model) -> Answer:
        return await model.complete(prompt, **asking)

    (answer,) = once(asks, setup).results.values()
    assert isinstance(answer, Answer)
    return answer


def mistake(setup: Setup, *prompts: Any, **asking: Any) -> str:
    with pytest.raises(UsageError) as error:
        told(setup, *prompts, **asking)
    return str(error.value)


# Rules ------------------------------------------------------------------------------------


def test_a_model_without_rules_repeats_its_prompt() -> None:
    assert told(with_model(nothing), FRANCE, MESSAGES) == [FRANCE, "Second\nq"]


def test_the_first_rule_that_was_declared_answers() -> None:
    def declare(model: Model) -> None:
        model.answer("capital of France", "Paris")
        model.answer("capital", "Rome")

    assert told(with_model(declare), FRANCE, "the capital of Italy") == ["Paris", "Rome"]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("capital of", True),
        ("Capital of", False),
        ("What * of France", True),
        ("What * of Italy", False),
        ("a.b", False),
        (re.compile(r"capital\s+of (?!Italy)"), True),
        (re.compile("^capital"), False),
    ],
)
def test_a_pattern_is_a_part_of_the_prompt(pattern: Any, fits: bool) -> None:
    def declare(model: Model) -> None:
        model.answer(pattern, "it fits")
        model.answer("*", "it does not")

    assert told(with_model(declare), FRANCE) == ["it fits" if fits else "it does not"]


def test_a_star_stands_for_lines_as_well() -> None:
    assert told(with_model(lambda m: m.answer("a*c", "yes")), "a\nb\nc") == ["yes"]


def test_a_rule_is_a_function_of_the_prompt() -> None:
    def declare(model: Model) -> None:
        @model.rule("upper")
        def upper(prompt: Prompt) -> str:
            return prompt.last.upper()

    assert told(with_model(declare), "upper case") == ["UPPER CASE"]


def test_a_rule_sees_the_whole_conversation_and_who_asks() -> None:
    seen: list[Prompt] = []

    def declare(model: Model) -> None:
        @model.rule("*")
        def sees(prompt: Prompt) -> str:
            seen.append(prompt)
            return "seen"

    told(with_model(declare), MESSAGES, system="Be short.", model="opus", tools=[{"name": "t"}])
    (prompt,) = seen
    assert prompt.messages[0] == Message("system", "Be short.")
    assert prompt.messages[-1] == Message("user", "Second\nq")
    assert prompt.system == "Be short.\nYou are a clerk."
    assert str(prompt).splitlines()[2:] == ["First question", "First answer", "Second", "q"]
    assert (prompt.last, prompt.turn, prompt.model) == ("Second\nq", 2, "opus")
    assert (prompt.agent, prompt.role, prompt.session) == ("asks-0", "asks", "session-0")
    assert prompt.tools == [{"name": "t"}]


def test_the_newest_message_is_looked_at_before_the_whole_conversation() -> None:
    def declare(model: Model) -> None:
        model.answer("First", "to the first")
        model.answer("Second", "to the second")

    third = [*MESSAGES, {"role": "assistant", "content": "?"}, {"role": "tool", "content": "done"}]
    assert told(with_model(declare), MESSAGES, third) == ["to the second", "to the first"]


def test_what_the_caller_told_the_model_to_be_counts_as_new() -> None:
    def declare(model: Model) -> None:
        model.answer("First", "to the first")
        model.answer("clerk", "to the clerk")

    assert told(with_model(declare), MESSAGES) == ["to the clerk"]


@pytest.mark.parametrize("prompt", [FRANCE, [{"role": "user", "content": FRANCE}]])
def test_the_rule_for_all_that_is_left_comes_last(prompt: Any) -> None:
    def declare(model: Model) -> None:
        model.answer("*", "whatever")
        model.answer("capital", "Paris")

    assert told(with_model(declare), prompt) == ["Paris"]


def test_a_rule_may_be_for_some_agents_and_some_models() -> None:
    def declare(model: Model) -> None:
        model.answer("*", "to the planner", by="planner")
        model.answer("*", "from haiku", model="*haiku*")
        model.answer("*", "to the rest")

    async def planner(model: Model) -> list[str]:
        return [(await model.complete("?", model=name)).text for name in ("sonnet", "haiku-3")]

    async def other(model: Model) -> list[str]:
        return [(await model.complete("?", model=name)).text for name in ("sonnet", "haiku-3")]

    assert once([planner, other], with_model(declare), agents=2).results == {
        "planner-0": ["to the planner", "to the planner"],
        "other-1": ["to the rest", "from haiku"],
    }


@pytest.mark.parametrize(
    ("says", "text"),
    [
        ("text", "text"),
        ({"a": [1, "é"]}, '{"a": [1, "é"]}'),
        ([1, 2], "[1, 2]"),
        ([], "[]"),
        (7, "7"),
        (True, "true"),
        (Reply("said"), "said"),
    ],
)
def test_an_answer_may_be_a_text_or_what_is_sent_as_json(says: Any, text: str) -> None:
    answer = answered(with_model(lambda model: model.answer("*", says)), "?")
    assert (answer.text, answer.tool_calls, answer.finish_reason) == (text, (), "stop")
    if not isinstance(says, str | Reply):
        assert answer.json() == says


def test_an_answer_may_be_tool_calls() -> None:
    def declare(model: Model) -> None:
        model.script(
            tool_call("look", city="Rome"),
            (tool_call("look", city="Köln"), ToolCall("stop")),
            Reply("I look.", (ToolCall("look", "{", "mine"),)),
        )

    async def asks(model: Model) -> list[Answer]:
        return [await model.complete("?") for _ in range(3)]

    (answers,) = once(asks, with_model(declare)).results.values()
    assert isinstance(answers, list)
    assert [each.finish_reason for each in answers] == ["tool_calls"] * 3
    calls = [call for each in answers for call in each.tool_calls]
    assert [call.name for call in calls] == ["look", "look", "stop", "look"]
    assert calls[1].json() == {"city": "Köln"}
    assert [call.id for call in calls] == ["call_0_1", "call_0_2", "call_0_3", "mine"]
    assert answers[2].text == "I look."


def test_the_answer_is_cut_off_at_the_most_tokens() -> None:
    setup = with_model(lambda model: model.answer("*", "abcdefghijkl"))
    short = answered(setup, "?", max_tokens=2)
    assert (short.text, short.finish_reason, short.tokens_out) == ("abcdefgh", "length", 2)
    assert answered(setup, "?", max_tokens=3).finish_reason == "stop"


# Scripts ----------------------------------------------------------------------------------


def test_each_agent_reads_a_script_from_its_beginning() -> None:
    async def asks(model: Model) -> list[str]:
        return [(await model.complete("?")).text for _ in range(2)]

    run = once(asks, with_model(lambda model: model.script("a", "b")), agents=2)
    assert list(run.results.values()) == [["a", "b"], ["a", "b"]]


def test_after_a_script_the_later_rules_answer() -> None:
    def declare(model: Model) -> None:
        model.script("a", on="go")
        model.script("b")
        model.answer("*", "c")

    assert told(with_model(declare), "go", "go", "go", "go") == ["a", "b", "c", "c"]


@pytest.mark.parametrize("prompt", [FRANCE, MESSAGES])
def test_a_script_is_read_in_its_turn_whatever_the_form_of_the_prompt(prompt: Any) -> None:
    def declare(model: Model) -> None:
        model.script("a")
        model.answer("capital", "b")
        model.answer("Second", "b")

    assert told(with_model(declare), prompt, prompt) == ["a", "b"]


async def takes(model: Model) -> str:
    return (await model.complete("?")).text


def taken(setup: Setup) -> set[tuple[object, ...]]:
    explorer = pileup.Scenario(takes, agents=2, setup=setup).explorer()
    return {tuple(run.results.values()) for run in all_runs(explorer)}


def test_a_shared_script_is_handed_out_to_whoever_comes_first() -> None:
    shared = with_model(lambda model: model.script("a", "b", shared=True))
    assert taken(shared) == {("a", "b"), ("b", "a")}


def test_a_script_may_be_for_one_agent_only() -> None:
    def declare(model: Model) -> None:
        model.script("mine", by="takes-1")
        model.answer("*", "whatever")

    assert taken(with_model(declare)) == {("whatever", "mine")}


# What it touches --------------------------------------------------------------------------


def footprints(setup: Setup) -> list[tuple[tuple[str, str], ...]]:
    """Say what a call touches while its turn is open, and what it has touched in the end."""
    found: list[tuple[tuple[str, str], ...]] = []

    def spelled(touches: Any) -> tuple[tuple[str, str], ...]:
        return tuple((touch.item.name, touch.access) for touch in touches)

    async def asks(model: Model) -> None:
        op = model._calling("?", {})
        found.append(spelled(op.touches))
        await model._port.perform(op)
        found.append(spelled(op.touches))

    once(asks, setup)
    return found


def test_calls_commute() -> None:
    assert footprints(with_model(nothing)) == [(("model[sonnet]", "update"),)] * 2


def test_calls_do_not_commute_where_the_first_gets_more() -> None:
    def declare(model: Model) -> None:
        model.script("a", shared=True)
        model.script("b")
        model.script("c", by="somebody else")
        model.limit(10)

    asked, done = footprints(with_model(declare))
    keys = ["sonnet", "quota", "script", "script of asks-0"]
    assert asked == tuple(
        (f"model[{key}]", "update" if key == "sonnet" else "write") for key in keys
    )
    assert done == tuple((f"model[{key}]", "update") for key in keys)


def test_a_script_for_somebody_else_does_not_matter() -> None:
    def declare(model: Model) -> None:
        model.script("a", by="somebody else")
        model.answer("*", "b")

    assert footprints(with_model(declare)) == [(("model[sonnet]", "update"),)] * 2


def test_what_is_declared_later_matters_later() -> None:
    async def asks(model: Model) -> list[int]:
        found = []
        for declare in (nothing, lambda model: model.script("a"), lambda model: model.limit(9)):
            declare(model)
            found.append(len(model._calling("?", {}).touches))
        return found

    assert once(asks, with_model(nothing)).results == {"asks-0": [1, 2, 3]}


def test_nothing_that_a_caller_gets_tells_who_came_first() -> None:
    async def asks(model: Model) -> Answer:
        return await model.complete("?")

    setup = with_model(lambda model: model.answer("*", tool_call("go")))
    explorer = pileup.Scenario(asks, agents=2, setup=setup).explorer()
    assert len({repr(run.results) for run in all_runs(explorer)}) == 1


# Every runtime ----------------------------------------------------------------------------


def in_sync_code(model: Model) -> str:
    return model.sync.complete("?").text


async def sync_in_async_code(model: Model) -> str:
    return model.sync.complete("?").text


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("agent", [takes, in_sync_code, sync_in_async_code])
def test_every_runtime_gives_the_same(agent: Any, backend: str) -> None:
    setup = with_model(lambda model: model.script("a", "b", shared=True))
    explorer = pileup.Scenario([agent, agent], setup=setup, backend=backend).explorer()
    ends = {tuple(run.results.values()) for run in all_runs(explorer)}
    assert ends == {("a", "b"), ("b", "a")}


@pytest.mark.parametrize("loop", [trio, asyncio])
def test_tasks_of_one_agent_race_as_well(loop: Any) -> None:
    seen: set[tuple[str, ...]] = set()

    async def both(model: Model) -> None:
        said = {}

        async def one(name: str) -> None:
            said[name] = await takes(model)

        if loop is trio:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(one, "x")
                nursery.start_soon(one, "y")
        else:
            await asyncio.gather(one("x"), one("y"))
        seen.add((said["x"], said["y"]))

    setup = with_model(lambda model: model.script("a", "b"))
    pileup.explore(both, setup=setup, agents=1, runs=40)
    assert seen == {("a", "b"), ("b", "a")}


def test_two_agents_interleave_between_their_calls() -> None:
    """The trap: a model that answers without giving way, so that no other agent ever meets it."""
    read_before: list[int] = []

    async def counts(world: World) -> None:
        n = await world.memory.get("n") or 0
        await Model(world.sim, name=f"m{world.sim.count('m')}").complete("think about it")
        read_before.append(n)
        await world.memory.set("n", n + 1)

    ends: set[int] = set()
    pileup.explore(counts, agents=2, runs=60, check=lambda world: ends.add(world.memory.peek("n")))
    assert ends == {1, 2}


# Tokens, prices, turns --------------------------------------------------------------------

FOUR_THOUSAND = "four" * 4_000


@pytest.mark.parametrize(("name", "dollars"), [("haiku", 0.25), ("sonnet", 3.0), ("opus", 15.0)])
def test_a_million_tokens_cost_what_they_cost(name: str, dollars: float) -> None:
    assert PRICES[name].tokens_in == dollars
    setup = with_model(lambda model: model.answer("*", ""))
    answer = answered(setup, "four" * 1_000_000, model=f"claude-{name}-4")
    assert (answer.tokens_in, answer.cost, answer.model) == (1_000_000, dollars, f"claude-{name}-4")


def test_a_task_of_ten_calls_with_four_thousand_tokens_costs_twelve_cents() -> None:
    async def works(model: Model) -> None:
        for _ in range(10):
            await model.complete(FOUR_THOUSAND)

    run = once(works, with_model(lambda model: model.answer("*", "")))
    assert run.world.usage.cost == 0.12


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2)])
def test_a_token_is_four_characters(text: str, tokens: int) -> None:
    answer = answered(with_model(nothing), text)
    assert (answer.tokens_in, answer.tokens_out) == (tokens, tokens)


def test_tokens_are_those_of_all_messages_and_of_the_tools() -> None:
    tools = [{"name": "t"}]  # 15 characters as JSON
    answer = answered(with_model(nothing), MESSAGES, tools=tools, system="Be short.")
    assert answer.tokens_in == sum([3, 4, 4, 3, 2]) + 4


def test_arguments_of_tool_calls_are_tokens_too() -> None:
    answer = answered(with_model(lambda m: m.answer("*", tool_call("t", a="bcd"))), "?")
    assert answer.tokens_out == 4  # the arguments, and the line's end before them: 13 characters


def test_prices_may_be_given() -> None:
    prices = {"sonnet": (1.0, 2.0), "sonnet-mini": Price(4.0, 8.0)}
    setup = with_model(nothing, prices=prices)
    assert answered(setup, FOUR_THOUSAND).cost == 0.004 + 0.008
    assert answered(setup, FOUR_THOUSAND, model="sonnet-mini-2").cost == 0.016 + 0.032


def test_usage_is_told_by_agent_role_session_step_and_model() -> None:
    async def writer(model: Model) -> None:
        with pileup.step("draft"):
            await model.complete("four")
        await model.complete("four", model="haiku")

    run = once(writer, with_model(nothing), agents=2)
    usage = run.world.usage
    four = Usage(1, 1, 1, PRICES["sonnet"].of(1, 1))
    assert usage.by_step["draft"] == Usage(2, 2, 2, 2 * four.dollars)
    assert usage.by_model == {
        "sonnet": usage.by_step["draft"],
        "haiku": usage.by_step[""],
    }
    assert {name: share.calls for name, share in usage.by_agent.items()} == {
        "writer-0": 2,
        "writer-1": 2,
    }
    assert {name: share.tokens for name, share in usage.by_session.items()} == {
        "session-0": 4,
        "session-1": 4,
    }
    assert (usage.by_role["writer"].calls, usage.calls, usage.tokens) == (4, 4, 8)
    assert usage.cost == usage.by_role["writer"].cost == usage.total.cost > 0


def test_usage_may_be_asked_for_while_the_run_goes_on() -> None:
    async def asks(model: Model) -> list[int]:
        calls = []
        for _ in range(3):
            await model.complete("?")
            calls.append(model.usage.calls)
        return calls

    assert once(asks, with_model(nothing)).results == {"asks-0": [1, 2, 3]}


def test_turns_are_counted_by_the_conversation() -> None:
    async def talks(model: Model) -> None:
        messages: list[dict[str, Any]] = []
        for number in range(4):
            messages.append({"role": "user", "content": f"question {number}"})
            answer = await model.complete(messages)
            messages.append({"role": "assistant", "content": answer.text})

    run = once(talks, with_model(nothing), agents=2)
    assert [entry.turn for entry in run.world.log] == [1, 2, 3, 4] * 2


def test_the_log_tells_who_asked_what_and_when() -> None:
    async def writer(model: Model) -> None:
        await pileup.sleep(3)
        with pileup.step("draft"):
            await model.complete(FRANCE)

    (entry,) = once(writer, with_model(lambda m: m.answer("*", "Paris"))).world.log
    assert (entry.number, entry.agent, entry.role, entry.session) == (
        0,
        "writer-0",
        "writer",
        "session-0",
    )
    assert (entry.step, entry.at, entry.prompt, entry.answer.text) == ("draft", 3, FRANCE, "Paris")


# What is in the history -------------------------------------------------------------------


def event(setup: Setup, prompt: Any, **asking: Any) -> Any:
    async def asks(model: Model) -> None:
        await model.complete(prompt, **asking)

    (found,) = [each for each in once(asks, setup).history if each.name == "complete"]
    return found


def test_the_history_says_what_was_asked_and_answered() -> None:
    assert event(with_model(lambda m: m.answer("*", "Paris")), "Capital?").detail == (
        "Capital? -> Paris"
    )
    assert event(with_model(lambda m: m.answer("*", tool_call("look"))), "Where?").detail == (
        "Where? -> look"
    )


def test_what_is_long_is_a_fingerprint_there() -> None:
    detail = event(with_model(lambda m: m.answer("*", "Paris")), FOUR_THOUSAND).detail
    assert re.fullmatch(r"#[0-9a-f]{16} -> Paris", detail)


def test_a_canary_is_followed_from_prompt_to_answer() -> None:
    """What one session's model was shown turns up in the log under its mark, in full."""

    async def writer(model: Model, me: pileup.Agent) -> Answer:
        return await model.complete(f"{'My secret is ' * 9}{me.secret}.")

    def declare(model: Model) -> None:
        model.rule("*")(lambda prompt: f"I will tell nobody of {prompt.last.split()[-1]}")

    run = once(writer, with_model(declare))
    (entry,) = run.world.log
    (secret,) = entry.canaries
    assert re.fullmatch("canary-[0-9a-f]{12}", secret)
    assert entry.sources == entry.carries == entry.answer.sources == (secret,)
    (asked,) = [each for each in run.history if each.name == "complete"]
    assert f"saw {secret} told {secret}" in str(asked.detail)


def test_a_canary_that_the_answer_leaves_out_goes_no_further() -> None:
    async def writer(model: Model, me: pileup.Agent) -> None:
        await model.complete(me.secret)

    (entry,) = once(writer, with_model(lambda m: m.answer("*", "Noted."))).world.log
    assert (len(entry.canaries), entry.carries) == (1, ())


# Time -------------------------------------------------------------------------------------


def test_a_call_takes_time_in_timed_runs() -> None:
    def start(sim: pileup.Sim) -> World:
        world = World(sim, {"model": Latency(2.0, 12.0)})
        Model(sim)
        return world

    async def asks(world: World) -> None:
        for _ in range(10):
            await world.sim.fakes["model"].complete("?")

    def seconds(**options: Any) -> list[float]:
        scenario = pileup.Scenario(asks, setup=start, agents=1, **options)
        return [scenario.explorer().once(Random(seed)).seconds for seed in range(30)]

    # The mean of a log-normal with median 2 and p95 12 is 3.6: ten calls take 36 s, plus or minus.
    assert 25 < sum(seconds(timed=True)) / 30 < 50
    assert set(seconds()) == {0}


def test_a_model_may_be_slower_than_others() -> None:
    fast = with_model(nothing, latency=Latency(1.0, 1.0))
    run = pileup.Scenario(takes, setup=fast, agents=1, timed=True).explorer().once(Dull())
    assert run.seconds == 1


# Bad use ----------------------------------------------------------------------------------


def test_no_rule_for_a_prompt_ends_the_run_and_says_what_there_is() -> None:
    def declare(model: Model) -> None:
        model.script("a", on="weather", by="planner")
        model.answer(re.compile("cap.*"), "Paris", model="opus")

    said = mistake(with_model(declare), FRANCE)
    assert "asks-0 asked the model 'sonnet': 'What is the capital of France?'" in said
    assert "a script of 1, 'weather', by='planner'; 'cap.*', model='opus'" in said
    assert "model.answer('What is the capital ', 'the answer')" in said


def test_an_agent_that_swallows_the_error_does_not_hide_it() -> None:
    async def swallows(model: Model) -> None:
        with suppress(Exception):
            await model.complete(FRANCE)

    with pytest.raises(UsageError, match="no rule fits"):
        once(swallows, with_model(lambda model: model.answer("weather", "fine")))


def test_a_script_that_has_been_read_to_its_end_says_so() -> None:
    assert "has been read to its end" in mistake(with_model(lambda m: m.script("a")), "?", "?")


def test_a_rule_that_raises_is_the_fakes_own_mistake() -> None:
    def breaks(_: Prompt) -> str:
        raise KeyError("x")

    said = mistake(with_model(lambda model: model.rule("what")(breaks)), "what is it?")
    assert "The rule for 'what' raised KeyError: 'x'" in said
    assert "faults=[pileup.faults.Rule('unavailable', on='*model*')]" in said


@pytest.mark.parametrize("says", [None, object, b"bytes"])
def test_an_answer_that_cannot_be_says_what_can(says: Any) -> None:
    said = mistake(with_model(lambda model: model.rule("*")(lambda _: says)), "?")
    assert "tool_call('name', argument=...)" in said


@pytest.mark.parametrize("prompt", [7, b"text", {}, [], ["text"], [{"content": "no role"}]])
def test_a_prompt_that_cannot_be_says_what_can(prompt: Any) -> None:
    assert "{'role': 'user', 'content': " in mistake(with_model(nothing), prompt)


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda model: model.script(), r"model.script\('a', 'b'\)"),
        (lambda model: model.answer("", "x"), "pattern ''"),
        (lambda model: model.answer(7, "x"), "pattern 7"),
        (lambda model: model.answer("a", "x", whom="b"), "option 'whom'"),
        (lambda model: model.answer("a", "x", wrong=2), r"write wrong=0.05"),
        (lambda model: model.answer("a", None), "was to answer None"),
        (lambda model: model.script("a", None), "was to answer None"),
        (lambda model: model.answer("a", "b", wrong_answers=[None]), "was to answer None"),
        (lambda model: model.limit(0), r"model.limit\(calls=50, per=60.0\)"),
        (lambda model: model.limit(1, per=0), r"model.limit\(calls=50, per=60.0\)"),
    ],
)
def test_a_declaration_that_cannot_be_says_what_can(
    declare: Callable[[Model], object], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        once(takes, with_model(declare))


@pytest.mark.parametrize(
    ("making", "said"),
    [
        ({"wrnog": 0.1}, "wrnog, which it does not know; it knows wrong, invented"),
        ({"wrong": 1.1}, "a rate is between 0 and 1"),
        ({"wrong": "often"}, "a rate is between 0 and 1"),
        ({"wrong": 0.6, "invented": 0.6}, "add up to more than 1"),
        ({"prices": {"x": 3.0}}, r"prices={'x': \(3.0, 15.0\)}"),
        ({"prices": {"x": (-1, 1)}}, "two numbers"),
    ],
)
def test_a_model_that_cannot_be_says_what_can(making: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        once(takes, with_model(nothing, **making))


@pytest.mark.parametrize("agent_asks", ["complete", "sync"])
def test_an_option_that_is_misspelled_is_no_option(agent_asks: str) -> None:
    async def asks(model: Model) -> None:
        if agent_asks == "sync":
            model.sync.complete("?", modle="haiku")  # type: ignore[call-arg]
        else:
            await model.complete("?", modle="haiku")  # type: ignore[call-arg]

    with pytest.raises(UsageError, match=r"modle, which it does not know; it knows model, tools"):
        once(asks, with_model(nothing))


# Replay and import ------------------------------------------------------------------------


def test_a_run_replays() -> None:
    setup = with_model(lambda model: model.script("a", "b", shared=True))

    async def fails(model: Model) -> None:
        if (await model.complete("?")).text == "a":
            raise ValueError("I was first")

    found = pileup.explore([takes, fails], setup=setup, runs=30)
    assert found.counterexample is not None
    again = pileup.replay(found.counterexample.token, [takes, fails], setup=setup)
    assert again.faithful
    assert again.history.lines() == found.counterexample.history.lines()


def test_nothing_heavy_is_imported_with_the_fake() -> None:
    code = (
        "import sys, pileup.fakes.model; print([name for name in "
        "('httpx', 'httpx2', 'openai', 'anthropic', 'asyncio') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
