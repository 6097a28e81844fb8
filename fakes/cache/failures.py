"""What a client sees of each fault, and how a refusal of the server's travels.

The native handle raises what redis-py would raise. On the wire the same
faults are what a socket shows (a reset, silence, an error line), and redis-py
makes of them what it makes of them in production: reconnect, back off, retry.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Final

from redis.connection import DefaultParser
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,  # noqa: A004 - redis' own, which is no OSError
    NoPermissionError,
    OutOfMemoryError,
    ResponseError,
    TimeoutError,  # noqa: A004 - as above
)

from pileup.fakes._suffering import Failures

READ_SIZE: Final = 65_536

SERVER_SAYS: Final = {
    "error": "ERR {}",
    "unavailable": "LOADING Redis is loading the dataset in memory ({})",
    "full": "OOM command not allowed when used memory > 'maxmemory'. ({})",
    "denied": "NOPERM User default has no permissions to run this command ({})",
}
"""Faults that are an answer of the server's: nothing has happened."""


class ErrorLine(Exception):
    """An error that the server answers with, on its way over the wire."""


def refusal(text: str) -> Exception:
    """Return what redis-py raises for an error line of the server's; `line_of` gives it back."""
    error: Exception = DefaultParser(socket_read_size=READ_SIZE).parse_error(text)  # type: ignore[no-untyped-call] # redis-py has no types there
    vars(error)["line"] = text
    return error


def line_of(error: Exception) -> str | None:
    """Return the error line that the server answers with; None where it does not answer."""
    if isinstance(error, ErrorLine):
        return str(error)
    line: str | None = vars(error).get("line")
    return line


def _answered(kind: type[Exception], text: str) -> Callable[[str], Exception]:
    return lambda message: kind(text.partition(" ")[2].format(message))


def _on_the_wire(text: str) -> Callable[[str], Exception]:
    return lambda message: ErrorLine(text.format(message))


def _broken(number: int, says: str) -> Callable[[str], Exception]:
    return lambda message: OSError(number, f"{says} ({message})")


_KINDS: Final[dict[str, type[Exception]]] = {
    "error": ResponseError,
    "unavailable": BusyLoadingError,
    "full": OutOfMemoryError,
    "denied": NoPermissionError,
}

NATIVE: Final[Failures] = {
    **{fault: _answered(_KINDS[fault], text) for fault, text in SERVER_SAYS.items()},
    "timeout": TimeoutError,
    "lost": TimeoutError,
    "refused": ConnectionError,
    "reset": ConnectionError,
}

WIRE: Final[Failures] = {
    **{fault: _on_the_wire(text) for fault, text in SERVER_SAYS.items()},
    "timeout": socket.timeout,
    "lost": socket.timeout,
    "refused": _broken(errno.ECONNREFUSED, "Connection refused"),
    "reset": _broken(errno.ECONNRESET, "Connection reset by peer"),
}

CONNECTING: Final[Failures] = {fault: WIRE[fault] for fault in ("refused", "timeout")}
"""What can go wrong before there is a connection."""
