"""What the history says of a command beside its keys: values, leases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fakeredis._helpers import NoResponse, SimpleString

from pileup.fakes.cache.engine import Reply
from pileup.spelling import BRIEF_LENGTH, Brief, brief

WRITTEN: Final = {
    **dict.fromkeys(("set", "getset", "publish"), 1),
    **dict.fromkeys(("setex", "psetex", "lset"), 2),
}
"""Commands of which the value that they write says more than their answer."""

SETTING: Final = {"mset": 2, "setnx": 2, "hset": 3, "hmset": 3, "hsetnx": 3}
"""Others of which it does as well, where they have one key, and have written; with how many
arguments they have then. The value is the last of them."""

COUNTING: Final = frozenset(("incr", "decr", "incrby", "decrby", "hincrby"))
"""Commands that answer with the number that is there now, which a GET would spell as a text."""

LEASING: Final = frozenset(
    ("set", "setnx", "expire", "pexpire", "expireat", "pexpireat", "eval", "evalsha")
)
"""Commands that may take a key for a while, or for a while longer."""

FIRST_OF_SCRIPT: Final = 2
"""Where a script's first key is: behind its text, or name, and the number of keys."""


def noted(name: str, args: Sequence[bytes], reply: Reply) -> Brief:
    """Shorten what is worth noting of a command: a value that it writes as a GET would read it."""
    at = WRITTEN.get(name)
    if at is not None and reply is not None and at < len(args):
        return shown(args[at])
    if name in SETTING and len(args) == SETTING[name] and (reply or name == "hset"):
        return shown(args[-1])
    if name in COUNTING:
        return str(reply)
    return shown(reply)


def takes(name: str, args: Sequence[bytes]) -> bool:
    """Whether a command takes a key that nobody has: a lock, or a job of one's own."""
    return name == "setnx" or (name == "set" and b"NX" in [each.upper() for each in args[2:]])


def key_of(name: str, args: Sequence[bytes]) -> bytes | None:
    """Return the key that a command might take: of a script, the first that it was given."""
    at = FIRST_OF_SCRIPT if name.startswith("eval") else 0
    return args[at] if at < len(args) else None


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
