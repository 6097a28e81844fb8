"""What the history says of a command beside its keys: what was written, or what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fakeredis._helpers import NoResponse, SimpleString

from pileup.fakes.cache.engine import Reply
from pileup.notes import Note
from pileup.operations import Operation
from pileup.sim.kernel import Sim
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


def note_marks(sim: Sim, op: Operation, *, sent: object = None, got: object = None) -> None:
    """Note the marks in what was sent and in what came back."""
    for name, marks in (("sent", sim.marks_in(sent)), ("got", sim.marks_in(got))):
        if marks:
            if op.note is None:
                op.note = Note()
            setattr(op.note, name, marks)


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
