"""What reaches past the fakes is refused by name and place, whatever the agent does about it."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

import pileup
from pileup.errors import RealWorldTouched, UsageError
from pileup.sim.guard import accounted_for

NOWHERE = ("127.0.0.1", 9)


def connect() -> None:
    with closing(socket.socket()) as sock:
        sock.connect(NOWHERE)


def send_to() -> None:
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as sock:
        sock.sendto(b"x", NOWHERE)


def bind() -> None:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))


def look_up() -> None:
    socket.getaddrinfo("localhost", 80)


def run_true() -> None:
    subprocess.run(["true", "now"], check=True)


def spawn() -> None:
    os.waitpid(os.posix_spawn("/bin/true", ["true", "now"], {}), 0)


def fork() -> None:
    child = os.fork()
    if not child:
        os._exit(0)


def start_thread() -> None:
    threading.Thread(target=connect).start()


def open_database() -> None:
    sqlite3.connect(":memory:").close()


TOUCHES = [
    (connect, "socket", "connect to 127.0.0.1:9"),
    (send_to, "socket", "send to 127.0.0.1:9"),
    (bind, "socket", "listen on 127.0.0.1:0"),
    (look_up, "socket", "look up localhost:80"),
    (run_true, "subprocess", "start true now"),
    (spawn, "subprocess", "start true now"),
    (fork, "subprocess", "fork this process"),
    (lambda: os.system("true now"), "subprocess", "start true now"),
    (start_thread, "thread", "start a thread for connect"),
    (open_database, "database", "open :memory:"),
]


@pytest.mark.parametrize(("touch", "kind", "what"), TOUCHES)
def test_what_is_touched_is_refused_by_name_with_its_place_and_the_remedy(
    touch: Callable[[], None], kind: str, what: str
) -> None:
    with pytest.raises(RealWorldTouched) as caught:
        pileup.explore(touch, agents=1, runs=1)
    told = str(caught.value)
    assert f"was about to {what} (at test_guard.py:" in told
    assert f"allow_real={{{kind!r}}}" in told


@pytest.mark.parametrize("touch", [look_up, run_true, fork, open_database, bind])
def test_what_is_allowed_goes_through(touch: Callable[[], None]) -> None:
    kinds = {"socket", "subprocess", "database"}
    pileup.explore(touch, agents=1, runs=1, allow_real=kinds).assert_clean()


def test_an_agent_that_swallows_the_error_cannot_hide_it() -> None:
    def agent() -> None:
        with suppress(Exception):
            open_database()

    with pytest.raises(RealWorldTouched):
        pileup.explore(agent, agents=2, runs=1)


@pytest.mark.parametrize("backend", ["native", "asyncio", "trio"])
def test_an_agent_that_swallows_the_error_does_not_go_on(backend: str) -> None:
    after: list[str] = []

    async def agent() -> None:
        with suppress(Exception):
            open_database()
        await pileup.checkpoint()
        after.append("went on")

    with pytest.raises(RealWorldTouched):
        pileup.explore(agent, agents=2, runs=1, backend=backend)
    assert after == []


def test_setup_and_check_are_guarded_too() -> None:
    with pytest.raises(RealWorldTouched):
        pileup.explore(lambda: None, setup=lambda _: open_database(), runs=1)
    with pytest.raises(RealWorldTouched):
        pileup.explore(lambda: None, check=lambda _: open_database(), runs=1)


def test_a_setup_that_swallows_the_error_cannot_hide_it() -> None:
    def setup(_: object) -> None:
        with suppress(RealWorldTouched):
            open_database()

    with pytest.raises(RealWorldTouched):
        pileup.explore(lambda: None, setup=setup, runs=1)


def test_nothing_is_refused_between_runs_and_afterwards() -> None:
    pileup.explore(lambda: None, runs=2)
    open_database()
    with pytest.raises(RealWorldTouched):
        pileup.explore(open_database, runs=1)
    open_database()


def test_a_fake_may_use_the_real_thing_for_itself() -> None:
    def agent() -> None:
        with accounted_for():
            open_database()
        with pytest.raises(RealWorldTouched):
            open_database()

    with pytest.raises(RealWorldTouched):
        pileup.explore(agent, agents=1, runs=1)
    with pytest.raises(RealWorldTouched, match=r"open :memory:"):
        pileup.explore(agent, agents=1, runs=1)


def test_other_threads_are_not_refused() -> None:
    failed: list[BaseException] = []

    def agent() -> None:
        def inside() -> None:
            try:
                open_database()
            except RealWorldTouched as error:
                failed.append(error)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()

    pileup.explore(agent, agents=1, runs=1, allow_real={"thread"}).assert_clean()
    assert failed == []


def test_files_are_not_refused() -> None:
    def agent() -> None:
        Path(__file__).read_text(encoding="utf-8")

    pileup.explore(agent, agents=1, runs=1).assert_clean()


@pytest.mark.parametrize("names", [{"sockets"}, "socket"])
def test_an_unknown_name_is_refused_with_those_that_exist(names: str | set[str]) -> None:
    with pytest.raises(UsageError, match=r"'socket', 'subprocess', 'thread', 'database'"):
        pileup.explore(lambda: None, runs=1, allow_real=names)


def test_the_line_named_is_the_users_and_not_the_librarys() -> None:
    with pytest.raises(RealWorldTouched, match=r"at test_guard.py:\d+ in run_true"):
        pileup.explore(run_true, agents=1, runs=1)
    assert sys.modules["subprocess"] is subprocess
