"""The real SDKs of OpenAI and Anthropic against the model, with retries of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Final

import pytest
import tenacity
import trio

import pileup
from pileup.choices import Strategy
from pileup.errors import RealWorldTouched
from pileup.fakes import World
from pileup.fakes.model import Model, Reply, ToolCall, tool_call
from pileup.faults import Rule
from pileup.latency import Latency
from pileup.results import Run
from pileup.strategies import Dull, Random, RoundRobin

Setup = Callable[[pileup.Sim], Any]

ASKED: Final = [{"role": "user", "content": "yes?"}]
WAYS: Final = ("chat", "responses", "messages")
sdk: Any = SimpleNamespace()
"""The SDKs and clients of them, made before any run; Any: imported late, they take seconds."""


@pytest.fixture(scope="module", autouse=True)
def sdks() -> Iterator[None]:
    import anthropic
    import openai

    sdk.openai, sdk.anthropic = openai, anthropic
    sdk.of = {"chat": openai, "responses": openai, "messages": anthropic}
    sdk.sync = {openai: openai.OpenAI(api_key="x"), anthropic: anthropic.Anthropic(api_key="x")}
    sdk.later = {
        openai: openai.AsyncOpenAI(api_key="x"),
        anthropic: anthropic.AsyncAnthropic(api_key="x"),
    }
    yield
    vars(sdk).clear()


def create(client: Any, way: str, **asking: Any) -> Any:
    """Ask in one provider's words; an awaitable where the client is async."""
    messages = asking.pop("messages", ASKED)
    if way == "responses":
        return client.responses.create(**{"model": "gpt-5", "input": messages, **asking})
    if way == "chat":
        return client.chat.completions.create(**{"model": "gpt-5", "messages": messages, **asking})
    asked = {"model": "claude-opus-4", "max_tokens": 100, "messages": messages, **asking}
    return client.messages.create(**asked)


def text_of(answer: Any) -> str:
    """Return what an answer says, whichever provider's it is."""
    if hasattr(answer, "choices"):
        return str(answer.choices[0].message.content)
    if hasattr(answer, "output_text"):
        return str(answer.output_text)
    return "".join(part.text for part in answer.content if part.type == "text")


def in_sync_code(way: str) -> Callable[[Any], str]:
    return lambda _: text_of(create(sdk.sync[sdk.of[way]], way))


def in_async_code(way: str) -> Callable[[Any], Any]:
    async def asks(_: Any) -> str:
        return text_of(await create(sdk.later[sdk.of[way]], way))

    return asks


def sync_client_in_async_code(way: str) -> Callable[[Any], Any]:
    async def asks(_: Any) -> str:
        return text_of(create(sdk.sync[sdk.of[way]], way))

    return asks


KINDS: Final = (in_sync_code, in_async_code, sync_client_in_async_code)


def model_of(*script: object, calls: int = 0, per: float = 60.0, **making: Any) -> Setup:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim, **making)
        if script:
            model.script(*script, shared=True)
        if calls:
            model.limit(calls, per)
        return model

    return setup


def once(agent: Any, setup: Setup = Model, **options: Any) -> Run:
    options = {"agents": 1, **options}
    run = pileup.Scenario(agent, setup=setup, **options).explorer().once(Dull())
    for finding in run.findings:
        raise AssertionError(finding.title)
    return run


def some_runs(scenario: pileup.Scenario) -> list[Run]:
    """Run in a few orders: not in all, because SDKs draw numbers, and each is a choice as well.

    Who is first is one choice of two, so that eight orders miss one of them in one of 128
    cases; the seeds are fixed, so it is no matter of luck.
    """
    explorer = scenario.explorer()
    strategies: list[Strategy] = [Dull(), *map(Random, range(7))]
    return [explorer.once(strategy) for strategy in strategies]


def made(ask: Callable[[Any], Any], *script: object, **options: Any) -> Any:
    """Ask in sync code, and return what came of it."""
    heard: list[Any] = []

    def asks(_: Any) -> None:
        heard.append(ask(sdk.sync))

    once(asks, model_of(*script), **options)
    return heard[-1]


def answer(way: str, says: object, **asking: Any) -> Any:
    return made(lambda clients: create(clients[sdk.of[way]], way, **asking), says)


# Drop-in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backend", [None, "trio", "asyncio"])
def test_two_agents_race_through_the_real_client(way: str, kind: Any, backend: str) -> None:
    """Made before the run; and whoever is first gets the first answer, so they do take turns."""
    agents = [kind(way), kind(way)]
    scenario = pileup.Scenario(agents, setup=model_of("a", "b"), backend=backend)
    ends = {tuple(run.results.values()) for run in some_runs(scenario)}
    assert ends == {("a", "b"), ("b", "a")}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_another_agent_may_act_while_the_client_waits(way: str, kind: Any) -> None:
    """The trap: answers that come without giving way, so that no order shows the lost write."""
    asks, ends = kind(way), set()

    class Modelled(World):
        @cached_property
        def model(self) -> Model:
            return Model(self.sim)

    async def counts(world: World) -> None:
        n = await world.memory.get("n") or 0
        said = asks(world)
        if asyncio.iscoroutine(said):
            await said
        await world.memory.set("n", n + 1)

    def check(world: World) -> None:
        ends.add(world.memory.peek("n"))

    pileup.explore(counts, setup=Modelled, agents=2, runs=8, check=check)
    assert ends == {1, 2}


@pytest.mark.parametrize("loop", [trio, asyncio])
@pytest.mark.parametrize("way", WAYS)
def test_tasks_of_one_agent_race_as_well(way: str, loop: Any) -> None:
    said: dict[str, str] = {}

    async def both(model: Model) -> None:
        async def one(name: str) -> None:
            said[name] = await in_async_code(way)(model)

        if loop is trio:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(one, "x")
                nursery.start_soon(one, "y")
        else:
            await asyncio.gather(one("x"), one("y"))
        seen.add((said["x"], said["y"]))

    seen: set[tuple[str, str]] = set()
    pileup.explore(both, setup=model_of("a", "b"), agents=1, runs=30)
    assert seen == {("a", "b"), ("b", "a")}


def test_clients_may_be_made_inside_of_the_run() -> None:
    def asks(_: Model) -> list[str]:
        openai, anthropic = sdk.openai.OpenAI(api_key="x"), sdk.anthropic.Anthropic(api_key="x")
        return [text_of(create(openai, "chat")), text_of(create(anthropic, "messages"))]

    async def asks_later(_: Model) -> list[str]:
        openai = sdk.openai.AsyncOpenAI(api_key="x")
        anthropic = sdk.anthropic.AsyncAnthropic(api_key="x")
        return [
            text_of(await create(openai, "responses")),
            text_of(await create(anthropic, "messages")),
        ]

    assert once(asks).results == {"asks-0": ["yes?", "yes?"]}
    for backend in (None, "trio", "asyncio"):
        assert once(asks_later, backend=backend).results == {"asks_later-0": ["yes?", "yes?"]}


def test_a_world_that_nobody_has_touched_answers_too() -> None:
    class Modelled(World):
        @cached_property
        def model(self) -> Model:
            return Model(self.sim)

    run = once(in_sync_code("chat"), Modelled)
    assert list(run.results.values()) == ["yes?"]
    assert len(run.world.model.log) == 1


def test_another_host_may_be_served_as_well() -> None:
    def asks(_: Model) -> list[str]:
        client = sdk.openai.OpenAI(api_key="x", base_url="http://localhost:11434/v1")
        return [text_of(create(client, way)) for way in ("chat", "responses")]

    assert once(asks, model_of(hosts=["localhost:11434"])).results == {"asks-0": ["yes?", "yes?"]}


def test_a_second_model_serves_its_own_hosts_alone() -> None:
    def setup(sim: pileup.Sim) -> list[Model]:
        first, second = Model(sim), Model(sim, name="local", hosts=["localhost:1"])
        first.answer("*", "of the provider's")
        second.answer("*", "of our own")
        return [first, second]

    def asks(_: object) -> list[str]:
        local = sdk.openai.OpenAI(api_key="x", base_url="http://localhost:1/v1")
        return [text_of(create(client, "chat")) for client in (sdk.sync[sdk.openai], local)]

    run = once(asks, setup)
    assert run.results == {"asks-0": ["of the provider's", "of our own"]}
    assert [event.items[0].name for event in run.history if event.name == "complete"] == [
        "model[gpt-5]",
        "local[gpt-5]",
    ]


@pytest.mark.parametrize("way", WAYS)
def test_the_same_rules_answer_every_provider(way: str) -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim)

        @model.rule("clerk")
        def tells(prompt: Any) -> dict[str, Any]:
            return {
                "roles": [each.role for each in prompt.messages],
                "last": prompt.last,
                "turn": prompt.turn,
                "model": prompt.model,
            }

        return model

    talk = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    system = {"role": "system", "content": "You are a clerk."}
    told: dict[str, dict[str, Any]] = {
        "chat": {"messages": [system, *talk]},
        "responses": {"messages": talk, "instructions": system["content"]},
        "messages": {"messages": talk, "system": system["content"]},
    }
    heard: list[Any] = []

    def asks(_: Model) -> None:
        heard.append(create(sdk.sync[sdk.of[way]], way, **told[way]))

    (entry,) = once(asks, setup).world.log
    assert entry.answer.json() == {
        "roles": ["system", "user", "assistant", "user"],
        "last": "three",
        "turn": 2,
        "model": "claude-opus-4" if way == "messages" else "gpt-5",
    }
    assert text_of(heard[0]) == entry.answer.text


# What an answer holds ---------------------------------------------------------------------


def test_a_chat_completion_is_filled_in() -> None:
    found = answer("chat", "Paris")
    assert (found.id, found.object, found.model) == ("chatcmpl-0_1", "chat.completion", "gpt-5")
    assert (found.choices[0].finish_reason, found.choices[0].message.refusal) == ("stop", None)
    usage = found.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (1, 2, 3)
    assert found._request_id == "req_0_1"


def test_a_response_is_filled_in() -> None:
    found = answer("responses", "Paris")
    assert (found.id, found.object, found.status) == ("resp_0_1", "response", "completed")
    assert (found.output_text, found.output[0].id) == ("Paris", "msg_0_1")
    assert (found.usage.input_tokens, found.usage.output_tokens) == (1, 2)
    assert found.incomplete_details is None


def test_a_message_is_filled_in() -> None:
    found = answer("messages", "Paris")
    assert (found.id, found.type, found.role) == ("msg_0_1", "message", "assistant")
    assert (found.stop_reason, found.content[0].text) == ("end_turn", "Paris")
    assert (found.usage.input_tokens, found.usage.output_tokens) == (1, 2)


@pytest.mark.parametrize("way", WAYS)
def test_ids_do_not_tell_who_came_first(way: str) -> None:
    def asks(_: Model) -> str:
        return str(create(sdk.sync[sdk.of[way]], way).id)

    runs = some_runs(pileup.Scenario(asks, agents=2, setup=Model))
    assert {tuple(run.results.values()) for run in runs} == {tuple(runs[0].results.values())}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_asked_is_in_the_log_with_its_price(way: str) -> None:
    (entry,) = once(in_sync_code(way)).world.log
    prices = {"messages": 15.0, "chat": 3.0, "responses": 3.0}
    assert entry.answer.cost == (prices[way] + 5 * prices[way]) / 1e6
    assert (entry.prompt, entry.turn) == ("yes?", 1)


@pytest.mark.parametrize("way", WAYS)
def test_a_canary_is_seen_on_its_way_through_a_client(way: str) -> None:
    def asks(_: Model, me: pileup.Agent) -> str:
        messages = [{"role": "user", "content": f"keep {me.secret}"}]
        return text_of(create(sdk.sync[sdk.of[way]], way, messages=messages))

    run = once(asks)
    (entry,) = run.world.log
    assert run.results == {"asks-0": f"keep {entry.canaries[0]}"}
    assert entry.carries == entry.canaries


def test_the_most_tokens_cut_an_answer_off() -> None:
    long = "abcdefghijkl"
    chat = answer("chat", long, max_completion_tokens=2)
    assert (text_of(chat), chat.choices[0].finish_reason) == ("abcdefgh", "length")
    response = answer("responses", long, max_output_tokens=2)
    assert (response.output_text, response.status) == ("abcdefgh", "incomplete")
    assert response.incomplete_details.reason == "max_output_tokens"
    message = answer("messages", long, max_tokens=2)
    assert (text_of(message), message.stop_reason) == ("abcdefgh", "max_tokens")


CALLS: Final = (tool_call("look", city="Köln"), tool_call("stop"))


def test_tool_calls_arrive() -> None:
    chat = answer("chat", CALLS).choices[0]
    assert (chat.finish_reason, chat.message.content) == ("tool_calls", None)
    functions = [(call.id, call.function.name) for call in chat.message.tool_calls]
    assert functions == [("call_0_1", "look"), ("call_0_2", "stop")]
    assert chat.message.tool_calls[0].function.arguments == '{"city": "Köln"}'
    items = answer("responses", CALLS).output
    assert [(item.type, item.call_id, item.name) for item in items] == [
        ("function_call", "call_0_1", "look"),
        ("function_call", "call_0_2", "stop"),
    ]
    message = answer("messages", Reply("I look.", CALLS))
    assert (message.stop_reason, message.content[0].text) == ("tool_use", "I look.")
    used = [(part.id, part.name, part.input) for part in message.content[1:]]
    assert used == [("call_0_1", "look", {"city": "Köln"}), ("call_0_2", "stop", {})]


def test_results_of_tools_are_a_part_of_the_prompt() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
    use = {"type": "tool_use", "id": "c", "name": "look", "input": {"a": 1}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "7"}]}
    talks: dict[str, list[dict[str, Any]]] = {
        "chat": [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "7"},
        ],
        "responses": [
            {"type": "function_call", "call_id": "c", "name": "look", "arguments": '{"a": 1}'},
            {"type": "function_call_output", "call_id": "c", "output": "7"},
        ],
        "messages": [
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ],
    }
    for way, talk in talks.items():

        def asks(_: Model, way: str = way, talk: Any = talk) -> None:
            create(sdk.sync[sdk.of[way]], way, messages=[*ASKED, *talk])

        (entry,) = once(asks).world.log
        assert (entry.prompt, entry.turn, entry.answer.text) == ('yes?\n{"a": 1}\n7', 2, "7")


def test_a_refusal_arrives_where_each_provider_puts_it() -> None:
    said = Reply("No.", (), "refusal")
    chat = answer("chat", said).choices[0]
    assert (chat.message.refusal, chat.message.content, chat.finish_reason) == ("No.", None, "stop")
    (part,) = answer("responses", said).output[0].content
    assert (part.type, part.refusal) == ("refusal", "No.")
    assert answer("messages", said).stop_reason == "refusal"


@pytest.mark.parametrize("way", ["chat", "responses"])
def test_broken_arguments_of_a_tool_call_arrive_as_they_are(way: str) -> None:
    found = answer(way, ToolCall("look", '{"city": '))
    call = found.choices[0].message.tool_calls[0].function if way == "chat" else found.output[0]
    assert call.arguments == '{"city": '


def test_structured_answers_are_parsed_by_the_sdks_and_malformed_ones_are_refused() -> None:
    from pydantic import BaseModel, ValidationError

    class City(BaseModel):
        name: str

    def chat(clients: Any) -> Any:
        asked = {"model": "gpt-5", "messages": ASKED, "response_format": City}
        found = clients[sdk.openai].chat.completions.parse(**asked)
        return found.choices[0].message.parsed

    def response(clients: Any) -> Any:
        asked = {"model": "gpt-5", "input": "yes?", "text_format": City}
        return clients[sdk.openai].responses.parse(**asked).output_parsed

    for ask in (chat, response):
        assert made(ask, {"name": "Rome"}) == City(name="Rome")
        for kind in ("malformed", "schema", "truncated"):
            rules = [Rule(kind, on="*model*")]
            with pytest.raises((ValidationError, AssertionError, sdk.openai.OpenAIError)) as error:
                made(ask, {"name": "Rome"}, faults=rules)
            said = str(error.value)
            assert any(word in said for word in ("ValidationError", "validation error", "length"))


def test_answers_of_the_providers_own_kind_can_be_continued() -> None:
    """`previous_response_id` brings the whole conversation, but not what the model was to be."""

    def asks(model: Model) -> list[Any]:
        client = sdk.sync[sdk.openai]
        first = create(client, "responses", instructions="Be short.")
        second = create(client, "responses", messages="and then?", previous_response_id=first.id)
        return [second.previous_response_id == first.id, model.log[1].prompt, model.log[1].turn]

    assert once(asks, model_of("yes", "no")).results == {
        "asks-0": [True, "yes?\nyes\nand then?", 2]
    }


def test_tokens_are_counted_without_a_call() -> None:
    def asks(model: Model) -> list[int]:
        count = sdk.sync[sdk.anthropic].messages.count_tokens
        counted = count(model="claude-opus-4", messages=ASKED, system="four")
        return [counted.input_tokens, len(model.log)]

    assert once(asks).results == {"asks-0": [2, 0]}


# In pieces --------------------------------------------------------------------------------

LONG: Final = "Hello from Köln, and from Rome."


def streamed(way: str, says: object, **asking: Any) -> list[Any]:
    """Collect what an answer is streamed as."""
    return list(
        made(
            lambda clients: list(create(clients[sdk.of[way]], way, stream=True, **asking)),
            says,
        )
    )


def test_a_chat_completion_comes_in_pieces() -> None:
    chunks = streamed("chat", LONG, stream_options={"include_usage": True})
    *parts, last = chunks
    texts = [chunk.choices[0].delta.content or "" for chunk in parts]
    assert ("".join(texts), len([text for text in texts if text])) == (LONG, 4)
    assert [chunk.choices[0].finish_reason for chunk in parts] == [None] * 4 + ["stop"]
    assert (last.choices, last.usage.completion_tokens) == ([], 8)


def test_the_last_line_of_a_streamed_chat_completion_says_that_it_is_done() -> None:
    def asks(_: Model) -> list[str]:
        create = sdk.sync[sdk.openai].chat.completions.with_streaming_response.create
        with create(model="gpt-5", messages=ASKED, stream=True) as response:
            return [line for line in response.iter_lines() if line]

    (lines,) = once(asks).results.values()
    assert isinstance(lines, list)
    assert [line for line in lines if not line.startswith("data: {")] == ["data: [DONE]"]
    assert lines[-1] == "data: [DONE]"


def test_a_response_comes_in_pieces() -> None:
    events = streamed("responses", LONG)
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert ("".join(texts), len(texts)) == (LONG, 4)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert events[-1].response.output_text == LONG


def test_a_message_comes_in_pieces() -> None:
    events = streamed("messages", LONG)
    texts = [event.delta.text for event in events if event.type == "content_block_delta"]
    assert ("".join(texts), len(texts)) == (LONG, 4)
    assert (events[0].type, events[-1].type) == ("message_start", "message_stop")
    assert events[-2].usage.output_tokens == 8


SAYINGS: Final = [
    LONG,
    "",
    "x",
    CALLS,
    Reply("I look.", CALLS),
    Reply("No.", (), "refusal"),
    {"name": "Köln"},
]


@pytest.mark.parametrize("says", SAYINGS)
def test_what_the_sdks_put_together_is_what_comes_in_one_piece(says: object) -> None:
    def chat(clients: Any) -> Any:
        asked = {"model": "gpt-5", "messages": ASKED}
        with clients[sdk.openai].chat.completions.stream(**asked) as stream:
            stream.until_done()
            return stream.get_final_completion()

    def response(clients: Any) -> Any:
        with clients[sdk.openai].responses.stream(model="gpt-5", input="yes?") as stream:
            return stream.until_done().get_final_response()

    def message(clients: Any) -> Any:
        asked = {"model": "claude-opus-4", "max_tokens": 100, "messages": ASKED}
        with clients[sdk.anthropic].messages.stream(**asked) as stream:
            return stream.get_final_message()

    for way, ask in (("chat", chat), ("responses", response), ("messages", message)):
        whole, pieced = essence(answer(way, says)), essence(made(ask, says))
        assert pieced == whole, way


def essence(found: Any) -> dict[str, Any]:
    """Leave out what only one of the two ways of answering fills in."""
    page = found.to_dict(exclude_none=True)
    if "choices" in page:
        message = page["choices"][0]["message"]
        kept = ("content", "refusal", "tool_calls")
        said = {name: message[name] for name in kept if message.get(name)}
        for call in said.get("tool_calls", ()):
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
        return {**said, "finish": page["choices"][0]["finish_reason"]}
    if "output" in page:
        for item in page["output"]:
            item.pop("parsed_arguments", None)
        return {"output": page["output"], "status": page["status"], "usage": page["usage"]}
    parts = [{k: v for k, v in part.items() if v != ""} for part in page["content"]]
    return {"content": parts, "stop": page["stop_reason"]}


# OpenAI's SDK leaves its generators at the last event, of which trio warns.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("way", WAYS)
def test_async_clients_stream_too(way: str) -> None:
    async def asks(_: Model) -> int:
        stream = await create(sdk.later[sdk.of[way]], way, stream=True)
        return len([event async for event in stream])

    lengths = {
        *(len(streamed(way, LONG)),),
        *[
            n
            for backend in (None, "trio", "asyncio")
            for n in once(asks, model_of(LONG), backend=backend).results.values()
        ],
    }
    assert len(lengths) == 1


@pytest.mark.parametrize("way", WAYS)
def test_others_may_act_between_the_pieces(way: str) -> None:
    seen: list[list[object]] = []

    def reads(world: World) -> None:
        stream = create(sdk.sync[sdk.of[way]], way, stream=True)
        seen.append([world.memory.load("n") for _ in stream])

    async def writes(world: World) -> None:
        await world.memory.set("n", 1)

    def setup(sim: pileup.Sim) -> World:
        model_of(LONG)(sim)
        return World(sim)

    pileup.explore([reads, writes], setup=setup, runs=20)
    assert any({None, 1} == set(values) for values in seen)


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_may_break_in_the_middle(way: str) -> None:
    def asks(_: Model) -> str:
        try:
            for _ in create(sdk.sync[sdk.of[way]], way, stream=True):
                pass
        except Exception as error:  # noqa: BLE001 - which it is, is what is asked
            return type(error).__name__
        return "whole"

    rules = [Rule("torn", on="*model*")]
    run = once(asks, model_of(LONG), faults=rules)
    # OpenAI's SDK lets the client's own error through, Anthropic's puts it in its own words.
    (said,) = run.results.values()
    assert said in ("RemoteProtocolError", "APIConnectionError")
    assert run.world.usage.calls == 1


# Failures, and the SDKs' own retries ------------------------------------------------------

SEEN: Final = {  # the fault, what the SDKs raise, whether it was billed
    "error": ("InternalServerError", 500, 0),
    "throttled": ("RateLimitError", 429, 0),
    "unavailable": ("InternalServerError", None, 0),
    "timeout": ("APITimeoutError", None, 0),
    "refused": ("APIConnectionError", None, 0),
    "lost": ("APITimeoutError", None, 1),
    "reset": ("APIConnectionError", None, 1),
}


def impatient(kind: Any, way: str) -> Callable[[Any], Any]:
    """Ask once, without retries, and return what is raised."""

    def said(error: Exception) -> tuple[str, int | None]:
        return type(error).__name__, getattr(error, "status_code", None)

    def asks(_: Any) -> Any:
        try:
            return text_of(create(sdk.sync[sdk.of[way]].with_options(max_retries=0), way))
        except sdk.of[way].APIError as error:
            return said(error)

    async def asks_later(_: Any) -> Any:
        client = sdk.later[sdk.of[way]].with_options(max_retries=0)
        try:
            return text_of(await create(client, way))
        except sdk.of[way].APIError as error:
            return said(error)

    return asks if kind is in_sync_code else asks_later


@pytest.mark.parametrize("kind", [in_sync_code, in_async_code])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", SEEN)
def test_an_sdk_raises_what_it_raises_for_the_real_thing(fault: str, way: str, kind: Any) -> None:
    name, status, billed = SEEN[fault]
    if fault == "unavailable":
        status = 529 if way == "messages" else 503
        name = "OverloadedError" if way == "messages" else name
    run = once(impatient(kind, way), faults=[Rule(fault, on="complete*")])
    assert list(run.results.values()) == [(name, status)]
    assert run.world.usage.calls == billed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backend", [None, "trio", "asyncio"])
def test_an_sdk_retries_by_itself_in_virtual_time(way: str, kind: Any, backend: str) -> None:
    rules = [Rule("unavailable", on="complete*", nth=(1, 2))]
    run = once(kind(way), faults=rules, backend=backend)
    assert list(run.results.values()) == ["yes?"]
    outcomes = [event.outcome for event in run.history if event.name == "complete"]
    assert outcomes == ["fail", "fail", "ok"]
    assert 0.5 < run.seconds < 10


@pytest.mark.parametrize("kind", [in_sync_code, in_async_code])
@pytest.mark.parametrize("way", WAYS)
def test_an_sdk_waits_for_as_long_as_a_quota_says(way: str, kind: Any) -> None:
    """Retry-After, in virtual time: the window begins at 0 s and ends at 42 s."""

    def quota(sim: pileup.Sim) -> Model:
        model = Model(sim)
        model.limit(1, per=42)
        return model

    agents = [kind(way), kind(way)]
    scenario = pileup.Scenario(agents, setup=quota)
    run = scenario.explorer().once(Dull())
    assert list(run.results.values()) == ["yes?", "yes?"]
    assert run.seconds == 42
    assert run.world.usage.calls == 2


@pytest.mark.parametrize("way", WAYS)
def test_an_sdk_waits_for_as_long_as_the_fault_plan_says(way: str) -> None:
    rules = [Rule("throttled", on="complete*", nth=1)]
    run = once(in_sync_code(way), faults=rules)
    assert run.seconds == 1
    assert list(run.results.values()) == ["yes?"]


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_is_lost_is_billed_and_billed_again(way: str) -> None:
    rules = [Rule("lost", on="complete*", nth=1)]
    run = once(in_sync_code(way), model_of("first", "second"), faults=rules)
    assert list(run.results.values()) == ["second"]
    assert [entry.answer.text for entry in run.world.log] == ["first", "second"]
    assert [event.outcome for event in run.history if event.name == "complete"] == ["info", "ok"]


@pytest.mark.parametrize("way", WAYS)
def test_three_layers_of_retries_make_27_calls(way: str) -> None:
    """The SDK tries thrice (its default), the tool's wrapper too, and so does the agent's loop."""

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), reraise=True)
    def tool() -> str:
        return text_of(create(sdk.sync[sdk.of[way]], way))

    def agent(model: Model) -> str:
        for _ in range(3):
            try:
                return tool()
            except sdk.of[way].APIError:
                continue
        return f"gave up after {len(model.log)}"

    def amplified(fault: str) -> Run:
        scenario = pileup.Scenario(
            agent, setup=Model, agents=1, faults=[Rule(fault, on="complete*")]
        )
        run = scenario.explorer().once(Dull())
        (finding,) = run.findings
        assert "27 = 3 " in finding.title
        return run

    lost = amplified("lost")
    assert lost.results == {"agent-0": "gave up after 27"}
    assert len(lost.world.log) == lost.world.usage.calls == 27
    failed = amplified("unavailable")
    assert [event.outcome for event in failed.history if event.name == "complete"] == ["fail"] * 27
    assert failed.world.usage.calls == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_run_through_an_sdk_replays(way: str) -> None:
    def fails(_: Model) -> None:
        if text_of(create(sdk.sync[sdk.of[way]], way)) == "a":
            raise ValueError("I was first")

    def other(_: Model) -> None:
        create(sdk.sync[sdk.of[way]], way, stream=True).close()

    agents, rules = [other, fails], [Rule("unavailable", on="complete*", odds=0.5, most=2)]

    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim)
        model.script("a", "b", shared=True)
        model.answer("*", "c")  # who gives up has asked all the same, so there may be more calls
        return model

    found = pileup.explore(agents, setup=setup, faults=rules, runs=20)
    assert found.counterexample is not None
    again = pileup.replay(found.counterexample.token, agents, setup=setup)
    assert again.faithful


@pytest.mark.parametrize("way", WAYS)
def test_a_caller_that_gives_up_has_asked_all_the_same(way: str) -> None:
    """The request was on its way: it may arrive, and be billed, after its own retry."""

    def gives_up(model: Model) -> str:
        client = sdk.sync[sdk.of[way]].with_options(timeout=2, max_retries=1)
        return text_of(create(client, way)) + f" after {len(model.log)}"

    rules = [Rule("slow", on="complete*", nth=1)]
    waits = [gives_up, lambda _: __import__("time").sleep(20)]
    scenario = pileup.Scenario(waits, setup=model_of("a", "b"), faults=rules)
    run = scenario.explorer().once(RoundRobin())
    assert "a after 1" in run.results.values()
    assert [entry.answer.text for entry in run.world.log] == ["a", "b"]
    assert [event.name for event in run.history if "complete" in event.name] == [
        "complete",
        "complete",
        "late complete",
    ]


# Time -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_call_through_a_client_takes_time_in_timed_runs(way: str) -> None:
    run = once(in_sync_code(way), model_of(latency=Latency(3.0, 3.0)), timed=True)
    assert run.seconds == 3


# Bad requests -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "asking", "said"),
    [
        ("chat", {"messages": []}, "messages: this field is required"),
        ("chat", {"messages": ["yes?"]}, "is not a message"),
        ("chat", {"messages": [{"content": "yes?"}]}, "is not a message"),
        ("chat", {"model": ""}, "model: this field is required"),
        ("chat", {"max_tokens": "many"}, "max_tokens: must be a int, not 'many'"),
        ("chat", {"tools": "hammer"}, "tools: must be a list, not 'hammer'"),
        ("responses", {"messages": 7}, "input: must be a str or list, not 7"),
        ("responses", {"messages": ["yes?"]}, "input: 'yes?' is no item"),
        ("responses", {"previous_response_id": "resp_9"}, "'resp_9' not found"),
        ("messages", {"messages": []}, "messages: this field is required"),
        ("messages", {"max_tokens": 0}, "max_tokens: this field is required"),
    ],
)
def test_what_a_provider_would_refuse_is_refused(way: str, asking: Any, said: str) -> None:
    def asks(model: Model) -> list[Any]:
        with pytest.raises(sdk.of[way].BadRequestError) as error:
            create(sdk.sync[sdk.of[way]], way, **asking)
        return [said in error.value.message, error.value.request_id, len(model.log)]

    assert once(asks).results == {"asks-0": [True, "req_0_1", 0]}


def test_what_is_not_there_ends_the_run_and_says_what_is() -> None:
    def asks(_: Model) -> None:
        sdk.sync[sdk.openai].embeddings.create(model="e", input="x")

    with pytest.raises(RealWorldTouched, match=r"/v1/embeddings.*api.openai.com/v1/chat/compl"):
        once(asks)


@pytest.mark.parametrize("way", WAYS)
def test_an_sdk_that_swallows_our_own_error_does_not_hide_it(way: str) -> None:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim)
        model.answer("weather", "fine")
        return model

    with pytest.raises(pileup.UsageError, match=r"asks-0 asked the model .*no rule fits"):
        once(impatient(in_sync_code, way), setup)
