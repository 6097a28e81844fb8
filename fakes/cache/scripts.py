"""The three scripts of `redis.lock.Lock`, recognised by their fingerprint and done in Python.

They do the same as the Lua text, in one operation. So locks work where lupa
is not installed, and where it is a run spends no millisecond on a Lua
interpreter, nor three operations on loading what is always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from hashlib import sha1
from typing import Final, TypeAlias

from redis.asyncio.lock import Lock as AsyncLock
from redis.lock import Lock

from pileup.fakes.cache.engine import Reply, Session
from pileup.fakes.cache.keys import Keys
from pileup.operations import Footprint

Script: TypeAlias = Callable[[Session, Sequence[bytes]], Reply]

KEYS_AND_ARGUMENTS: Final = 2
"""Where they begin: behind the fingerprint and the number of keys."""


def stand_in_for(args: Sequence[bytes]) -> Script | None:
    """Return what does the work of the script that EVALSHA names; None for any other."""
    return _scripts().get(args[0]) if args else None


@cache
def _scripts() -> dict[bytes, Script]:
    scripts: dict[bytes, Script] = {}
    for lock in (Lock, AsyncLock):
        scripts[fingerprint(lock.LUA_RELEASE_SCRIPT.encode())] = _release
        scripts[fingerprint(lock.LUA_EXTEND_SCRIPT.encode())] = _extend
        scripts[fingerprint(lock.LUA_REACQUIRE_SCRIPT.encode())] = _reacquire
    return scripts


def fingerprint(text: bytes) -> bytes:
    """Return the name that Redis gives to a script."""
    return sha1(text).hexdigest().encode()  # noqa: S324 - what Redis calls a script by


def touches_of_scripts(
    cells: Keys, known: Collection[bytes], name: str, args: Sequence[bytes]
) -> Footprint:
    """Say which scripts a command loads, asks for, or throws away."""
    if name == "script flush":
        return tuple(each for cell in cells.values() for each in cell.alters)
    if name in ("eval", "script load"):
        named = [fingerprint(each) for each in args[:1]]
        return tuple(t for each in named if each not in known for t in cells[each].updates)
    named = list(args[:1] if name == "evalsha" else args)
    return tuple(t for each in named if each not in _scripts() for t in cells[each].reads)


def _is_mine(session: Session, key: bytes, token: bytes) -> bool:
    return bool(session.run("get", [key]) == token)


def _release(session: Session, args: Sequence[bytes]) -> Reply:
    key, token = args[KEYS_AND_ARGUMENTS:]
    return session.run("del", [key]) if _is_mine(session, key, token) else 0


def _extend(session: Session, args: Sequence[bytes]) -> Reply:
    key, token, more, replace = args[KEYS_AND_ARGUMENTS:]
    left = session.run("pttl", [key])
    if not _is_mine(session, key, token) or left < 0:
        return 0
    wanted = int(more) + (0 if replace == b"1" else left)
    session.run("pexpire", [key, b"%d" % wanted])
    return 1


def _reacquire(session: Session, args: Sequence[bytes]) -> Reply:
    key, token, lease = args[KEYS_AND_ARGUMENTS:]
    if not _is_mine(session, key, token):
        return 0
    session.run("pexpire", [key, lease])
    return 1
