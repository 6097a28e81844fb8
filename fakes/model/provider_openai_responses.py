"""OpenAI's responses: items instead of messages, and conversations that the provider keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.fakes.model.answers import Answer, ToolCall
from pileup.fakes.model.prompts import Message, flat
from pileup.fakes.model.provider import (
    Asked,
    BadRequest,
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
from pileup.fakes.model.provider_openai import problem

STATUS: Final = {"length": "incomplete"}
ROLES: Final = {"function_call": "assistant", "function_call_output": "tool"}
USUAL: Final[Body] = {
    "error": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_p": 1.0,
}


def read(body: Body, stored: Stored) -> Asked:
    """Read a request; an earlier answer that it names brings its whole conversation."""
    model, given = needed(body, "model", str), needed(body, "input", str, list)
    earlier = optional(body, "previous_response_id", str)
    if earlier is not None and earlier not in stored:
        raise BadRequest(f"Previous response with id '{earlier}' not found.")
    system = optional(body, "instructions", str)
    messages = (
        *((Message("system", system),) if system else ()),
        *(stored[earlier] if earlier is not None else ()),
        *(conversation(given) if isinstance(given, str) else map(_message, given)),
    )
    most, tools = optional(body, "max_output_tokens", int), optional(body, "tools", list) or ()
    return Asked(model, messages, tools, most, bool(body.get("stream")), body)


def _message(item: Body) -> Message:
    if not isinstance(item, dict):
        raise BadRequest(f"input: {item!r} is no item")
    kind = item.get("type", "message")
    return Message(item.get("role") or ROLES.get(kind, "user"), flat(item))


def write(said: Said) -> Body:
    """Write an answer."""
    status = STATUS.get(said.answer.finish_reason, "completed")
    output = [_done(item, status) for item in _items(said)]
    return {**_head(said, status), "output": output, "usage": _usage(said.answer)}


def _head(said: Said, status: str) -> Body:
    body = said.asked.body
    cut = status == "incomplete"
    return {
        **USUAL,
        "id": f"resp_{said.id}",
        "object": "response",
        "created_at": said.at,
        "status": status,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": said.answer.model,
        "previous_response_id": body.get("previous_response_id"),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tools": body.get("tools") or [],
    }


def _items(said: Said) -> Iterator[Body]:
    """Write the items of an answer as they stand at their beginning."""
    answer = said.answer
    if answer.text or not answer.tool_calls:
        yield {
            "id": f"msg_{said.id}",
            "type": "message",
            "role": "assistant",
            "content": [_part(answer)],
        }
    for call in answer.tool_calls:
        yield _call(call)


def _part(answer: Answer) -> Body:
    if answer.finish_reason == "refusal":
        return {"type": "refusal", "refusal": answer.text}
    return {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}


def _call(call: ToolCall) -> Body:
    return {
        "id": f"fc_{call.id}",
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _done(item: Body, status: str) -> Body:
    return {**item, "status": status}


def _usage(answer: Answer) -> Body:
    return {
        "input_tokens": answer.tokens_in,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answer.tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.tokens_in + answer.tokens_out,
    }


def stream(said: Said) -> Iterator[bytes]:
    """Write an answer piece by piece: each is one text, a part of one, or the rest."""
    numbers = iter(range(1 << 30))

    def spell(kind: str, **data: Body) -> bytes:
        numbered = {"type": kind, "sequence_number": next(numbers), **data}
        return event(numbered, kind)

    waiting = {**_head(said, "in_progress"), "output": [], "usage": None}
    chunk = spell("response.created", response=waiting)
    chunk += spell("response.in_progress", response=waiting)
    for index, item in enumerate(_items(said)):
        for kind, data, ready in _told(item, index):
            chunk += spell(kind, **data)
            if ready:
                yield chunk
                chunk = b""
    whole = write(said)
    yield chunk + spell(f"response.{whole['status']}", response=whole)


def _told(item: Body, index: int) -> Iterator[tuple[str, Body, bool]]:
    """Tell the events of one item: their kinds, what they hold, and whether to send them now."""
    place = {"item_id": item["id"], "output_index": index}
    if item["type"] == "function_call":
        empty, name, text = {**item, "arguments": ""}, "function_call_arguments", item["arguments"]
        ending: Body = {"arguments": text}
    else:
        part = item["content"][0]
        field = "text" if part["type"] == "output_text" else "refusal"
        empty, name, text = {**item, "content": []}, part["type"], part[field]
        place["content_index"] = 0
        ending = {field: text}
    at = {"output_index": index}
    yield "response.output_item.added", {"item": _done(empty, "in_progress"), **at}, False
    extra: Body = {"logprobs": []} if name == "output_text" else {}
    if "content" in item:
        opened = {**item["content"][0], field: ""}
        yield "response.content_part.added", {"part": opened, **place}, False
    for piece in pieces(text):
        yield f"response.{name}.delta", {"delta": piece, **place, **extra}, True
    yield f"response.{name}.done", {**ending, **place, **extra}, False
    if "content" in item:
        yield "response.content_part.done", {"part": item["content"][0], **place}, False
    yield "response.output_item.done", {"item": _done(item, "completed"), **at}, False


RESPONSES: Final = Provider("responses", read, write, stream, problem, "x-request-id", 503)
