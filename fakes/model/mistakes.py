"""What a mistake makes of a right reply: the same each time, because a replay must see it again.

Where a rule names wrong answers of its own, those are given instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from pileup.fakes.model.answers import Reply, ToolCall
from pileup.fakes.model.marks import mark

REFUSAL: Final = "I'm sorry, but I can't help with that."
OPPOSITES: Final = {"yes": "no", "no": "yes", "true": "false", "false": "true"}


def wrong(reply: Reply) -> Reply:
    """Keep the form and change what is said: other numbers, the opposite, marks for texts."""
    return _rewritten(reply, _wrong_text)


def invented(reply: Reply) -> Reply:
    """Say more than there is: one more entry in each list, one more sentence, made-up names."""
    return _rewritten(reply, _invented_text)


def truncated(reply: Reply) -> Reply:
    """Stop in the middle, as at the limit of tokens."""
    return _rewritten(reply, lambda text: text[: len(text) // 2])._replace(finish="length")


def malformed(reply: Reply) -> Reply:
    """Break the JSON; a plain text becomes the beginning of some."""
    return _rewritten(reply, _malformed_text)


def refusal(_: Reply) -> Reply:
    """Say no."""
    return Reply(REFUSAL, (), "refusal")


def schema(reply: Reply) -> Reply:
    """Answer in another format: the keys have other names, a plain text is wrapped."""
    return _rewritten(reply, _in_another_format)


MISTAKES: Final[dict[str, Callable[[Reply], Reply]]] = {
    "wrong": wrong,
    "invented": invented,
    "truncated": truncated,
    "malformed": malformed,
    "refusal": refusal,
    "schema": schema,
}


def _rewritten(reply: Reply, change: Callable[[str], str]) -> Reply:
    calls = tuple(_with_arguments(call, change(call.arguments)) for call in reply.tool_calls)
    text = change(reply.text) if reply.text or not calls else ""
    return reply._replace(text=text, tool_calls=calls)


def _with_arguments(call: ToolCall, arguments: str) -> ToolCall:
    return call._replace(arguments=arguments)


def _read(text: str) -> Any:  # Any: JSON; a text that is none stands for itself
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, str) else value


def _spell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _malformed_text(text: str) -> str:
    value = _read(text)
    if isinstance(value, list | dict):
        return text.rstrip()[:-1]
    return json.dumps({"answer": value}, ensure_ascii=False)[:-2]


def _wrong_text(text: str) -> str:
    value = _read(text)
    return _spell(_other_than(value, _wrong(value, text), "wrong", text))


def _other_than(value: Any, changed: Any, kind: str, text: str) -> Any:
    """Return what was made of a value; where nothing in it could be changed, add something."""
    match value:
        case list() if changed == value:
            return [*value, mark(kind, text)]
        case dict() if changed == value:
            return {**value, kind: mark(kind, text)}
    return changed


def _wrong(value: Any, whole: str) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1 if value == value != value + 1 else 0  # noqa: PLR0124 - NaN is not
        case str():
            return OPPOSITES.get(value.strip().lower()) or mark("wrong", value or whole)
        case list():
            return [_wrong(each, whole) for each in value]
        case dict():
            return {name: _wrong(each, whole) for name, each in value.items()}
    return mark("wrong", whole)


def _invented_text(text: str) -> str:
    value = _read(text)
    name = mark("invented", text)
    if isinstance(value, str):
        return f"{value} {name}".strip()
    return _spell(_other_than(value, _more(value, name), "invented", text))


def _more(value: Any, name: str) -> Any:
    """Add one entry to each list; where there is none, put a made-up name for each text."""
    match value:
        case list():
            return [*value, _made_up(value[-1], name) if value else name]
        case dict() if any(isinstance(each, list) for each in value.values()):
            return {
                key: _more(each, name) if isinstance(each, list) else each
                for key, each in value.items()
            }
    return _made_up(value, name)


def _made_up(like: Any, name: str) -> Any:
    match like:
        case str() | None:
            return name
        case list():
            return [_made_up(each, name) for each in like]
        case dict():
            return {key: _made_up(each, name) for key, each in like.items()}
    return _wrong(like, name)


def _in_another_format(text: str) -> str:
    value = _read(text)
    if isinstance(value, dict) and value:
        return _spell({f"{key}_v2": each for key, each in value.items()})
    return _spell({"result": value})
