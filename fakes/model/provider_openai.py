"""OpenAI's chat completions, and the errors of all its endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.fakes._wire import Response, reply
from pileup.fakes.model.answers import Answer, Finish, ToolCall
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

FINISH: Final[dict[Finish, str]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "refusal": "stop",
}

ERRORS: Final = {
    400: ("invalid_request_error", None),
    404: ("invalid_request_error", "not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("server_error", "overloaded"),
}

DONE: Final = b"data: [DONE]\n\n"


def problem(status: int, message: str) -> Response:
    """Write an error."""
    kind, code = ERRORS[status]
    return reply(status, {"error": {"message": message, "type": kind, "param": None, "code": code}})


def read(body: Body, _: Stored) -> Asked:
    """Read a request."""
    messages = conversation(needed(body, "messages", list))
    most = optional(body, "max_completion_tokens", int) or optional(body, "max_tokens", int)
    model, tools = needed(body, "model", str), optional(body, "tools", list) or ()
    return Asked(model, messages, tools, most, bool(body.get("stream")), body)


def write(said: Said) -> Body:
    """Write an answer."""
    answer = said.answer
    refused = answer.finish_reason == "refusal"
    message: Body = {
        "role": "assistant",
        "content": None if refused else answer.text or None,
        "refusal": answer.text if refused else None,
        "annotations": [],
    }
    if answer.tool_calls:
        message["tool_calls"] = [_call(each) for each in answer.tool_calls]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": FINISH[answer.finish_reason],
    }
    head = _head(said, "chat.completion")
    return {**head, "choices": [choice], "usage": usage(answer), "service_tier": "default"}


def _head(said: Said, kind: str) -> Body:
    return {
        "id": f"chatcmpl-{said.id}",
        "object": kind,
        "created": said.at,
        "model": said.answer.model,
    }


def _call(call: ToolCall) -> Body:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def usage(answer: Answer) -> Body:
    """Write what was used."""
    return {
        "prompt_tokens": answer.tokens_in,
        "completion_tokens": answer.tokens_out,
        "total_tokens": answer.tokens_in + answer.tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def stream(said: Said) -> Iterator[bytes]:
    """Write an answer piece by piece."""
    answer, head = said.answer, _head(said, "chat.completion.chunk")
    options = said.asked.body.get("stream_options") or {}
    counted = bool(options.get("include_usage"))
    deltas = list(_deltas(answer))
    finish = FINISH[answer.finish_reason]
    for number, delta in enumerate(deltas):
        last = number == len(deltas) - 1
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        chunk = event({**head, "choices": [choice], **({"usage": None} if counted else {})})
        if last:
            ending = {**choice, "delta": {}, "finish_reason": finish}
            chunk += event({**head, "choices": [ending]})
            if counted:
                chunk += event({**head, "choices": [], "usage": usage(answer)})
            chunk += DONE
        yield chunk


def _deltas(answer: Answer) -> Iterator[Body]:
    beginning: Body = {"role": "assistant"}
    field = "refusal" if answer.finish_reason == "refusal" else "content"
    for piece in pieces(answer.text) or [""] * (not answer.tool_calls):
        yield {**beginning, field: piece}
        beginning = {}
    for index, call in enumerate(answer.tool_calls):
        named: Body = {"id": call.id, "type": "function"}
        function = {"name": call.name}
        for piece in pieces(call.arguments) or [""]:
            told = {"index": index, **named, "function": {**function, "arguments": piece}}
            yield {**beginning, "tool_calls": [told]}
            beginning, named, function = {}, {}, {}


CHAT: Final = Provider("chat completions", read, write, stream, problem, "x-request-id", 503)
