"""Campaigns: whoever plays the runs, and in however many sittings, the result is the same."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

import pileup
from pileup.errors import HarnessError, NotDeterministic
from pileup.fakes import World
from pileup.faults import Rule
from pileup.search.accounts.portions import Mode, Portion
from pileup.search.campaigns import campaign, forked
from pileup.strategies import Random, make

RUNS = 120
STRATEGIES = ("auto", "surw", "pct", "pct:4", "delay:2", "random", "pos", "round_robin")


async def add_entry(world: World, me: pileup.Agent) -> None:
    entries = await world.memory.get("entries") or []
    await world.memory.set("entries", [*entries, me.name])


async def polls(world: World, me: pileup.Agent) -> None:
    """Have runs of many lengths, of which one or the other is the longest."""
    if me.index == 0:
        await world.memory.set("flag", 1)
        return
    while not await world.memory.get("flag"):
        await pileup.sleep(1)


async def seldom_needs_a_loop(world: World, me: pileup.Agent) -> None:
    """Await trio in few orders, so that most portions begin without knowing of it."""
    before = await world.memory.get("last")
    for _ in range(3):
        await world.memory.set("last", me.name)
        after = await world.memory.get("last")
        if me.index == 0 and before == "seldom_needs_a_loop-3" and after != me.name:
            await trio.lowlevel.checkpoint()


def start(sim: pileup.Sim) -> World:
    return World(sim)


def another(sim: pileup.Sim) -> World:
    world = World(sim)
    world.memory.seed(entries=["one"])
    return world


def holds(world: World) -> None:
    assert len(world.memory.peek("entries") or ()) == 2


def view(found: pileup.Exploration) -> list[object]:
    """Take down all that a user can see of a result."""
    run = found.counterexample
    shown = (
        () if run is None else (run.token, run.tape, run.history.digest, run.results, run.shrunk)
    )
    told = [each.to_json() for each in found.findings]
    told += [each.token for each in found.others]
    rest = found.stats, found.claim, found.spread, found.warnings, found.exhausted, found.strength
    return [str(found), told, found.runs, *rest, *shown]


def explored(agent: Any = add_entry, **options: Any) -> pileup.Exploration:
    return pileup.explore(agent, **{"agents": 3, "runs": RUNS, **options})


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    assert multiprocessing.active_children() == []
    assert signal.getsignal(signal.SIGINT) is before


# The same result -------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("agent", [add_entry, polls])
def test_the_result_does_not_depend_on_how_many_work(agent: Any, strategy: str) -> None:
    alone = view(explored(agent, strategy=strategy))
    for workers in (2, 3):
        assert view(explored(agent, strategy=strategy, workers=workers)) == alone


@pytest.mark.parametrize(
    "options",
    [
        {"faults": "3am"},
        {"timed": True},
        {"backend": "asyncio"},
        {"seed": 7},
        {"runs": 1},
        {"runs": 2},
        {"runs": 3},
        {"shrink": False},
        {"agents": 1},
        {"faults": [Rule("lost", on="POST*")]},
    ],
)
def test_nor_does_it_under_other_conditions(options: dict[str, Any]) -> None:
    assert view(explored(workers=2, **options)) == view(explored(**options))


@pytest.mark.parametrize("long", [0.0, 0.003, 1000.0])
def test_nor_on_how_long_portions_are(long: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "LONG", long)
    assert view(explored(faults="flaky-network", workers=2)) == view(
        explored(faults="flaky-network")
    )


def test_nor_on_the_order_in_which_portions_come_back() -> None:
    with Backwards() as executor:
        found = explored(executor=executor, workers=4)
    assert executor.turned_round
    assert view(found) == view(explored())


def test_a_loop_that_few_runs_need_is_known_to_all_that_come_after() -> None:
    alone = explored(seldom_needs_a_loop, agents=4, runs=300, strategy="random")
    assert alone.stats.backend == "trio"
    shared = explored(seldom_needs_a_loop, agents=4, runs=300, strategy="random", workers=2)
    assert view(shared) == view(alone)


def test_agents_may_be_closures() -> None:
    name = "total"

    async def adds(world: World) -> None:
        await world.memory.set(name, (await world.memory.get(name) or 0) + 1)

    assert view(explored(adds, workers=2)) == view(explored(adds))


def test_it_works_inside_of_a_loop() -> None:
    async def main() -> list[object]:
        await trio.lowlevel.checkpoint()
        return view(explored(workers=2))

    assert trio.run(main) == view(explored())


def test_what_a_run_raises_elsewhere_is_raised_here() -> None:
    def setup(sim: pileup.Sim) -> World:
        return World(sim)

    async def opens_a_socket(world: World, me: pileup.Agent) -> None:
        if await world.memory.add("n", 1) == 1 and me.index == 2:
            socket.create_connection(("localhost", 1))

    said = []
    for workers in (1, 2):
        with pytest.raises(pileup.UsageError) as caught:
            explored(opens_a_socket, setup=setup, strategy="random", workers=workers)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_a_program_that_is_another_one_in_a_worker_is_not_deterministic() -> None:
    here = os.getpid()

    async def differs(world: World) -> None:
        await world.memory.set("n", 1)
        if os.getpid() != here:
            await world.memory.get("n")
            raise ValueError

    with pytest.raises(NotDeterministic, match=r"Run \d+ was another one in a worker"):
        explored(differs, workers=2)


def test_a_run_that_raises_only_in_a_worker_is_told_of() -> None:
    here = os.getpid()

    def setup(sim: pileup.Sim) -> World:
        if os.getpid() != here:
            raise ValueError("elsewhere")
        return World(sim)

    told = r"Run 3 raised this in a worker, .* ValueError: elsewhere"
    with pytest.raises(NotDeterministic, match=told):
        explored(setup=setup, workers=2)


# Executors -------------------------------------------------------------------------------------


class Backwards(ThreadPoolExecutor):
    """Give back last what was handed in first, as far as there is more than one."""

    def __init__(self) -> None:
        super().__init__(1)
        self._held: list[tuple[Any, Any]] = []
        self.turned_round = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Any] = Future()
        self._held.append((future, partial(fn, *args, **kwargs)))
        if len(self._held) == 1:
            threading.Timer(0.05, self._release).start()
        return future

    def _release(self) -> None:
        held, self._held = self._held[::-1], []
        self.turned_round += len(held) > 1

        def play() -> None:
            for future, action in held:
                future.set_result(action())

        super().submit(play)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_executor_gives_the_same(method: str) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as executor:
        found = explored(setup=start, check=holds, executor=executor)
    assert view(found) == view(explored(setup=start, check=holds))


def test_where_nothing_can_be_forked_processes_are_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "can_fork", lambda: False)
    assert view(explored(workers=2)) == view(explored())


def test_dask_gives_the_same() -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        found = explored(polls, strategy="pct", executor=executor)
    assert view(found) == view(explored(polls, strategy="pct"))


def test_what_cannot_be_imported_is_refused() -> None:
    async def local(world: World) -> None: ...

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(pileup.UsageError, match=r"local \(an agent\).*top level"):
            explored(local, executor=executor)
        with pytest.raises(pileup.UsageError, match=r"<lambda> \(`check`\)"):
            explored(check=lambda _: None, executor=executor)
        explored(partial(add_entry), executor=executor, runs=4)


def test_what_an_executor_cannot_play_is_told_of() -> None:
    class Broken(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            future: Future[str] = Future()
            future.set_exception(OSError("no such cluster"))
            return future

    with pytest.raises(pileup.UsageError, match=r"could not play runs 3 to .*no such cluster"):
        explored(executor=Broken())


# What cannot be shared out ---------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["systematic", make("systematic", 0), Random(0)])
def test_a_strategy_that_goes_by_all_runs_is_refused(strategy: Any) -> None:
    with pytest.raises(pileup.UsageError, match="cannot be shared out"):
        explored(strategy=strategy, workers=2)


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 0},
        {"workers": "all"},
        {"seconds": 0},
        {"seconds": float("inf")},
        {"seconds": True, "runs": 200},
        {"executor": 3},
        {"seconds": 1, "runs": 50},
    ],
)
def test_a_mistake_is_told_of_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(pileup.UsageError):
        pileup.explore(add_entry, **options)


# Seconds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_budget_in_seconds_makes_the_first_runs_of_the_same(workers: int) -> None:
    begun = time.monotonic()
    found = pileup.explore(add_entry, seconds=0.5, workers=workers)
    assert time.monotonic() - begun < 15
    assert found.runs > 3
    assert view(found) == view(pileup.explore(add_entry, runs=found.runs))


def test_a_search_that_is_done_does_not_wait_for_its_time() -> None:
    found = pileup.explore(add_entry, strategy="systematic", seconds=1000)
    assert found.exhausted


# Ctrl-C ----------------------------------------------------------------------------------------

SCRIPT = """
import sys, threading, os, signal
import pileup

async def add_entry(world, me):
    entries = await world.memory.get("entries") or []
    await world.memory.set("entries", [*entries, me.name])

print("begun", flush=True)
found = pileup.explore(add_entry, seconds=600, workers=int(sys.argv[1]))
print(found)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_leaves_what_was_found(workers: int, tmp_path: Path) -> None:
    process = _begun(SCRIPT, workers, tmp_path)
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it as well
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert "lost_write (critical)" in said
    assert "warning: Interrupted after" in said
    assert complaints == ""


POOL_SCRIPT = """
import multiprocessing, concurrent.futures
import pileup

async def add_entry(world, me):
    entries = await world.memory.get("entries") or []
    await world.memory.set("entries", [*entries, me.name])

print("begun", flush=True)
with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as executor:
    found = pileup.explore(add_entry, seconds=600, executor=executor)
print(found)
"""


def test_an_interrupt_that_ends_an_executors_workers_leaves_what_was_found(tmp_path: Path) -> None:
    process = _begun(POOL_SCRIPT, 2, tmp_path)
    time.sleep(5)
    os.killpg(process.pid, signal.SIGINT)
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert "lost_write (critical)" in said
    assert "warning: Interrupted after" in said


def test_a_run_that_raised_is_played_again_in_the_next_sitting(tmp_path: Path) -> None:
    path = tmp_path / "campaign.jsonl"
    left = tmp_path / "broken"
    left.touch()

    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        world.broken = left.exists()  # type: ignore[attr-defined]
        return world

    def check(world: World) -> None:
        if world.broken and len(world.memory.peek("entries")) == 2:  # type: ignore[attr-defined]
            raise pileup.UsageError("mended later")

    options = {"setup": setup, "check": check, "strategy": "random", "resume": path}
    with pytest.raises(pileup.UsageError, match="mended later"):
        explored(**options)
    left.unlink()
    found = explored(**options)
    assert found.runs == RUNS


def _begun(script: str, workers: int, tmp_path: Path) -> subprocess.Popen[str]:
    path = tmp_path / "script.py"
    path.write_text(script)
    process = subprocess.Popen(
        [sys.executable, str(path), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def _members(group: int) -> list[int]:
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = each.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(each.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    process = _begun(SCRIPT, 2, tmp_path)
    until = time.monotonic() + 30
    while len(_members(process.pid)) < 3:
        assert time.monotonic() < until
        time.sleep(0.05)
    process.kill()
    process.communicate()
    while _members(process.pid):
        assert time.monotonic() < until
        time.sleep(0.05)


# Workers that end ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "how"),
    [
        (lambda: os._exit(3), "with exit code 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "killed by signal 9"),
    ],
)
def test_a_worker_that_ends_is_told_of_with_what_it_played(end: Any, how: str) -> None:
    here = os.getpid()

    async def ends() -> None:
        if os.getpid() != here:
            end()

    with pytest.raises(HarnessError, match=rf"{how}, while it played runs \d+ to \d+"):
        explored(ends, workers=2)


# Several sittings ------------------------------------------------------------------------------


def test_a_campaign_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "campaign.jsonl"
    for runs in (40, 41, 90, RUNS):
        options = {"faults": "3am", "runs": runs}
        found = explored(**options, resume=path, workers=1 + runs % 2)
        assert view(found) == view(explored(**options))
    lines = path.read_text("utf-8").splitlines()
    assert json.loads(lines[0])["pileup_campaign"] == 1
    assert [*tmp_path.iterdir()] == [path]


def test_what_has_been_played_is_not_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "campaign.jsonl"
    first = explored(resume=path)
    monkeypatch.setattr(forked.Forked, "start", None)
    assert view(explored(resume=path)) == view(first)
    assert view(explored(resume=path, runs=10)) == view(first)  # more cannot be taken back


def test_it_goes_on_under_another_hash_seed(tmp_path: Path) -> None:
    path = tmp_path / "campaign.jsonl"
    (tmp_path / "program.py").write_text(
        "import pileup, sys\n"
        "async def agent(world, me):\n"
        "    n = await world.memory.get('n') or 0\n"
        "    await world.memory.set('n', n + 1)\n"
        "found = pileup.explore(agent, runs=int(sys.argv[1]), **eval(sys.argv[2]))\n"
        "print(found, found.spread, found.stats)\n"
    )

    def say(seed: str, runs: int, **options: object) -> str:
        return subprocess.run(
            [sys.executable, str(tmp_path / "program.py"), str(runs), repr(options)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    say("1", 60, resume=str(path))
    assert say("2", 150, resume=str(path)) == say("3", 150)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"seed": 1}, "seed was 0 there, and is 1 now"),
        ({"strategy": "random"}, "strategy was 'auto'"),
        ({"agents": 4}, "program was 'add_entry x3'"),
        ({"faults": "3am"}, "faults was"),
        ({"setup": another}, "the first runs was"),
    ],
)
def test_another_campaign_is_refused(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    path = tmp_path / "campaign.jsonl"
    explored(resume=path, runs=10)
    before = path.read_bytes()
    with pytest.raises(pileup.UsageError, match=why):
        explored(resume=path, **options)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["what is this", "{}", "[1]", '{"pileup_campaign": 2}'])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(f"{text}\n")
    with pytest.raises(pileup.UsageError, match="cannot be gone on with"):
        explored(resume=path, runs=4)
    assert path.read_text() == f"{text}\n"


@pytest.mark.parametrize("cut", [1, 20, 300])
def test_a_damaged_last_line_is_dropped(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "campaign.jsonl"
    explored(resume=path, runs=60)
    path.write_bytes(path.read_bytes()[:-cut])
    assert view(explored(resume=path)) == view(explored())


def test_a_damaged_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "campaign.jsonl"
    for runs in (20, 40):
        explored(resume=path, runs=runs)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:-9], *lines[2:], ""]))
    with pytest.raises(pileup.UsageError, match="line 2 is damaged"):
        explored(resume=path)


def test_a_place_that_cannot_be_written_to_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(pileup.UsageError, match="cannot be written"):
        explored(resume=tmp_path / "nowhere" / "campaign.jsonl", runs=4)


def test_a_portion_survives_being_sent() -> None:
    mode = Mode("native", blocking=False)
    portion = Portion(2, 2, mode, mode, failed="ValueError: ä")
    assert Portion.from_json(portion.to_json()) == portion
