"""What a model is asked: a text or a conversation, and who asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from pileup.errors import UsageError
from pileup.fakes.model.prices import tokens_in_text
from pileup.sim.agents import Agent

Given: TypeAlias = "str | Sequence[Mapping[str, Any]] | Sequence[Message]"
"""What callers give. Any: a message's content is text, or parts as the providers define them."""

Tools: TypeAlias = Sequence[Mapping[str, Any]]

SYSTEM: Final = ("system", "developer")
INSIDE: Final = ("text", "content", "output", "refusal", "input", "arguments", "function")
"""Where parts of messages hold what the model reads."""


class Message(NamedTuple):
    """One turn of a conversation."""

    role: str
    text: str


class Prompt:
    """A conversation as a rule sees it: `text` is all of it, `last` its last message.

    `agent` is the name of who asks. `asked` is what tells best what is wanted now:
    the last message, after what the caller told the model to be.
    """

    __slots__ = ("_agent", "_messages", "agent", "asked", "last", "model", "text", "tools")

    def __init__(self, given: Given, system: str, agent: Agent, model: str, tools: Tools) -> None:
        self.model = model
        self.tools = tools
        self.agent = agent.name
        self._agent = agent
        self._messages: tuple[Message, ...] | None = None
        if type(given) is str and not system:  # messages are made of it when a rule wants some
            self.text = self.last = self.asked = given
        else:
            self._messages = messages = messages_of(given, system)
            self.text = "\n".join([each.text for each in messages])
            self.last = messages[-1].text
            self.asked = f"{self.system}\n{self.last}"

    def __str__(self) -> str:
        return self.text

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation, message by message."""
        return self._messages or (Message("user", self.text),)

    @property
    def system(self) -> str:
        """What the caller told the model to be."""
        return "\n".join(each.text for each in self.messages if each.role in SYSTEM)

    @property
    def turn(self) -> int:
        """Which answer of this conversation is asked for: 1 for the first."""
        return 1 + sum(each.role == "assistant" for each in self.messages)

    @property
    def role(self) -> str:
        """The role of the agent that asks."""
        return self._agent.role

    @property
    def session(self) -> str:
        """The session of the agent that asks."""
        return self._agent.session

    @property
    def tokens(self) -> int:
        """How many tokens it is, by the estimate of `prices`."""
        if self._messages is None:
            counted = tokens_in_text(self.text)
        else:
            counted = sum([tokens_in_text(each.text) for each in self._messages])
        return counted + tokens_in_text(json.dumps(self.tools)) if self.tools else counted


def messages_of(given: Given, system: str = "") -> tuple[Message, ...]:
    """Take what a caller gave as a conversation."""
    first = (Message("system", system),) if system else ()
    if isinstance(given, str):
        return (*first, Message("user", given))
    if not _is_conversation(given):
        raise UsageError(
            f"A model was asked {given!r}. A prompt is a text, or a list of messages such as "
            "[{'role': 'user', 'content': 'What is the capital of France?'}]."
        )
    return (*first, *map(_message, given))


def _is_conversation(given: object) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, Mapping | bytes) and bool(given)


def _message(given: object) -> Message:
    if isinstance(given, Message):
        return given
    if not isinstance(given, Mapping) or "role" not in given:
        raise UsageError(
            f"{given!r} is not a message. Write {{'role': 'user', 'content': 'the text'}}."
        )
    role = str(given["role"])
    parts = [flat(given.get("content")), flat(given.get("tool_calls"))]
    return Message(role, "\n".join(part for part in parts if part))


def flat(content: object) -> str:
    """Flatten a message's content: texts, and what is in tool calls and their results."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        if "arguments" in content or "input" in content:
            return _spelled(content.get("arguments", content.get("input")))
        return "\n".join(flat(content[each]) for each in INSIDE if content.get(each))
    if isinstance(content, Sequence) and not isinstance(content, bytes):
        return "\n".join(text for text in map(flat, content) if text)
    return ""


def _spelled(arguments: object) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
