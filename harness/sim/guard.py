"""Nothing escapes silently: what reaches past the fakes is refused, by name and place.

One audit hook, installed at the first run, because Python lets none be
removed; between runs it returns at once. What it refuses also ends the run,
so that an agent which swallows the error cannot hide it.

What it cannot see: sockets that C libraries open by themselves (libpq, gRPC,
curl), data that passes through a socket or a database that was opened before
the run, and on Python 3.11 a thread started by `_thread` itself. Real files
are not refused at all.
"""

from __future__ import annotations

import sys
from _thread import get_ident, start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from textwrap import shorten
from typing import Any, Final, TypeAlias

from pileup.errors import RealWorldTouched, UsageError
from pileup.sim.agents import here
from pileup.sim.endings import Misuse
from pileup.sim.kernel import Sim
from pileup.sim.sites import call_site
from pileup.sim.swaps import Pair

Describe: TypeAlias = Callable[[tuple[Any, ...]], str]  # Any: an audit event's arguments

REMEDIES: Final = {
    "socket": "Send it to a fake: world.http serves httpx and the model SDKs, and world.database, "
    "world.cache and world.bus stand for what is usually behind a socket",
    "subprocess": "Put the tool behind a function that `setup` can replace by a fake",
    "thread": "Start sub-agents with me.spawn(...), or tasks of the event loop; asyncio.to_thread, "
    "trio.to_thread and anyio.to_thread work as they are",
    "database": "Use the fake, world.database",
}
LONGEST: Final = 120


def _address(args: tuple[Any, ...]) -> str:
    """Spell the address in `(socket, address)`."""
    address = args[1]
    if isinstance(address, tuple) and len(address) > 1:
        return f"{address[0]}:{address[1]}"
    return str(address)


def _host(args: tuple[Any, ...]) -> str:
    port = f":{args[1]}" if len(args) > 1 and args[1] else ""
    return f"{_text(args[0])}{port}"


def _command(args: tuple[Any, ...]) -> str:
    """Spell the command line in `(executable, arguments, ...)`."""
    line = args[1] if len(args) > 1 and args[1] else args[0]
    return " ".join(map(_text, line)) if isinstance(line, list | tuple) else _text(line)


def _first(args: tuple[Any, ...]) -> str:
    return _command((None, args[0])) if args and args[0] else "this process"


def _function(args: tuple[Any, ...]) -> str:
    owner = getattr(args[0], "__self__", None)
    target = getattr(owner, "_target", None) or args[0]
    return str(getattr(target, "__qualname__", target))


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


REFUSED: Final[dict[str, tuple[str, str, Describe]]] = {
    "socket.connect": ("socket", "connect to", _address),
    "socket.bind": ("socket", "listen on", _address),
    "socket.sendto": ("socket", "send to", _address),
    "socket.sendmsg": ("socket", "send to", _address),
    "socket.getaddrinfo": ("socket", "look up", _host),
    "socket.gethostbyname": ("socket", "look up", _host),
    "socket.gethostbyaddr": ("socket", "look up", _host),
    "socket.getnameinfo": ("socket", "look up", _first),
    "subprocess.Popen": ("subprocess", "start", _command),
    "os.system": ("subprocess", "start", _first),
    "os.startfile": ("subprocess", "start", _first),
    "os.exec": ("subprocess", "become", _command),
    "os.posix_spawn": ("subprocess", "start", _command),
    "os.spawn": ("subprocess", "start", lambda args: _command(args[1:])),
    "os.fork": ("subprocess", "fork", _first),
    "os.forkpty": ("subprocess", "fork", _first),
    "pty.spawn": ("subprocess", "start", _first),
    "_thread.start_new_thread": ("thread", "start a thread for", _function),
    "_thread.start_joinable_thread": ("thread", "start a thread for", _function),
    "sqlite3.connect": ("database", "open", _first),
}


class _Border:
    """What is closed at the moment, for whom."""

    sim: Sim | None = None
    allowed: frozenset[str] = frozenset()
    thread = 0


_border: Final = _Border()


def check_allowed(allow_real: frozenset[str]) -> None:
    """Refuse a name that allows nothing, before it is relied on."""
    unknown = sorted(allow_real - REMEDIES.keys())
    if unknown:
        names = ", ".join(map(repr, REMEDIES))
        raise UsageError(
            f"allow_real names {', '.join(map(repr, unknown))}, but what can be allowed is "
            f"{names}. Write a set of these, as in allow_real={{'socket'}}."
        )


def allows(kind: str) -> bool:
    """Whether the user has opened the way to one kind of real thing in this run."""
    return kind in _border.allowed


def close(sim: Sim, allow_real: frozenset[str]) -> None:
    """Refuse what is not allowed, from now on, in this thread."""
    _install()
    _border.allowed = allow_real
    _border.thread = get_ident()
    _border.sim = sim


def reopen() -> None:
    """Refuse nothing any more."""
    _border.sim = None


@contextmanager
def accounted_for() -> Iterator[None]:
    """Let a fake or a runtime do for itself what agents may not, as real SQLite behind a fake."""
    sim, _border.sim = _border.sim, None
    try:
        yield
    finally:
        _border.sim = sim


@cache
def _install() -> None:
    sys.addaudithook(_watch)


def _watch(event: str, args: tuple[Any, ...]) -> None:
    sim = _border.sim
    if sim is None or event not in REFUSED or get_ident() != _border.thread:
        return
    kind, verb, describe = REFUSED[event]
    if kind in _border.allowed or (event == "socket.sendmsg" and args[1] is None):
        return
    what = shorten(f"{verb} {describe(args)}", LONGEST, placeholder=" ...")
    error = RealWorldTouched(_message(kind, what))
    sim.end(Misuse(error))
    raise error


@wraps(start_new_thread)
def _start_new_thread(*args: Any) -> int:
    sys.audit("_thread.start_new_thread", *args)
    return start_new_thread(*args)


def stand_ins() -> tuple[Pair, ...]:
    """Tell of threads where Python does not: from 3.12 on it raises the event by itself."""
    return () if sys.version_info >= (3, 12) else ((start_new_thread, _start_new_thread),)


def _message(kind: str, what: str) -> str:
    strand = here.get(None)
    return (
        f"{strand.name if strand else 'The run'} was about to {what} (at {call_site()}). That is "
        "the real world: it answers differently each time, and no replay can bring it back. "
        f"{REMEDIES[kind]}. If the real thing is meant, allow it with allow_real={{{kind!r}}}; "
        "what it does is then up to you."
    )
