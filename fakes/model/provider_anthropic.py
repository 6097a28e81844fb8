"""Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pileup.fakes._wire import Response, reply
from pileup.fakes.model.answers import Answer, Finish, ToolCall
from pileup.fakes.model.prompts import Message, flat
from pileup.fakes.model.provider import (
    Asked,
    Body,
    Provider,
    Said,
    Stored,
    conversation,
    event,
    needed,
    optional,
    pieces,
)

STOP: Final[dict[Finish, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "refusal": "refusal",
}

ERRORS: Final = {
    400: "invalid_request_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


def problem(status: int, message: str) -> Response:
    """Write an error."""
    return reply(status, {"type": "error", "error": {"type": ERRORS[status], "message": message}})


def read(body: Body, _: Stored) -> Asked:
    """Read a request."""
    model, most = needed(body, "model", str), needed(body, "max_tokens", int)
    return _asked(body, model, most)


def _asked(body: Body, model: str, most: int | None) -> Asked:
    messages = conversation(needed(body, "messages", list))
    system = flat(body.get("system"))
    first = (Message("system", system),) if system else ()
    tools, streams = optional(body, "tools", list) or (), bool(body.get("stream"))
    return Asked(model, (*first, *messages), tools, most, streams, body)


def read_to_count(body: Body, _: Stored) -> Asked:
    """Read a request that only wants its tokens counted."""
    return _asked(body, needed(body, "model", str), None)


def write(said: Said) -> Body:
    """Write an answer."""
    answer = said.answer
    content = [_text(answer)] if answer.text or not answer.tool_calls else []
    content += [_use(call) for call in answer.tool_calls]
    return {**_head(said), "content": content, **_stop(answer), "usage": _usage(answer)}


def _head(said: Said) -> Body:
    return {
        "id": f"msg_{said.id}",
        "type": "message",
        "role": "assistant",
        "model": said.answer.model,
    }


def _stop(answer: Answer) -> Body:
    return {"stop_reason": STOP[answer.finish_reason], "stop_sequence": None}


def _text(answer: Answer) -> Body:
    return {"type": "text", "text": answer.text}


def _use(call: ToolCall) -> Body:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": _arguments(call)}


def _arguments(call: ToolCall) -> Body:
    """Read the arguments; broken ones are left out, because this format has no place for text."""
    try:
        read_back = json.loads(call.arguments)
    except ValueError:
        return {}
    return read_back if isinstance(read_back, dict) else {}


def _usage(answer: Answer) -> Body:
    return {
        "input_tokens": answer.tokens_in,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": answer.tokens_out,
        "service_tier": "standard",
    }


def _spell(kind: str, **data: Body) -> bytes:
    return event({"type": kind, **data}, kind)


def stream(said: Said) -> Iterator[bytes]:
    """Write an answer piece by piece."""
    answer = said.answer
    opened = {**_head(said), "content": [], "stop_reason": None, "stop_sequence": None}
    chunk = _spell(
        "message_start", message={**opened, "usage": {**_usage(answer), "output_tokens": 1}}
    )
    for index, (block, deltas) in enumerate(_blocks(answer)):
        chunk += _spell("content_block_start", index=index, content_block=block)
        for delta in deltas:
            yield chunk + _spell("content_block_delta", index=index, delta=delta)
            chunk = b""
        chunk += _spell("content_block_stop", index=index)
    used = {"output_tokens": answer.tokens_out}
    yield chunk + _spell("message_delta", delta=_stop(answer), usage=used) + _spell("message_stop")


def _blocks(answer: Answer) -> Iterator[tuple[Body, list[Body]]]:
    """Tell each block as it begins, and what is added to it."""
    if answer.text or not answer.tool_calls:
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces(answer.text)]
        yield {"type": "text", "text": ""}, deltas
    for call in answer.tool_calls:
        parts = pieces(call.arguments)
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in parts]
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, deltas


MESSAGES: Final = Provider("messages", read, write, stream, problem, "request-id", 529)
