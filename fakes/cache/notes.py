"""What the history says of a command beside its keys: what was written, or what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fakeredis._helpers import NoResponse, SimpleString

from pileup.fakes.cache.engine import Reply
from pileup.spelling import BRIEF_LENGTH, Brief, brief

WRITTEN: Final = {
    **dict.fromkeys(("set", "setnx", "getset", "publish"), 1),
    **dict.fromkeys(("setex", "psetex", "lset"), 2),
}
"""Commands of which the value that they write says more than their answer."""


def noted(name: str, args: Sequence[bytes], reply: Reply) -> Brief:
    """Shorten what is worth noting of a command."""
    at = WRITTEN.get(name)
    if at is None or reply is None or at >= len(args):
        return shown(reply)
    return shown(args[at])


def shown(value: Reply) -> Brief:
    """Show a short text as a text, and everything else as the history does."""
    kind = type(value)
    if kind is bytes and len(value) <= BRIEF_LENGTH:
        text: str = value.decode("utf-8", "backslashreplace")
        return text
    if kind is SimpleString:
        return shown(value.value)
    if kind is NoResponse:
        return None
    if kind is list:
        return brief([shown(each) for each in value])
    return brief(value)
