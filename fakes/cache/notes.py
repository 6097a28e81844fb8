"""What the history says of a command beside its keys: what was written, or what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from fakeredis._helpers import NoResponse, SimpleError, SimpleString

from pileup.fakes.cache.engine import Reply, Session
from pileup.notes import Note
from pileup.operations import Operation
from pileup.sim.kernel import Sim
from pileup.spelling import BRIEF_LENGTH, Brief, brief

Queued: TypeAlias = tuple[str, Sequence[bytes]]
"""A command that waits for EXEC."""

WRITTEN: Final = {
    **dict.fromkeys(("set", "getset", "publish"), 1),
    **dict.fromkeys(("setex", "psetex", "lset"), 2),
}
"""Commands of which the value that they write says more than their answer."""

SETTING: Final = {"mset": 1, "setnx": 1, "hset": 2, "hmset": 2, "hsetnx": 2}
"""Others of which it does as well, where they have written; with the place of the first value.
Every other argument from there on is one as well."""

SCRIPTS: Final = frozenset(("eval", "evalsha"))

MOVING: Final = frozenset(("rename", "renamenx", "copy"))
"""Commands that put under their second key what is under the first."""

COUNTING: Final = frozenset(("incr", "decr", "incrby", "decrby", "hincrby"))
"""Commands that answer with the number that is there now, which a GET would spell as a text."""


def noted(name: str, args: Sequence[bytes], reply: Reply) -> Brief:
    """Shorten what is worth noting of a command: a value that it writes as a GET would read it."""
    at = WRITTEN.get(name)
    if at is not None and reply is not None and at < len(args):
        return shown(args[at])
    if name in SETTING and (reply or name == "hset"):
        values = args[SETTING[name] :: 2]
        return shown(values[0] if len(values) == 1 else list(values))
    if name in COUNTING:
        return str(reply)
    return shown(reply)


def noted_all(queued: Sequence[Queued], replies: Reply) -> Brief:
    """Shorten what is worth noting of a transaction: of each command what it would be by itself.

    Its answers alone would say OK of any two that write, and so make them look alike.
    """
    if type(replies) is not list or len(replies) != len(queued):
        return shown(replies)  # it was refused
    told = [
        shown(reply) if type(reply) is SimpleError else noted(name, args, reply)
        for (name, args), reply in zip(queued, replies, strict=True)
    ]
    return told[0] if len(told) == 1 else brief(told)


def noted_of(session: Session, name: str, args: list[bytes], reply: Reply, *, wrote: bool) -> Brief:
    """Say what a command has put there, if it wrote anything, or else what it was answered."""
    if wrote and name in SCRIPTS:
        return noted_within(session.within, reply)
    if wrote and name in MOVING:
        return shown(session.shelf[args[1]].value)
    return noted(name, args, reply)


def noted_within(within: Sequence[Queued], reply: Reply) -> Brief:
    """Shorten what a script has written; where that is no value, what it has answered."""
    wrote = [(name, args) for name, args in within if name in WRITTEN or name in SETTING]
    return noted_all(wrote, [True] * len(wrote)) if wrote else shown(reply)


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
