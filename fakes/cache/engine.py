"""fakeredis' server without its sockets, threads and clocks.

fakeredis knows what each command does to the keys; that is all it is used
for. A `Session` is one connection's state at the server (database, WATCH,
MULTI, subscriptions), driven command by command. Only this module and
`shelves` touch fakeredis' insides.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from copy import deepcopy
from math import inf
from typing import Any, Final, NamedTuple, TypeAlias

from fakeredis import FakeServer, _msgs
from fakeredis._command_args_parsing import Timeout
from fakeredis._commands import COMMANDS_WITH_SUB, SUPPORTED_COMMANDS, Signature
from fakeredis._helpers import QUEUED, NoResponse, SimpleError, SimpleString
from fakeredis._socket import BaseFakeSocket, FakeSocket
from fakeredis._socket._resp import convert_to_resp2
from fakeredis.model import ClientInfo

from pileup.fakes.cache.failures import refusal
from pileup.fakes.cache.shelves import VERSION, Place, Shelf

Reply: TypeAlias = Any
"""Any: what the server answers: None, int, bytes, float, SimpleString, or lists and dicts of it."""

ALIASES: Final = {"touch": "exists"}
"""Commands that fakeredis lacks, and others that do the same here."""

FORGETFUL: Final = frozenset(("xdel", "xack", "xtrim", "xclaim", "xautoclaim"))
"""Commands after which fakeredis does not say that it changed the key."""

ANSWERS_TOO_SOON: Final = ("blmove",)
"""A blocking command that fakeredis answers with nil where there is nothing to move."""

EXPIRE_TIME: Final = re.compile(r"(invalid expire time in )(\w+)$")
"""A complaint that Redis words a little differently since 7.0."""


class Push(list[Reply]):
    """What the server sends of its own accord: a message, or that one is subscribed now."""


class Blocked(NamedTuple):
    """A command that found nothing and waits: how to try again, and how its answer is shaped."""

    attempt: Callable[[], Reply]
    seconds: float


class Session(FakeSocket):
    """What the server knows of one connection."""

    def __init__(self, server: FakeServer, db: int = 0, protocol: int = 3) -> None:
        # fakeredis' own constructor makes queues, events and locks for its threads, which would
        # be virtual ones in a run, and cost as much as two commands; so it is passed over.
        super(BaseFakeSocket, self).__init__()
        self._server = server
        self._db_num = db
        self._db: Any = server.dbs[db]
        self._killed = self._reply_off = self._reply_skip = self._reply_skip_next = False
        self._no_evict = self._no_touch = self._blocked = self._paused = False
        self._unblock_reason = None
        self._subkey_events: list[Any] = []
        self._fieldsets: dict[bytes, tuple[bytes, ...]] = {}
        self._client_info = ClientInfo(
            id=server.get_next_client_id(), resp=protocol, addr="127.0.0.1:0", name=""
        )
        self.inbox: deque[Reply] = deque()
        self.blocked: Blocked | None = None
        self.within: list[tuple[str, list[bytes]]] = []
        """The commands that scripts have run, since somebody last asked."""
        self.patience = inf
        """How long its client waits for an answer, in seconds."""
        server.sockets.append(self)

    @property
    def db(self) -> int:
        """Which database it has selected."""
        return self._db_num

    @property
    def shelf(self) -> Shelf:
        """That database."""
        shelf: Shelf = self._db
        return shelf

    @property
    def queues(self) -> bool:
        """Whether it is between MULTI and EXEC."""
        return self._transaction is not None

    @property
    def queued(self) -> Sequence[tuple[str, list[bytes]]]:
        """The commands between MULTI and EXEC so far."""
        return [(sig.name.lower(), args) for _, sig, args in self._transaction or ()]

    @property
    def watched(self) -> Sequence[Place]:
        """The keys under WATCH, in order."""
        return sorted((shelf.number, key) for key, shelf in self._watches)

    @property
    def subscriptions(self) -> Sequence[bytes]:
        """The channels and patterns that it has subscribed to, in order."""
        server = self._server
        kinds = (server.subscribers, server.psubscribers, server.ssubscribers)
        return [name for kind in kinds for name, who in kind.items() if self in who]

    @property
    def protocol(self) -> int:
        """Which RESP it speaks."""
        return int(self._client_info["resp"])

    def put_response(self, msg: Reply) -> None:
        """Send a message of the server's own accord."""
        self.inbox.append(Push(msg))

    def end_transaction(self) -> None:
        """Forget what was queued and watched."""
        self._transaction = None
        self._clear_watches()

    def close(self) -> None:
        """Forget what the server knew of the connection, as it does when it is closed."""
        self.end_transaction()
        if self._pubsub:
            self._discard_subscriptions()
        if self in self._server.sockets:
            self._server.sockets.remove(self)

    def run(self, name: str, args: list[bytes]) -> Reply:
        """Execute one command; an error is returned, as a SimpleError."""
        self.blocked = None
        reply = self._run(ALIASES.get(name, name), args)
        if name in ANSWERS_TOO_SOON and reply is None and not self._in_transaction:
            self.blocked = Blocked(lambda: self._again(name, args), _seconds(args[-1]))
            return NoResponse()
        if type(reply) is SimpleError:
            reply.value = EXPIRE_TIME.sub(r"\1'\2' command", reply.value)
        elif name == "client getname" and not reply:
            return None
        return reply

    def _again(self, name: str, args: list[bytes]) -> Reply:
        reply = self._run(name, args)
        if type(reply) is SimpleError:
            raise reply
        return reply

    def _run(self, name: str, args: list[bytes]) -> Reply:
        try:
            func, sig = self._look_up(name, args)
            if self.queues and _msgs.FLAG_TRANSACTION not in sig.flags:
                sig.check_arity(args, VERSION)
                self._transaction = [*(self._transaction or ()), (func, sig, args)]
                return QUEUED
        except SimpleError as error:
            self._transaction_failed = self.queues
            return error
        return self._run_command(func, sig, args, False)

    def _run_command(self, func: Any, sig: Signature, args: list[Any], from_script: bool) -> Reply:
        if from_script:
            self.within.append((sig.name.lower(), args))
        reply = super()._run_command(func, sig, args, from_script)
        if sig.name in FORGETFUL and reply and type(reply) is not SimpleError:
            self._db.notify_watch(args[0])
        return reply

    def copy(self, key: Any, newkey: Any, *args: bytes) -> int:
        """Copy a key, and what is in it: fakeredis would let both share it."""
        taken: int = super().copy(key, newkey, *args)
        if taken:
            newkey.value = deepcopy(newkey.value)
        return taken

    def _look_up(self, name: str, args: list[bytes]) -> tuple[Callable[..., Any], Signature]:
        try:
            sig = SUPPORTED_COMMANDS[name]
        except KeyError:
            raise unknown(name, args) from None
        return getattr(self, sig.func_name), sig

    def _blocking(
        self,
        timeout: float | None,
        func: Callable[[bool], Any],
        shape: Callable[[Any], Any] | None = None,
    ) -> Any:
        shaped = shape or (lambda found: found)
        found = func(True)
        if found is None and not self._in_transaction:
            self.blocked = Blocked(lambda: _shaped(func(False), shaped, self), timeout or 0.0)
            return NoResponse()
        return shaped(found)

    def decoded(self, reply: Reply) -> Reply:
        """Turn the server's strings into bytes and its errors into exceptions, all through."""
        if isinstance(reply, list | tuple):
            return [self.decoded(each) for each in reply]
        if isinstance(reply, dict):
            return {self.decoded(key): self.decoded(value) for key, value in reply.items()}
        if isinstance(reply, SimpleString):
            return reply.value
        if isinstance(reply, SimpleError):
            return refusal(reply.value)
        return reply.encode() if isinstance(reply, str) else reply


def _shaped(found: Any, shape: Callable[[Any], Any], session: Session) -> Reply:
    if found is None:
        return None
    reply = shape(found)
    return convert_to_resp2(reply) if session.protocol == 2 else reply  # noqa: PLR2004 - RESP2


def _seconds(text: bytes) -> float:
    return float(Timeout.decode(text))


def unknown(name: str, args: Sequence[bytes]) -> SimpleError:
    """Say as the server does that there is no such command."""
    told = " ".join(f"'{each.decode(errors='replace')}'" for each in args)
    said = f"{told} " if told else ""
    return SimpleError(f"ERR unknown command '{name}', with args beginning with: {said}")


def parsed(fields: Sequence[bytes]) -> tuple[str, list[bytes]]:
    """Tell a command's name from its arguments: `XGROUP`, `CREATE` are one name."""
    name = fields[0].decode("utf-8", "replace").lower()
    if name in COMMANDS_WITH_SUB and len(fields) > 1:
        return f"{name} {fields[1].decode('utf-8', 'replace').lower()}", list(fields[2:])
    return name, list(fields[1:])
