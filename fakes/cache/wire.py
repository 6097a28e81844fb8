"""What goes over the wire, and the socket and streams that redis-py finds at the end of it.

Between them runs redis-py as it is: its packing and parsing, its pools, its
retries. `settimeout`, `recv` and the streams' reads wait in virtual time.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from math import inf
from typing import Final

from fakeredis._helpers import SimpleError, SimpleString

from pileup.fakes.cache.conversation import Conversation
from pileup.fakes.cache.engine import Push, Reply
from pileup.fakes.cache.failures import line_of
from pileup.sim.agents import here
from pileup.sim.presence import run_here

ADDRESS: Final = ("127.0.0.1", 6379)
LINE_END: Final = b"\r\n"
RESP3: Final = 3


def commands_in(data: bytes) -> Iterator[list[bytes]]:
    """Read the commands that a client has written."""
    at = 0
    while at < len(data):
        end = data.index(LINE_END, at)
        count, at = int(data[at + 1 : end]), end + 2
        fields: list[bytes] = []
        for _ in range(count):
            end = data.index(LINE_END, at)
            length, start = int(data[at + 1 : end]), end + 2
            fields.append(data[start : start + length])
            at = start + length + 2
        yield fields


def written(reply: Reply, protocol: int) -> bytes:
    """Write an answer as the server does."""
    if type(reply) is bytes:
        return b"$%d\r\n%b\r\n" % (len(reply), reply)
    if type(reply) is int:
        return b":%d\r\n" % reply
    if reply is None:
        return b"_\r\n" if protocol == RESP3 else b"$-1\r\n"
    return _written(reply, protocol)


def _written(reply: Reply, protocol: int) -> bytes:  # noqa: PLR0911 - one for each kind
    match reply:
        case SimpleString():
            return b"+%b\r\n" % reply.value
        case SimpleError():
            return _error_line(reply.value)
        case Exception():
            return _error_line(line_of(reply) or str(reply))
        case dict():
            pairs = [part for pair in reply.items() for part in pair]
            size = len(reply) if protocol == RESP3 else len(pairs)
            return b"%b%d\r\n" % (b"%" if protocol == RESP3 else b"*", size) + _all(pairs, protocol)
        case list() | tuple():
            mark = b">" if type(reply) is Push and protocol == RESP3 else b"*"
            return b"%b%d\r\n" % (mark, len(reply)) + _all(reply, protocol)
        case bool():
            return written(int(reply), protocol)
        case float():
            return b",%b\r\n" % repr(reply).encode()
    return written(str(reply).encode(), protocol)


def _all(parts: Iterable[Reply], protocol: int) -> bytes:
    return b"".join([written(each, protocol) for each in parts])


def _error_line(text: str) -> bytes:
    return b"-%b\r\n" % text.replace("\r", " ").replace("\n", " ").encode()


class _End:
    """The client's end of a connection. One that is `bound` ends with the run it was made in."""

    def __init__(self, conversation: Conversation, *, bound: bool = False) -> None:
        self._talk = conversation
        self._bound = bound
        self._closed = False

    @property
    def _is_cut(self) -> bool:
        """Whether nobody is at the other end any more."""
        return self._closed or (self._bound and run_here() is not self._talk.server.sim)

    def _check(self) -> None:
        if self._is_cut:
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    def _incoming(self) -> bytes:
        """Take what has arrived."""
        inbox, protocol = self._talk.session.inbox, self._talk.session.protocol
        data = b"".join([written(each, protocol) for each in inbox])
        inbox.clear()
        return data

    def _break(self) -> None:
        """Show what broke the connection, once all that came before has been read."""
        error, self._talk.broken = self._talk.broken, None
        if error is not None:
            self._closed = True
            raise error

    def close(self) -> None:
        """Hang up."""
        if not self._closed:
            self._closed = True
            self._talk.close()


class Socket(_End):
    """What redis-py's sync connections find instead of a TCP socket."""

    def __init__(self, conversation: Conversation, *, bound: bool = False) -> None:
        super().__init__(conversation, bound=bound)
        self._timeout = conversation.patience
        self._rest = b""

    def settimeout(self, seconds: float | None) -> None:
        """Say how long `recv` waits."""
        self._timeout = seconds

    def sendall(self, data: bytes) -> None:
        """Send commands; they have taken effect when this returns."""
        self._check()
        self._talk.server.do(self._talk.send(commands_in(bytes(data))))

    def recv(self, size: int) -> bytes:
        """Return what has arrived, or wait for it."""
        if self._is_cut:
            return b""
        data = self._rest or self._incoming()
        if not data:
            self._break()
            self._wait()
            data = self._incoming()
        self._rest = data[size:]
        return data[:size]

    def _wait(self) -> None:
        talk, seconds = self._talk, inf if self._timeout is None else self._timeout
        # A look at an idle connection tells nothing about others; one at a subscription does.
        if here.get(None) is not None and (seconds or talk.session.subscriptions):
            course = talk.server.line.receive(talk.session, seconds)
            if talk.server.port.walk_sync(course):
                return
        if seconds:
            raise TimeoutError("timed out")
        raise BlockingIOError(errno.EWOULDBLOCK, "Resource temporarily unavailable")

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Return what has arrived in the caller's own memory."""
        view = memoryview(buffer)
        data = self.recv(len(view))
        view[: len(data)] = data
        return len(data)

    def shutdown(self, how: int) -> None:
        """Nothing is under way that it could stop."""

    def getpeername(self) -> tuple[str, int]:
        """Say where the server is."""
        return ADDRESS

    getsockname = getpeername


class Streams(_End):
    """What redis-py's async connections find instead of a pair of asyncio's streams."""

    def __init__(self, conversation: Conversation, *, bound: bool = False) -> None:
        super().__init__(conversation, bound=bound)
        self._data = b""

    def __bool__(self) -> bool:
        """Whether it is open: redis-py warns of connections that were left so, which a run ends."""
        return not self._is_cut

    @property
    def _buffer(self) -> bytes:
        """What has arrived and is unread: redis-py looks at this of asyncio's reader."""
        if not self._data and not self._is_cut:
            self._data = self._incoming()
        return self._data

    def at_eof(self) -> bool:
        """Whether nothing more will come."""
        return self._is_cut and not self._data

    async def send(self, data: bytes) -> None:
        """Send commands; they have taken effect when this returns."""
        self._check()
        await self._talk.server.port.walk(self._talk.send(commands_in(data)))

    async def arrived(self, seconds: float = inf) -> bool:
        """Wait until there is something to read; whether there is."""
        if self._buffer:
            return True
        self._check()
        self._break()
        talk = self._talk
        await talk.server.port.walk(talk.server.line.receive(talk.session, seconds))
        return bool(self._buffer)

    async def readline(self) -> bytes:
        """Read up to the end of a line."""
        await self.arrived()
        return self._take(self._data.find(b"\n") + 1 or len(self._data))

    async def readexactly(self, count: int) -> bytes:
        """Read so many bytes; answers arrive whole, so they are there."""
        await self.arrived()
        return self._take(count)

    async def read(self, count: int = -1) -> bytes:
        """Read what there is."""
        await self.arrived()
        return self._take(len(self._data) if count < 0 else count)

    def _take(self, count: int) -> bytes:
        data, self._data = self._data[:count], self._data[count:]
        return data

    def get_extra_info(self, name: str) -> object:
        """Tell what is known of the socket: where the server is."""
        return ADDRESS if name == "peername" else None

    async def wait_closed(self) -> None:
        """It is closed at once."""

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self._closed
