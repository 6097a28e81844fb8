"""What a model says: a reply as a rule gives it, and the answer that its caller gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pileup.errors import UsageError

Finish: TypeAlias = Literal["stop", "length", "tool_calls", "refusal"]

_spell: Final = json.JSONEncoder(ensure_ascii=False).encode


class ToolCall(NamedTuple):
    """A model's wish to have a tool called; `arguments` is the text that it wrote, usually JSON."""

    name: str
    arguments: str = "{}"
    id: str = ""

    def json(self) -> Any:
        """Read the arguments. Any: it is the model's; ValueError where it is broken."""
        return json.loads(self.arguments)


def tool_call(name: str, /, **arguments: object) -> ToolCall:
    """Have the model call a tool: `tool_call("look_up", city="Rome")` is an answer as well."""
    return ToolCall(name, _spell(arguments))


class Reply(NamedTuple):
    """Text, tool calls, or both: what a rule returns where a plain text is not enough."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"

    @property
    def spoken(self) -> str:
        """All that the model wrote, arguments included."""
        return "\n".join((self.text, *(call.arguments for call in self.tool_calls)))


class Answer(NamedTuple):
    """One answer, and what it cost in dollars.

    `faulty` names the mistake that it holds (`wrong`, `invented`, ...), and
    `sources` are the marks found in the prompt: sessions' canaries, and the
    marks of earlier faulty answers.
    """

    text: str
    tool_calls: tuple[ToolCall, ...]
    tokens_in: int
    tokens_out: int
    cost: float
    model: str
    finish_reason: Finish
    faulty: str | None = None
    sources: tuple[str, ...] = ()

    def json(self) -> Any:
        """Read the text as JSON. Any: it is the model's; ValueError where it is broken."""
        return json.loads(self.text)


def as_reply(said: object) -> Reply:
    """Take what a rule returned for what it means."""
    if isinstance(said, Reply):
        return said
    if type(said) is str:
        return Reply(said)
    calls = (said,) if isinstance(said, ToolCall) else said
    if isinstance(calls, list | tuple) and calls and all(type(each) is ToolCall for each in calls):
        return Reply("", tuple(calls))
    if isinstance(said, str):
        return Reply(str(said))
    if isinstance(said, Mapping | list | tuple | int | float | bool):
        return Reply(_spell(said))
    raise UsageError(
        f"A model was to answer {said!r}. An answer is a text, something that is sent as JSON "
        "(a dict, a list, a number), tool_call('name', argument=...), or Reply(text, tool_calls)."
    )
