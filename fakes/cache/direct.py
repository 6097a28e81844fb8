"""The short way from a command's method to its operation, without packing, pools and parsing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from fakeredis._commands import COMMANDS_WITH_SUB
from redis._parsers import Encoder
from redis._parsers.response_callbacks import get_response_callbacks
from redis.client import EMPTY_RESPONSE, NEVER_DECODE, CaseInsensitiveDict

from pileup.errors import UsageError
from pileup.fakes._suffering import Course
from pileup.fakes.cache.commands import BLOCKING
from pileup.fakes.cache.conversation import Conversation
from pileup.fakes.cache.engine import Reply, parsed
from pileup.fakes.cache.server import Server
from pileup.operations import Operation

Answer: TypeAlias = Any
"""Any: what redis-py makes of an answer is another thing for each command."""

PLAIN: Final = (bytes, int, float, type(None))

STATEFUL: Final = {
    **dict.fromkeys(("multi", "exec", "discard", "watch", "unwatch"), "cache.pipeline()"),
    **dict.fromkeys(("subscribe", "psubscribe", "ssubscribe"), "cache.pubsub()"),
    "select": "redis.asyncio.Redis(db=...), which reaches the same cache",
}
"""Commands that belong to one connection, which the handle does not have."""


class Silent:
    """Stands where redis-py tells its listeners of connections: there are none."""

    def dispatch(self, event: object) -> None:
        """Tell nobody."""

    async def dispatch_async(self, event: object) -> None:
        """Tell nobody."""


SILENT: Final = Silent()


class Sent:
    """A command of the handle's, ready to be sent: its operation where one is enough."""

    __slots__ = ("fields", "name", "op")

    def __init__(self, name: str, fields: list[bytes], op: Operation | None) -> None:
        self.name = name
        self.fields = fields
        self.op = op


class Direct:
    """Commands without a connection of their own: they share one session."""

    def __init__(self, server: Server, decodes: bool) -> None:
        self.server = server
        self.session = server.connect()
        self.talk = Conversation(server, self.session, server.port)
        self._encoder: Any = Encoder("utf-8", "strict", decodes)  # type: ignore[no-untyped-call] # redis-py has no types there
        self._decodes = decodes

    def sent(self, args: Sequence[Any]) -> Sent:
        """Describe a command. Any: whatever redis-py can encode."""
        encode = self._encoder.encode
        fields = [
            each if type(each) is bytes else each.encode() if type(each) is str else encode(each)
            for each in args
        ]
        name = _simple(args[0])
        if name is None:
            fields[:1] = fields[0].split()
            name, rest = parsed(fields)
        else:
            rest = fields[1:]
        if name in STATEFUL:
            raise _stateful(name)
        server, session = self.server, self.session
        if name in BLOCKING or server.answers_at_once(session, name, rest):
            return Sent(name, fields, None)
        return Sent(name, fields, server.operation(session, name, rest))

    def course(self, sent: Sent) -> Course[Reply]:
        """Return the way of a command that is more, or less, than one operation."""
        if sent.name not in BLOCKING:
            return (yield from self.talk.command(sent.fields))
        # As with a pool, who blocks has a connection of its own meanwhile.
        talk = Conversation(self.server, self.server.connect(self.session.db), self.server.port)
        try:
            return (yield from talk.command(sent.fields))
        finally:
            talk.close()

    def received(self, command: str, reply: Reply, options: dict[str, Any]) -> Answer:
        """Make of an answer what redis-py makes of it."""
        if type(reply) not in PLAIN:
            reply = self.session.decoded(reply)
            if isinstance(reply, Exception):
                if EMPTY_RESPONSE in options:
                    return options[EMPTY_RESPONSE]
                raise reply
        if self._decodes and NEVER_DECODE not in options:
            reply = self._text(reply)
        callback = _callback(command)
        if callback is None:
            return reply
        for each in ("keys", NEVER_DECODE, EMPTY_RESPONSE):
            options.pop(each, None)
        return callback(reply, **options)

    def _text(self, reply: Reply) -> Reply:
        if isinstance(reply, list):
            return [self._text(each) for each in reply]
        if isinstance(reply, dict):
            return {self._text(key): self._text(value) for key, value in reply.items()}
        return self._encoder.decode(reply)


@cache
def _simple(command: object) -> str | None:
    """Return the plain name of a command that is one word."""
    text = command.decode() if isinstance(command, bytes) else str(command)
    name = text.lower()
    return None if " " in name or name in COMMANDS_WITH_SUB else name


def _stateful(name: str) -> UsageError:
    return UsageError(
        f"{name.upper()} was sent through the cache's own handle. It concerns one connection, and "
        f"the handle's commands share none; use {STATEFUL[name]}."
    )


@cache
def callbacks() -> Answer:
    """Return what redis-py makes of answers when it is not told otherwise."""
    known: Any = get_response_callbacks(None, legacy_responses=True)
    return CaseInsensitiveDict(known)


@cache
def _callback(command: str) -> Callable[..., Answer] | None:
    found: Callable[..., Answer] | None = callbacks().get(command)
    return found
