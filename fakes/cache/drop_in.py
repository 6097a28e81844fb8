"""redis-py as it is, against the run's cache: its connections lead here instead of to a socket.

The place is where redis-py opens a socket, so all that is above it runs as in
production: pools, handshakes, parsing, retries, backoff. Outside of a run, and
in a run without a cache, everything is as before.

A pool that was made before the run, or in an earlier one, begins each run
empty, because the connections in it lead to a run that is over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeAlias
from weakref import ref

from pileup.errors import RunOver, UsageError
from pileup.fakes._port import served
from pileup.sim.endings import Misuse
from pileup.sim.kernel import Sim
from pileup.sim.presence import run_here
from pileup.sim.swapped import swapped, swapped_if_imported

Theirs: TypeAlias = Any
"""Any: an object of redis-py's, which must not be imported for its type alone."""

SYNC: Final = ("Connection", "SSLConnection", "UnixDomainSocketConnection")
ASYNC: Final = ("Connection", "UnixDomainSocketConnection")
POOLS: Final = ("ConnectionPool", "BlockingConnectionPool")
SCRIPTS: Final = ("lua_release", "lua_extend", "lua_reacquire")

QUIET: Final = ("connection", "event", "himport", "maint_notifications")
"""redis-py's modules whose locks guard lists against threads, in which nothing gives way.

In a run each would be two operations, six for every command, and no order of
them makes a difference. The locks of clients and subscriptions stay, because
commands are sent under them.
"""

RUN: Final = "pileup_run"

_installed: Final[list[bool]] = []


@contextmanager
def install() -> Iterator[None]:
    """Lead redis-py's connections to the cache of the run that is on."""
    if _installed:  # asked for by the world and by a cache made by itself
        yield
        return
    _installed.append(True)
    sync, other = import_module("redis.connection"), import_module("redis.asyncio.connection")
    with ExitStack() as stack:
        stack.callback(_installed.clear)
        for module, kinds, wrap in ((sync, SYNC, _dialling), (other, ASYNC, _dialling_async)):
            for kind in kinds:
                _wrap(stack, getattr(module, kind), "_connect", wrap)
            for kind in POOLS:
                _wrap(stack, getattr(module, kind), "get_connection", _emptied)
        _wrap(stack, sync.ConnectionPool, "__init__", _numberless)
        _wrap(stack, other.AbstractConnection, "send_packed_command", _sending)
        _leave_no_trace(stack)
        yield


def _wrap(stack: ExitStack, owner: Theirs, name: str, wrap: Callable[[Theirs], Theirs]) -> None:
    stack.enter_context(swapped(owner, name, wrap(vars(owner)[name])))


def _leave_no_trace(stack: ExitStack) -> None:
    for name in ("redis.lock", "redis.asyncio.lock"):
        lock = import_module(name).Lock
        for script in SCRIPTS:  # the first lock of all leaves its client there
            stack.enter_context(swapped(lock, script, vars(lock)[script]))
    for name in QUIET:
        if find_spec(f"redis.{name}") is not None:
            stack.enter_context(swapped(import_module(f"redis.{name}"), "threading", _Quiet()))


def _cache_for(connection: Theirs) -> tuple[Sim, Theirs] | None:
    """Find the cache that a connection leads to; None where the real socket does."""
    sim = run_here()
    if sim is None:
        return None
    address = getattr(connection, "path", None) or f"{connection.host}:{connection.port}"
    cache = sim.fakes.get(f"cache {address}") or served(sim, "cache")
    return None if cache is None else (sim, cache)


def _dialling(original: Callable[[Theirs], Theirs]) -> Callable[[Theirs], Theirs]:
    @wraps(original)
    def _connect(connection: Theirs) -> Theirs:
        found = _cache_for(connection)
        if found is None:
            return original(connection)
        from pileup.fakes.cache.connections import dial
        from pileup.fakes.cache.wire import Socket

        talk = dial(found[1].server, connection)
        talk.server.do(talk.connect())
        return Socket(talk, bound=True)

    return _connect


def _dialling_async(
    original: Callable[[Theirs], Coroutine[Theirs, Theirs, None]],
) -> Callable[[Theirs], Coroutine[Theirs, Theirs, None]]:
    @wraps(original)
    async def _connect(connection: Theirs) -> None:
        found = _cache_for(connection)
        if found is None:
            return await original(connection)
        _need_asyncio(found[0])
        from pileup.fakes.cache.connections import dial
        from pileup.fakes.cache.wire import Streams

        talk = dial(found[1].server, connection)
        await talk.server.port.walk(talk.connect())
        connection._reader = connection._writer = Streams(talk, bound=True)  # noqa: SLF001 - redis-py's place for them
        return None

    return _connect


def _need_asyncio(sim: Sim) -> None:
    """Go on under asyncio: a native run starts over, and trio is told that it cannot be."""
    import asyncio

    try:
        asyncio.get_running_loop().time()
    except RuntimeError:
        error = UsageError(
            "redis.asyncio was used in an agent that runs under trio. It needs asyncio's event "
            "loop. Use the cache's own handle, which has the same commands under any loop: "
            "`await world.cache.get(...)`; or redis.Redis, which works everywhere."
        )
        sim.end(Misuse(error))
        raise RunOver from None  # redis-py would take any other error for a broken connection


def _sending(original: Callable[..., Theirs]) -> Callable[..., Theirs]:
    @wraps(original)
    async def send_packed_command(
        connection: Theirs, command: Theirs, check_health: bool = True
    ) -> None:
        if _cache_for(connection) is None:
            await original(connection, command, check_health)
            return
        from pileup.fakes.cache.connections import send_packed_command

        await send_packed_command(connection, command, check_health)

    return send_packed_command


def _emptied(original: Callable[..., Theirs]) -> Callable[..., Theirs]:
    @wraps(original)
    def get_connection(pool: Theirs, *args: Theirs, **options: Theirs) -> Theirs:
        sim, known = run_here(), vars(pool).get(RUN)
        before = known() if known is not None else None
        if before is not sim or (sim is None and known is not None):
            pool.reset()
            setattr(pool, RUN, ref(sim) if sim is not None else None)
        return original(pool, *args, **options)

    return get_connection


def _numberless(original: Callable[..., None]) -> Callable[..., None]:
    """Make pools without drawing a number for their statistics, because a draw is a choice."""

    @wraps(original)
    def __init__(pool: Theirs, *args: Theirs, **options: Theirs) -> None:  # noqa: N807 - theirs
        if run_here() is None:
            original(pool, *args, **options)
            return
        with swapped_if_imported("redis", "secrets:token_hex", lambda size: "00" * size):
            original(pool, *args, **options)

    return __init__


class _Quiet:
    """The threading module for redis-py's inner parts: no locks while a run is on."""

    def __getattr__(self, name: str) -> Theirs:
        return getattr(threading, name)

    def Lock(self) -> Theirs:  # noqa: N802 - as threading calls it
        """Make a lock, or what passes for one in a run."""
        return threading.Lock() if run_here() is None else _Unlocked()

    def RLock(self) -> Theirs:  # noqa: N802 - as above
        """Make a lock that its owner may take again, or what passes for one in a run."""
        return threading.RLock() if run_here() is None else _Unlocked()


class _Unlocked:
    """A lock that nobody ever waits for."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take it, as can everybody."""
        return True

    def release(self) -> None:
        """Give it back."""

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *_: object) -> None:
        pass
