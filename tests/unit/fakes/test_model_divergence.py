"""What the model does not do as the real thing does: each line of its docstring, held to."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import pileup
from pileup.errors import RealWorldTouched
from pileup.fakes.model import PRICES, Model, Reply, Throttled, ToolCall
from pileup.faults import Rule
from pileup.results import Run
from pileup.strategies import Dull, RoundRobin

ASKED = [{"role": "user", "content": "yes?"}]
sdk: Any = SimpleNamespace()
"""Clients of the real SDKs; Any: imported late, because it takes seconds."""


@pytest.fixture(scope="module")
def clients() -> Iterator[None]:
    import anthropic
    import openai

    sdk.openai = openai.OpenAI(api_key="anything")
    sdk.anthropic = anthropic.Anthropic(api_key="anything")
    yield
    vars(sdk).clear()


def once(agent: Any, setup: Any = Model, **options: Any) -> Run:
    run = pileup.Scenario(agent, agents=1, setup=setup, **options).explorer().once(Dull())
    for finding in run.findings:
        raise AssertionError(finding.title)
    return run


def told(agent: Any, setup: Any = Model, **options: Any) -> Any:
    (answer,) = once(agent, setup, **options).results.values()
    return answer


def test_the_same_prompt_has_the_same_answer() -> None:
    async def asks(model: Model) -> bool:
        return await model.complete("yes?") == await model.complete("yes?")

    assert told(asks)


@pytest.mark.usefixtures("clients")
def test_what_makes_real_answers_differ_is_ignored() -> None:
    asking = {"temperature": 2.0, "seed": 7, "n": 3, "logprobs": True, "stop": ["e"]}

    def asks(_: Model) -> list[Any]:
        found = sdk.openai.chat.completions.create(model="gpt-5", messages=ASKED, **asking)
        return [len(found.choices), found.choices[0].message.content, found.choices[0].logprobs]

    assert told(asks) == [1, "yes?", None]


def test_an_image_counts_as_nothing_and_no_prompt_is_too_long() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 9_999}}

    async def asks(model: Model) -> list[int]:
        picture = [{"role": "user", "content": [image, {"type": "text", "text": "four"}]}]
        return [(await model.complete(prompt)).tokens_in for prompt in (picture, "x" * 40_000_000)]

    assert told(asks, lambda sim: _answering(sim, "short")) == [1, 10_000_000]


def _answering(sim: pileup.Sim, says: object, **making: Any) -> Model:
    model = Model(sim, **making)
    model.answer("*", says)
    return model


def test_what_is_on_no_price_list_costs_as_much_as_sonnet() -> None:
    async def asks(model: Model) -> float:
        return (await model.complete("yes?", model="never-heard-of")).cost

    assert told(asks) == PRICES["sonnet"].of(1, 1)


@pytest.mark.usefixtures("clients")
def test_nothing_is_cached_batched_or_reasoned() -> None:
    def asks(_: Model) -> list[int]:
        chat = sdk.openai.chat.completions.create(model="gpt-5", messages=ASKED).usage
        message = sdk.anthropic.messages.create(model="opus", max_tokens=9, messages=ASKED).usage
        return [
            chat.prompt_tokens_details.cached_tokens,
            chat.completion_tokens_details.reasoning_tokens,
            message.cache_read_input_tokens,
        ]

    assert told(asks) == [0, 0, 0]


@pytest.mark.usefixtures("clients")
def test_an_idempotency_key_is_not_honoured() -> None:
    def asks(model: Model) -> int:
        for _ in range(2):
            headers = {"Idempotency-Key": "k"}
            create = sdk.openai.chat.completions.create
            create(model="gpt-5", messages=ASKED, extra_headers=headers)
        return model.usage.calls

    assert told(asks) == 2


@pytest.mark.usefixtures("clients")
def test_the_path_tells_the_provider_and_nobody_looks_at_keys() -> None:
    def asks(_: Model) -> str:
        swapped = sdk.openai.with_options(base_url="https://api.anthropic.com/v9", api_key="other")
        found = swapped.chat.completions.create(model="claude", messages=ASKED)
        return str(found.choices[0].message.content)

    assert told(asks) == "yes?"


@pytest.mark.usefixtures("clients")
def test_of_a_request_only_what_is_needed_is_checked() -> None:
    def asks(_: Model) -> str:
        asking = {"temperature": 99, "tool_choice": {"type": "nonsense"}}
        found = sdk.openai.chat.completions.create(model="gpt-5", messages=ASKED, **asking)
        return str(found.choices[0].message.content)

    assert told(asks) == "yes?"


@pytest.mark.usefixtures("clients")
@pytest.mark.parametrize("what", ["embeddings", "models", "stored"])
def test_no_other_endpoint_is_there(what: str) -> None:
    def asks(_: Model) -> None:
        if what == "embeddings":
            sdk.openai.embeddings.create(model="e", input="x")
        elif what == "models":
            sdk.openai.models.list()
        else:
            first = sdk.openai.responses.create(model="gpt-5", input="yes?")
            sdk.openai.responses.retrieve(first.id)

    with pytest.raises(RealWorldTouched, match="which no fake serves"):
        once(asks)


@pytest.mark.usefixtures("clients")
def test_what_was_not_to_be_stored_cannot_be_continued() -> None:
    import openai

    def asks(_: Model) -> str:
        create = sdk.openai.responses.create
        first = create(model="gpt-5", input="yes?", store=False)
        with pytest.raises(openai.BadRequestError) as error:
            create(model="gpt-5", input="and?", previous_response_id=first.id)
        return str(error.value)

    assert "not found" in told(asks)


@pytest.mark.usefixtures("clients")
def test_a_malformed_tool_call_has_no_arguments_outside_of_a_stream_of_anthropics() -> None:
    def asks(_: Model) -> list[Any]:
        asking: Any = {"model": "opus", "max_tokens": 9, "messages": ASKED}
        whole = sdk.anthropic.messages.create(**asking).content[0].input
        events = sdk.anthropic.messages.create(**asking, stream=True)
        parts = [each.delta.partial_json for each in events if each.type == "content_block_delta"]
        return [whole, "".join(parts)]

    setup = lambda sim: _answering(sim, ToolCall("look", '{"city": '))  # noqa: E731
    assert told(asks, setup) == [{}, '{"city": ']


@pytest.mark.usefixtures("clients")
def test_a_refusal_of_openais_stops_as_usual() -> None:
    def asks(_: Model) -> list[Any]:
        choice = sdk.openai.chat.completions.create(model="gpt-5", messages=ASKED).choices[0]
        return [choice.finish_reason, choice.message.refusal]

    assert told(asks, lambda sim: _answering(sim, Reply("No.", (), "refusal"))) == ["stop", "No."]


@pytest.mark.usefixtures("clients")
def test_the_id_of_a_request_is_in_its_errors_header_alone() -> None:
    import anthropic

    def asks(_: Model) -> list[Any]:
        with pytest.raises(anthropic.BadRequestError) as error:
            sdk.anthropic.messages.create(model="opus", max_tokens=9, messages=[])
        return [error.value.request_id, sorted(dict(error.value.response.json()))]

    assert told(asks) == ["req_0_1", ["error", "type"]]


def told_wrong(says: object, **where: Any) -> tuple[str, tuple[str, ...]]:
    """Return the wrong answer, and the marks in it."""

    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim)
        model.answer("*", says, **where)
        return model

    async def asks(model: Model) -> None:
        await model.complete("yes?")

    rules = [Rule("wrong")]
    (entry,) = once(asks, setup, faults=rules).world.log
    return entry.answer.text, entry.carries


def test_made_up_numbers_carry_no_mark() -> None:
    assert told_wrong(41) == ("42", ())
    text, marks = told_wrong("Paris")
    assert marks == (text,)


def test_short_wrong_answers_of_a_rules_own_carry_no_mark() -> None:
    assert told_wrong("Paris", wrong_answers=["Nice"]) == ("Nice", ())
    assert told_wrong("Paris", wrong_answers=["Lyons"]) == ("Lyons", ("Lyons",))


def test_the_window_of_a_quota_begins_with_its_first_call_and_does_not_slide() -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim)
        model.limit(calls=2, per=60)
        return model

    async def asks(model: Model) -> list[str]:
        heard = []
        for at in (0, 59, 1, 0, 0):  # a window that slides would refuse the fourth, at 60 s
            await pileup.sleep(at)
            try:
                heard.append((await model.complete("yes?")).text)
            except Throttled:
                heard.append("throttled")
        return heard

    assert told(asks, setup) == ["yes?", "yes?", "yes?", "yes?", "throttled"]


def test_a_native_call_that_is_given_up_before_its_effect_was_never_made() -> None:
    async def gives_up(model: Model) -> int:
        try:
            async with pileup.timeout(1):
                await model.complete("yes?")
        except TimeoutError:
            await pileup.sleep(60)
        return model.usage.calls

    rules = [Rule("slow", on="complete*")]
    scenario = pileup.Scenario(gives_up, agents=1, setup=Model, faults=rules)
    run = scenario.explorer().once(RoundRobin())
    assert run.results == {"gives_up-0": 0}


@pytest.mark.usefixtures("clients")
@pytest.mark.parametrize("way", ["native", "client"])
def test_a_streamed_answer_is_billed_in_full_at_its_beginning(way: str) -> None:
    def asks(model: Model) -> list[int]:
        if way == "native":
            model.sync.complete("yes?")
        else:
            asking: Any = {"model": "gpt-5", "messages": ASKED, "stream": True}
            sdk.openai.chat.completions.create(**asking).close()
        return [model.usage.calls, model.usage.by_agent["asks-0"].tokens_out]

    assert told(asks) == [1, 1]
