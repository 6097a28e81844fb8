"""Which keys a command reads and writes: what Redis says of it, and what the fake declares.

`keys.txt` holds commands with the answer of `COMMAND GETKEYSANDFLAGS`, so that
the fake is held to it where there is no server as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakeredis._commands import SUPPORTED_COMMANDS, Key

from pileup.fakes.cache import Cache
from pileup.fakes.cache.commands import PLANS, plan_of
from pileup.fakes.cache.engine import parsed
from pileup.operations import READ
from pileup.settings import Budgets
from pileup.sim.kernel import Sim
from pileup.strategies import Dull

Client = Any
Connect = Callable[[], Client]
Accesses = dict[str, bool]

KNOWN: dict[str, Accesses] = {}
for line in Path(__file__).with_name("keys.txt").read_text("utf-8").splitlines():
    words, _, keys = line.partition(" -> ")
    pairs = (each.split(":") for each in keys.split())
    KNOWN[words] = {key: flag == "RO" for key, flag in pairs}

MORE_THAN_REDIS_SAYS = {
    "PFCOUNT p q": "Redis keeps the count that it has found in the key; nobody can tell",
    "BITFIELD a GET u8 0": "it is declared before its sub-commands are read",
    "XREADGROUP GROUP g c COUNT 1 STREAMS x y > >": "the group moves on, which Redis calls reading",
    "FCALL f 1 a arg": "a function may touch any key",
    "SORT a BY w_* GET o_*": "Redis does not count the keys that it makes the names of",
}
"""Commands of which the fake declares something else, and why."""

TOLD_BY_NO_KEY = ("fcall_ro", "spublish", "ssubscribe", "sunsubscribe")


def declared(command: str) -> Accesses:
    cache = Cache(Sim(Dull(), Budgets()))
    name, args = parsed([each.encode() for each in command.split()])
    touches = cache.server._touches(cache.server.connect(), name, args)
    whole_keys = [touch for touch in touches if touch.item.resource == "cache"]
    return {touch.item.key or "": touch.access == READ for touch in whole_keys}


@pytest.mark.parametrize("command", [each for each in KNOWN if each not in MORE_THAN_REDIS_SAYS])
def test_a_command_declares_the_keys_that_redis_knows_of(command: str) -> None:
    assert declared(command) == KNOWN[command]


@pytest.mark.parametrize("command", MORE_THAN_REDIS_SAYS)
def test_a_command_that_declares_something_else(command: str) -> None:
    assert declared(command) != KNOWN[command]


def test_the_answers_are_those_of_redis(real: Connect) -> None:
    client = real()
    for command, expected in KNOWN.items():
        told = client.execute_command("COMMAND GETKEYSANDFLAGS", *command.split())
        assert {key.decode(): flags[0] == b"RO" for key, flags in told} == expected


def test_every_command_with_keys_is_among_them(real: Connect) -> None:
    tried = {parsed([each.encode() for each in command.split()])[0] for command in KNOWN}
    with_keys = {name for name in names_with_keys(real()) if name in SUPPORTED_COMMANDS}
    assert with_keys - tried == set(TOLD_BY_NO_KEY)


def names_with_keys(client: Client) -> Iterator[str]:
    client.response_callbacks.clear()
    entries = list(client.execute_command("COMMAND"))
    for entry in entries:
        entries.extend(entry[9])
        if entry[8]:
            yield entry[0].decode().replace("|", " ")


NEWER = [
    name
    for name, signature in SUPPORTED_COMMANDS.items()
    if Key in map(type, (*signature.fixed, *signature.repeat))
    and name not in {command.split()[0].lower() for command in KNOWN}
]


@pytest.mark.parametrize("name", NEWER)
def test_a_newer_command_declares_every_key_that_it_has(name: str) -> None:
    fixed: Any = SUPPORTED_COMMANDS[name].fixed
    kinds = [type(each) is Key for each in fixed]
    args = [f"k{at}" if is_key else "1" for at, is_key in enumerate(kinds)]
    wanted = {f"k{at}" for at, is_key in enumerate(kinds) if is_key}
    assert wanted <= declared(" ".join([name, *args])).keys()


def test_a_command_that_is_in_no_table_writes_all_its_keys() -> None:
    unlisted = next(name for name in SUPPORTED_COMMANDS if name == "ts.madd")
    assert unlisted not in PLANS
    assert declared("ts.madd a 1 1.0 b 1 1.0") == {"a": False, "b": False}


def test_a_command_that_nobody_knows_touches_nothing() -> None:
    assert plan_of("nosuch").uses == ()


def test_another_database_is_named() -> None:
    cache = Cache(Sim(Dull(), Budgets()))
    for words in ("MOVE a 3", "COPY a b DB 3 REPLACE"):
        name, args = parsed([each.encode() for each in words.split()])
        touches = cache.server._touches(cache.server.connect(), name, args)
        assert [touch.item.resource for touch in touches if touch.access != READ][-1] == "cache db3"


@pytest.mark.parametrize(
    ("script", "reaches_out"),
    [
        ("return redis.call('GET', KEYS[1])", False),
        ("local k = KEYS[1]\nreturn redis.call('INCR', k)", False),
        ("local k = KEYS[1]\nk = 'x'\nreturn redis.call('INCR', k)", True),
        ("return redis.call('GET', ARGV[1])", True),
        ("return redis.call('GET', KEYS[1] .. 'x')", True),
        ("return redis.call('DEL', KEYS[1], 'other')", True),
        ("local r = redis; return r.call('GET', 'a')", True),
        ("return redis.call(ARGV[1], KEYS[1])", True),
        ("return redis.call('DBSIZE')", True),
        ("return redis.call('TIME')", False),
    ],
)
def test_a_script_that_may_go_further_declares_everything(script: str, reaches_out: bool) -> None:
    cache = Cache(Sim(Dull(), Budgets()))
    session = cache.server.connect()
    touches = cache.server._touches(session, "eval", [script.encode(), b"1", b"a"])
    assert (cache.server.keyspace.whole.item in {touch.item for touch in touches}) == reaches_out
