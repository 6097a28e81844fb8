"""An agent that blocks the only thread is ended, and the suite goes on."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress

import pytest

import pileup
from pileup.errors import LoopBlocked
from pileup.strategies import RoundRobin

SOON = pileup.Budgets(blocked=0.2)
_module_lock = threading.Lock()


def spin() -> None:
    while True:
        pass


async def spin_async() -> None:
    while True:
        pass


def wait_for_a_real_lock() -> None:
    with _module_lock, _module_lock:
        pass


def test_a_loop_without_end_is_named_with_its_place() -> None:
    with pytest.raises(LoopBlocked, match=r"spin-0 held .*at test_watchdog.py:\d+ in spin"):
        pileup.explore(spin, runs=1, budgets=SOON)


@pytest.mark.parametrize("backend", ["native", "asyncio", "trio"])
def test_an_async_loop_without_end_is_ended_under_every_backend(backend: str) -> None:
    with pytest.raises(LoopBlocked):
        pileup.explore(spin_async, runs=1, budgets=SOON, backend=backend)


def test_waiting_for_a_real_lock_is_ended() -> None:
    with pytest.raises(LoopBlocked, match="in wait_for_a_real_lock"):
        pileup.explore(wait_for_a_real_lock, agents=1, runs=1, budgets=SOON)
    assert not _module_lock.locked()


def test_an_agent_that_swallows_the_error_is_ended_too() -> None:
    def agent() -> None:
        while True:
            with suppress(Exception):
                spin()

    with pytest.raises(LoopBlocked):
        pileup.explore(agent, agents=1, runs=1, budgets=SOON)


def test_a_long_run_that_makes_steps_is_left_alone() -> None:
    def agent() -> None:
        start = time.thread_time()
        while time.thread_time() - start < 0.6:
            time.sleep(1)

    budgets = pileup.Budgets(blocked=0.2, steps=10**9, events=10**9, seconds=1e12)
    scenario = pileup.Scenario(agent, agents=1, budgets=budgets)
    assert scenario.explorer().once(RoundRobin()).clean


def test_a_slow_setup_is_left_alone() -> None:
    def setup(_: object) -> None:
        start = time.thread_time()
        while time.thread_time() - start < 0.5:
            pass

    pileup.explore(lambda: None, setup=setup, runs=1, budgets=SOON).assert_clean()


def test_a_user_at_a_breakpoint_may_take_their_time() -> None:
    def agent() -> None:
        stop = "start = time.thread_time()\nwhile time.thread_time() - start < 0.5: pass"
        exec(stop, {"__name__": "bdb", "time": time})  # as the debugger's own frames do

    pileup.explore(agent, agents=1, runs=1, budgets=SOON).assert_clean()


def test_the_signal_is_as_before() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(LoopBlocked):
        pileup.explore(spin, runs=1, budgets=SOON)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_timer_that_somebody_else_has_set_is_left_to_them() -> None:
    signal.setitimer(signal.ITIMER_REAL, 3600)
    try:
        pileup.explore(lambda: None, runs=2, budgets=SOON).assert_clean()
        assert 3000 < signal.getitimer(signal.ITIMER_REAL)[0] <= 3600
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_an_exploration_in_another_thread_works_without_it() -> None:
    clean: list[bool] = []

    def explore() -> None:
        clean.append(pileup.explore(lambda: time.sleep(1), runs=2).clean)

    thread = threading.Thread(target=explore)
    thread.start()
    thread.join()
    assert clean == [True]
