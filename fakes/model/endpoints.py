"""The way in over HTTP: the hosts of the providers, and what the real SDKs send there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NoReturn

from pileup.fakes._port import Port
from pileup.fakes._suffering import Course, Failures
from pileup.fakes._wire import (
    FAILURES,
    Answered,
    Disconnected,
    Request,
    Response,
    claim,
    exchange,
    refusal,
)
from pileup.fakes._wire.messages import JSON
from pileup.fakes.model import provider_anthropic
from pileup.fakes.model.answers import Answer
from pileup.fakes.model.engine import Call, Engine
from pileup.fakes.model.errors import RETRY_AFTER, Throttled
from pileup.fakes.model.prompts import Message, Prompt
from pileup.fakes.model.provider import Asked, BadRequest, Provider, Said, spelled
from pileup.fakes.model.provider_anthropic import MESSAGES
from pileup.fakes.model.provider_openai import CHAT
from pileup.fakes.model.provider_openai_responses import RESPONSES
from pileup.operations import Operation
from pileup.sim.agents import Strand, here
from pileup.sim.virtual_time import EPOCH

HOSTS: Final = ("api.openai.com", "api.anthropic.com")
PROVIDERS: Final = {
    "/chat/completions": CHAT,
    "/responses": RESPONSES,
    "/messages": MESSAGES,
}
COUNTING: Final = "/messages/count_tokens"
EVENTS: Final = {"content-type": "text/event-stream; charset=utf-8"}


class Endpoints:
    """Answers what the SDKs send. Which provider is meant shows in the path, whatever the host."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ports: dict[str, Port] = {}
        self._requests: dict[int, int] = {}
        self._stored: dict[str, tuple[Message, ...]] = {}

    def claim(self, host: str) -> None:
        """Answer for a host."""
        claim(
            self._engine.port, host, self.respond, lambda: [f"POST {host}/v1{p}" for p in PROVIDERS]
        )

    def respond(self, request: Request) -> Course[Response]:
        """Answer a request: its effect, and then its response."""
        provider = next((PROVIDERS[end] for end in PROVIDERS if request.path.endswith(end)), None)
        counts = request.path.endswith(COUNTING)
        if request.method != "POST" or not (provider or counts):
            raise refusal(self._engine.port.sim, request)
        name = self._name(here.get())
        if counts or provider is None:
            return self._course(MESSAGES, self._counting(request), name)
        return self._course(provider, self._effect(provider, request, name), name)

    def _name(self, strand: Strand) -> str:
        """Number a request among its strand's, so that its id does not tell what others did."""
        number = self._requests[strand.number] = self._requests.get(strand.number, 0) + 1
        return f"{strand.number}_{number}"

    def _course(self, provider: Provider, effect: Operation, name: str) -> Course[Response]:
        """Let a request take effect, and name the response as the provider's support knows it."""
        response = yield from exchange(self._port(provider), effect)
        named = {provider.request_id: f"req_{name}"}
        return response._replace(headers={**response.headers, **named})

    def _port(self, provider: Provider) -> Port:
        """Return the way to the kernel on which faults look as this provider's clients see them."""
        found = self._ports.get(provider.name)
        if found is None:
            port = self._engine.port
            failures = {**FAILURES, **self._failures(provider)}
            found = self._ports[provider.name] = Port(port.sim, port.resource, failures)
        return found

    def _failures(self, provider: Provider) -> Failures:
        statuses = {"error": 500, "throttled": 429, "unavailable": provider.overloaded}
        return {
            fault: partial(self._failure, provider, status) for fault, status in statuses.items()
        }

    def _failure(
        self, provider: Provider, status: int, message: str, after: float = RETRY_AFTER
    ) -> Exception:
        response = provider.problem(status, message)
        throttled = status == 429  # noqa: PLR2004 - HTTP's own
        extra = {"retry-after": Throttled(message, after).header} if throttled else {}
        return Answered(response._replace(headers={**response.headers, **extra}))

    # What a request does -------------------------------------------------------------------

    def _effect(self, provider: Provider, request: Request, name: str) -> Operation:
        try:
            asked = provider.read(_read(request), self._stored)
        except BadRequest as bad:
            return self._refusing(provider, bad)
        strand = here.get()
        prompt = Prompt(asked.messages, "", strand.agent, asked.model, asked.tools)
        call = Call(self._engine, prompt, strand, asked.most)
        serve = partial(self._serve, provider, asked, name)
        call.op.apply = partial(serve, call.answer)
        if call.op.twists is not None:
            twists = {kind: partial(serve, partial(call.answer, kind)) for kind in call.op.twists}
            torn = {"torn": partial(serve, call.answer, torn=True)} if asked.streams else {}
            call.op.twists = {**twists, **torn}
        return call.op

    def _refusing(self, provider: Provider, bad: BadRequest) -> Operation:
        def refuse() -> NoReturn:
            raise self._failure(provider, bad.status, str(bad))

        return Operation("complete", self._engine.port.cells["?"].reads, refuse)

    def _counting(self, request: Request) -> Operation:
        try:
            asked = provider_anthropic.read_to_count(_read(request), self._stored)
        except BadRequest as bad:
            return self._refusing(MESSAGES, bad)
        prompt = Prompt(asked.messages, "", here.get().agent, asked.model, asked.tools)
        counted = Response(200, JSON, spelled({"input_tokens": prompt.tokens}))
        return Operation("count", self._engine.port.cells[asked.model].reads, lambda: counted)

    def _serve(
        self,
        provider: Provider,
        asked: Asked,
        name: str,
        answer: Callable[[], Answer],
        torn: bool = False,
    ) -> Response:
        try:
            said = Said(answer(), asked, EPOCH + int(self._engine.port.sim.now), name)
        except Throttled as refused:
            raise self._failure(provider, 429, str(refused), refused.retry_after) from None
        if provider is RESPONSES and asked.body.get("store") is not False:
            self._store(said)
        if not asked.streams:
            return Response(200, JSON, spelled(provider.write(said)))
        chunks = list(provider.stream(said))
        return Response(200, EVENTS, chunks=_torn(chunks) if torn else chunks)

    def _store(self, said: Said) -> None:
        """Keep the conversation, because a later request may name this answer instead of it."""
        spoken = "\n".join((said.answer.text, *(c.arguments for c in said.answer.tool_calls)))
        messages = (m for m in said.asked.messages if m.role != "system")
        self._stored[f"resp_{said.id}"] = (*messages, Message("assistant", spoken.strip()))


def _torn(chunks: Sequence[bytes]) -> Iterator[bytes]:
    """Break off in the middle."""
    yield from chunks[: len(chunks) // 2]
    raise Disconnected("the connection broke in the middle of the answer")


def _read(request: Request) -> Any:  # Any: JSON
    try:
        return request.json()
    except ValueError:
        raise BadRequest("the body is not JSON") from None
