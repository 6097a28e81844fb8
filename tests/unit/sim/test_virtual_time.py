"""What clocks show in a run, and that they are the real ones again afterwards."""

# ruff: noqa: DTZ001, DTZ002, DTZ003, DTZ005, DTZ011, ASYNC251 - calls without a time zone and calls that block are what is tested
# ruff: noqa: PLW0108 - a lambda looks the name up in the run, as an agent does
# ruff: noqa: ICN001 - the name under which the module is swept

from __future__ import annotations

import copy
import datetime
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime as captured_datetime
from time import sleep as captured_sleep
from types import ModuleType

import pytest

import pileup
from pileup.errors import UsageError
from pileup.sim.virtual_time import EPOCH

CLOCKS = [
    *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"),
    *("localtime", "gmtime", "ctime", "asctime", "strftime", "clock_gettime", "clock_gettime_ns"),
]
DAY = "2026-01-01"


def clocks() -> list[object]:
    """Return all that is replaced, for a comparison by identity."""
    return [
        *(getattr(time, name) for name in CLOCKS),
        datetime.datetime,
        captured_datetime,
        captured_sleep,
        os.environ.get("TZ"),
    ]


def seen_by(look: Callable[[], object], runs: int = 1) -> list[object]:
    """Return what a lone sync agent sees in each run."""
    seen: list[object] = []
    pileup.explore(lambda: seen.append(look()), agents=1, runs=runs).assert_clean()
    return seen[:runs]


def fail() -> None:
    raise LookupError("an agent's own error")


@pytest.mark.parametrize(
    ("look", "shown"),
    [
        (lambda: time.time(), EPOCH + 0.5),
        (lambda: time.time_ns(), EPOCH * 10**9 + 500_000_000),
        (lambda: time.monotonic(), 0.5),
        (lambda: time.monotonic_ns(), 500_000_000),
        (lambda: time.perf_counter(), 0.5),
        (lambda: time.perf_counter_ns(), 500_000_000),
        (lambda: time.clock_gettime(time.CLOCK_REALTIME), EPOCH + 0.5),
        (lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC), 500_000_000),
        (lambda: time.gmtime()[:6], (2026, 1, 1, 0, 0, 0)),
        (lambda: time.localtime(None)[:6], (2026, 1, 1, 0, 0, 0)),
        (lambda: time.ctime(), "Thu Jan  1 00:00:00 2026"),
        (lambda: time.asctime(), "Thu Jan  1 00:00:00 2026"),
        (lambda: time.strftime("%Y-%m-%d"), DAY),
        (lambda: datetime.date.today().isoformat(), DAY),
        (lambda: datetime.datetime.today().isoformat(), DAY + "T00:00:00.500000"),
        (lambda: captured_datetime.now().isoformat(), DAY + "T00:00:00.500000"),
        (lambda: captured_datetime.utcnow().isoformat(), DAY + "T00:00:00.500000"),
        (lambda: str(captured_datetime.now(datetime.UTC)), DAY + " 00:00:00.500000+00:00"),
        (lambda: time.gmtime(0)[:3], (1970, 1, 1)),
        (lambda: time.strftime("%Y", time.gmtime(0)), "1970"),
    ],
)
def test_every_clock_shows_the_time_of_the_run(look: Callable[[], object], shown: object) -> None:
    def look_later() -> object:
        time.sleep(0.5)
        return look()

    assert seen_by(look_later, runs=3) == [shown] * 3


def test_all_clocks_are_the_real_ones_afterwards() -> None:
    before = clocks()
    pileup.explore(lambda: time.sleep(1), agents=2, runs=3)
    assert all(one is other for one, other in zip(before, clocks(), strict=True))


def test_all_clocks_are_the_real_ones_after_an_agent_and_a_setup_that_raise() -> None:
    before = clocks()
    assert not pileup.explore(fail, agents=1, runs=1).clean
    with pytest.raises(LookupError):
        pileup.explore(fail, setup=lambda _: fail(), runs=1)
    assert all(one is other for one, other in zip(before, clocks(), strict=True))


def test_clocks_are_real_between_runs_and_in_other_threads() -> None:
    seen: list[float] = []

    def look_from_a_thread() -> None:
        thread = threading.Thread(target=lambda: seen.append(time.time()))
        thread.start()
        thread.join()

    pileup.explore(look_from_a_thread, agents=1, runs=1, allow_real={"thread"}).assert_clean()
    assert all(abs(each - time.time()) < 60 for each in seen)
    assert seen


def test_an_exploration_inside_an_agent_is_refused_and_disturbs_nothing() -> None:
    def agent() -> float:
        with pytest.raises(UsageError, match="inside an agent"):
            pileup.explore(fail, runs=1)
        return time.time()

    assert seen_by(agent) == [EPOCH]


def test_two_threads_cannot_explore_at_once() -> None:
    def explore_too() -> None:
        with pytest.raises(UsageError, match="Two threads explore at once"):
            pileup.explore(lambda: None, runs=1)

    def agent() -> None:
        thread = threading.Thread(target=explore_too)
        thread.start()
        thread.join()

    pileup.explore(agent, agents=1, runs=1, allow_real={"thread"}).assert_clean()
    pileup.explore(lambda: None, runs=1).assert_clean()


def test_a_sleep_takes_no_real_time() -> None:
    start = time.perf_counter()
    assert seen_by(lambda: captured_sleep(3600)) == [None]
    assert time.perf_counter() - start < 10


def test_others_act_while_a_sync_agent_sleeps() -> None:
    seen: list[str] = []

    def sleeper() -> None:
        time.sleep(1)
        seen.append("slept")

    pileup.explore([sleeper, lambda: seen.append("acted")], runs=1)
    assert seen[:2] == ["acted", "slept"]


def test_nobody_acts_while_an_async_agent_blocks_the_loop() -> None:
    seen: list[object] = []

    async def blocker() -> None:
        time.sleep(5)
        seen.append(time.monotonic())

    async def other() -> None:
        seen.append("acted")

    pileup.explore([blocker, other], runs=1)
    assert seen[:2] == [5.0, "acted"]


def test_an_async_agent_that_sleeps_without_end_is_stopped() -> None:
    async def blocker() -> None:
        while True:
            time.sleep(3600)

    found = pileup.explore(blocker, agents=1, runs=1).findings
    assert [each.kind for each in found] == ["overrun"]


@pytest.mark.parametrize("length", [-1, float("nan")])
def test_a_sleep_of_no_length_is_refused_as_ever(length: float) -> None:
    def agent() -> None:
        with pytest.raises(ValueError, match=r"(?i)sleep length|invalid value"):
            time.sleep(length)

    pileup.explore(agent, agents=1, runs=1).assert_clean()


def test_what_now_returns_is_a_real_datetime() -> None:
    assert type(seen_by(lambda: captured_datetime.now())[0]) is datetime.datetime
    assert seen_by(lambda: captured_datetime)[0] is not datetime.datetime


def test_datetimes_can_be_told_copied_pickled_and_reckoned_with_in_a_run() -> None:
    def agent() -> None:
        now = captured_datetime.now()
        assert isinstance(now, captured_datetime)
        assert isinstance(now, datetime.date)
        assert not isinstance(datetime.date.today(), captured_datetime)
        assert issubclass(datetime.datetime, datetime.date)
        assert pickle.loads(pickle.dumps(now)) == copy.deepcopy(now) == copy.copy(now) == now
        assert now + datetime.timedelta(1) > captured_datetime(2026, 1, 1, tzinfo=None)
        assert captured_datetime.fromisoformat("2026-01-02") - now == datetime.timedelta(1)

    pileup.explore(agent, agents=1, runs=1).assert_clean()


def test_a_pickle_made_in_a_run_holds_nothing_of_ours() -> None:
    moment = datetime.datetime(2026, 1, 1, fold=1)
    made = seen_by(lambda: pickle.dumps(moment))[0]
    assert isinstance(made, bytes)
    assert b"pileup" not in made
    assert type(pickle.loads(made)) is datetime.datetime
    assert pickle.loads(made).fold == 1


def test_a_subclass_made_in_a_run_makes_its_own_kind() -> None:
    def agent() -> object:
        class Moment(captured_datetime):
            pass

        return type(Moment.now()) is Moment and not isinstance(captured_datetime.now(), Moment)

    assert seen_by(agent) == [True]


@pytest.fixture
def module() -> Iterator[ModuleType]:
    """Make a module of the user's that is loaded."""
    made = sys.modules["of_the_user"] = ModuleType("of_the_user")
    yield made
    del sys.modules["of_the_user"]


def capture(module: ModuleType) -> None:
    """Do as an import statement in the module would."""
    exec("from time import sleep\nfrom datetime import datetime", vars(module))


def test_names_captured_in_a_run_are_put_right_afterwards(module: ModuleType) -> None:
    pileup.explore(lambda: None, runs=1)  # has seen the module without them
    pileup.explore(lambda: capture(module), agents=1, runs=1).assert_clean()
    assert vars(module)["sleep"] is time.sleep
    assert vars(module)["datetime"] is datetime.datetime


def test_a_module_that_is_first_imported_in_a_run_is_put_right_afterwards() -> None:
    def agent() -> None:
        capture(sys.modules.setdefault("imported_late", ModuleType("imported_late")))

    pileup.explore(agent, agents=1, runs=1).assert_clean()
    late = sys.modules.pop("imported_late")
    assert vars(late)["sleep"] is time.sleep
    assert vars(late)["datetime"] is datetime.datetime


def test_a_name_that_was_patched_in_an_earlier_exploration_is_found_in_the_next(
    module: ModuleType,
) -> None:
    def agent() -> float:
        vars(module)["sleep"](5)
        return time.monotonic()

    vars(module)["sleep"] = lambda _: None
    assert seen_by(agent) == [0.0]
    vars(module)["sleep"] = time.sleep
    assert seen_by(agent) == [5.0]
