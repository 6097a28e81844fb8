"""Unmodified code on a mounted folder: every way into the file system parks."""

from __future__ import annotations

import asyncio
import glob
import io
import json
import os
import shutil
import tempfile
from os import replace as captured_replace
from pathlib import Path
from typing import Any

import pytest
import trio
from support.files_explored import DATA, Few, every_run, one_run, rows, scenario, start

import pileup
from pileup.fakes import World
from pileup.strategies import Dull, RoundRobin

PATH = f"{DATA}/a"
RUNTIMES = ("native", "trio", "asyncio")


def left(*agents: Any, backend: str | None = None, **texts: str) -> set[str]:
    return {run.world.files.peek("a") for run in every_run(*agents, backend=backend, **texts)}


def adds_by_open(world: World) -> None:
    with open(PATH) as file:
        text = file.read()
    with open(PATH, "w") as file:
        file.write(text + "x")


def adds_by_pathlib(world: World) -> None:
    path = Path(PATH)
    path.write_text(path.read_text() + "x")


def adds_by_descriptors(world: World) -> None:
    fd = os.open(PATH, os.O_RDWR)
    text = os.read(fd, 100)
    os.pwrite(fd, text + b"x", 0)
    os.close(fd)


async def adds_in_async_code(world: World) -> None:
    adds_by_open(world)


@pytest.mark.parametrize("agent", [adds_by_open, adds_by_pathlib, adds_by_descriptors])
@pytest.mark.parametrize("backend", RUNTIMES)
def test_an_update_can_be_lost_under_every_runtime(agent: Any, backend: str) -> None:
    assert left(agent, agent, backend=backend, a="") == {"x", "xx"}


@pytest.mark.parametrize("backend", RUNTIMES)
def test_blocking_calls_in_async_code_park_as_well(backend: str) -> None:
    assert left(adds_in_async_code, adds_in_async_code, backend=backend, a="") == {"x", "xx"}


def test_runtimes_show_the_same_histories() -> None:
    def histories(backend: str) -> set[tuple[str, ...]]:
        runs = every_run(adds_by_open, adds_by_open, backend=backend, a="")
        return {tuple(run.history.lines()) for run in runs}

    native, others = histories("native"), [histories(each) for each in ("trio", "asyncio")]
    assert [native, native] == others
    assert len(native) > 100


def test_code_in_worker_threads_parks() -> None:
    async def on_asyncio(world: World) -> None:
        await asyncio.to_thread(adds_by_open, world)

    async def on_trio(world: World) -> None:
        await trio.to_thread.run_sync(adds_by_open, world)

    for agent in (on_asyncio, on_trio):
        assert left(agent, agent, a="") == {"x", "xx"}


# Torn reads -------------------------------------------------------------------------------


def reads_json(world: World) -> object:
    with open(PATH) as file:
        return json.load(file)


def writes_in_place(world: World) -> None:
    with open(PATH, "w") as file:
        json.dump({"n": 1}, file)


def writes_beside(world: World) -> None:
    with tempfile.NamedTemporaryFile("w", dir=DATA, delete=False) as file:
        json.dump({"n": 1}, file)
    os.replace(file.name, PATH)


def replaces(world: World) -> None:
    with open(f"{PATH}.tmp", "w") as file:
        json.dump({"n": 1}, file)
    os.replace(f"{PATH}.tmp", PATH)


def kinds(*agents: Any) -> list[str]:
    found = pileup.explore(list(agents), setup=start(a='{"n": 0}'))
    return [f"{each.kind} {each.title}" for each in found.findings]


def test_a_file_written_in_place_can_be_read_torn() -> None:
    torn, failed = kinds(writes_in_place, reads_json)
    assert "reads_json-1 raised JSONDecodeError" in failed
    assert torn.startswith("torn_read")


def test_a_file_written_beside_and_renamed_cannot() -> None:
    assert kinds(writes_beside, reads_json) == []
    runs = every_run(replaces, reads_json, a='{"n": 0}')
    assert {str(run.results["reads_json-1"]) for run in runs} == {"{'n': 0}", "{'n': 1}"}


def test_a_long_text_is_written_in_the_pieces_of_cpythons_buffers() -> None:
    def writes(world: World) -> None:
        with open(PATH, "w") as file:
            for _ in range(5):
                file.write("x" * 3000)

    def looks(world: World) -> int:
        return os.path.getsize(PATH)

    sizes = {run.results["looks-1"] for run in every_run(writes, looks, a="")}
    assert sizes > {0, 15_000}  # in pieces: which, depends on the version of Python


def test_each_system_call_is_one_operation() -> None:
    run = one_run(adds_by_open, a="-")
    assert rows(run) == [
        "open files[a]",
        "read files[a]",
        "read files[a]",  # which finds that nothing follows
        "truncate files[a]",
        "write files[a]",
    ]


def test_what_is_dropped_unclosed_is_written_where_it_is_dropped() -> None:
    def writes(world: World) -> str:
        open(PATH, "w").write("x")
        return Path(PATH).read_text()

    run = one_run(writes)
    assert (run.results["writes-0"], rows(run)[1]) == ("x", "write files[a]")


def test_what_an_agent_never_wrote_out_is_not_there() -> None:
    kept: list[Any] = []

    def writes(world: World) -> None:
        kept.append(open(PATH, "w"))
        kept[0].write("x")

    assert one_run(writes).world.files.peek("a") == ""
    kept[0].close()


# What is ours and what is not -------------------------------------------------------------


def test_captured_names_are_ours_too() -> None:
    def renames(world: World) -> None:
        captured_replace(PATH, f"{DATA}/b")

    assert one_run(renames, a="x").world.files.peek("b") == "x"


def test_the_real_world_is_left_alone(tmp_path: Path) -> None:
    def works(world: World) -> None:
        (tmp_path / "real").write_text("real")
        os.rename(tmp_path / "real", tmp_path / "moved")
        fd = os.open(tmp_path / "moved", os.O_RDONLY)
        assert os.read(os.dup(fd), 9) == b"real"
        os.symlink("moved", tmp_path / "link")
        assert os.listdir(tmp_path) != []
        with open(fd) as file:
            assert file.read() == ""  # dup has moved it to the end
        shutil.copy(tmp_path / "moved", tmp_path / "copy")
        assert os.getcwdb() == os.fsencode(os.getcwd())

    run = one_run(works)
    assert (run.findings, rows(run)) == ((), [])
    assert (tmp_path / "copy").read_text() == "real"


def test_outside_of_runs_all_is_as_it_was() -> None:
    before = (open, io.open, os.stat, os.replace, captured_replace, os.close)
    pileup.explore(adds_by_open, setup=start(a=""), runs=3)
    assert (open, io.open, os.stat, os.replace, captured_replace, os.close) == before
    assert os.stat.__name__ == "stat"
    assert not hasattr(os.stat, "__wrapped__")
    assert not os.path.exists(DATA)


def test_between_two_runs_the_stand_ins_are_the_real_thing() -> None:
    seen: list[bool] = []

    class Watches(Dull):
        def begin(self, run: int) -> None:
            super().begin(run)
            seen.append(os.path.exists(DATA))

    pileup.explore(adds_by_open, setup=start(a=""), runs=3, strategy=Watches())
    assert seen
    assert not any(seen)


def test_without_a_mount_nothing_is_put_in() -> None:
    async def looks(world: World) -> None:
        assert not hasattr(os.stat, "__wrapped__")
        await world.files.write_text("a", "x")

    pileup.explore(looks, runs=2).assert_clean()


def test_a_folder_may_be_seen_in_part_and_by_several_paths() -> None:
    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        world.files.seed("etc/config", "x")
        world.files.mount("/data")
        world.files.mount("/etc/app", "etc")
        return world

    async def reads(world: World) -> None:
        assert Path("/etc/app/config").read_text() == Path("/data/etc/config").read_text() == "x"
        assert await world.files.read_text("/etc/app/config") == "x"
        assert not Path("/etc/app/etc").exists()

    run = pileup.Scenario(reads, setup=setup, agents=1).explorer().once(Dull())
    assert run.findings == ()
    assert rows(run)[0] == "open files[etc/config]"


def test_two_folders_are_two_devices() -> None:
    class Two(World):
        def __init__(self, sim: pileup.Sim) -> None:
            from pileup.fakes.files import Files

            super().__init__(sim)
            self.files.mount("/data")
            self.files.seed("a", "x")
            Files(sim, "other").mount("/other")

    def moves() -> None:
        for goal in ("/other/a", "/tmp/a"):
            with pytest.raises(OSError, match="cross-device"):
                os.rename("/data/a", goal)

    assert pileup.Scenario(moves, setup=Two, agents=1).explorer().once(Dull()).findings == ()


@pytest.mark.parametrize("point", ["data", "/", "."])
def test_a_mount_point_that_cannot_be_one_is_refused(point: str) -> None:
    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        world.files.mount(point)
        return world

    with pytest.raises(pileup.UsageError, match="is an absolute path other than"):
        pileup.explore(adds_by_open, setup=setup, runs=1)


# Descriptors ------------------------------------------------------------------------------


def test_a_real_call_cannot_mistake_a_descriptor() -> None:
    import mmap

    def tries(world: World) -> None:
        fd = os.open(PATH, os.O_RDWR)
        with pytest.raises(OSError, match="Bad file descriptor"):
            mmap.mmap(fd, 0)
        os.close(fd)
        for use in (os.close, os.fstat, lambda n: os.read(n, 1)):
            with pytest.raises(OSError, match="Bad file descriptor"):
                use(fd)

    assert one_run(tries, a="x").findings == ()


def test_a_descriptors_number_does_not_depend_on_others() -> None:
    def opens(world: World, me: pileup.Agent) -> int:
        fds = [os.open(PATH, os.O_RDONLY) for _ in range(2)]
        os.close(fds[0])
        again = os.open(PATH, os.O_RDONLY)  # the lowest that is free
        assert again == fds[0]
        return fds[1]

    runs = [one_run(opens, opens, strategy=each, a="") for each in (Dull(), RoundRobin())]
    assert runs[0].results == runs[1].results
    assert len(set(runs[0].results.values())) == 2


def test_a_process_can_run_out_of_descriptors() -> None:
    def leaks(world: World) -> None:
        for _ in range(1024):
            os.open(PATH, os.O_RDONLY)
        with pytest.raises(OSError, match="Too many open files"):
            os.open(PATH, os.O_RDONLY)

    assert one_run(leaks, a="").findings == ()


# Time, chance, async ----------------------------------------------------------------------


def test_files_are_dated_in_virtual_time() -> None:
    import time

    def writes(world: World) -> None:
        Path(PATH).write_text("x")
        first = os.stat(PATH).st_mtime
        time.sleep(90)
        Path(PATH).write_text("y")
        assert os.stat(PATH).st_mtime - first == 90
        assert os.stat(PATH).st_mtime == time.time()

    assert one_run(writes).findings == ()


def test_temporary_names_are_the_same_in_every_replay() -> None:
    found = pileup.explore(writes_beside, setup=start(a="{}"), runs=5)  # it checks by replaying
    assert found.clean


def test_an_unfinished_run_leaves_no_noise() -> None:
    def waits(world: World) -> None:
        with open(PATH, "w") as file:
            file.write("x")
            with world.memory.lock(), world.memory.lock():
                pass

    found = pileup.explore(waits, setup=start(a=""), runs=5)
    assert [each.kind for each in found.findings] == ["deadlock"]


def test_globs_and_copies_work_in_agents() -> None:
    def works(world: World) -> None:
        os.makedirs(f"{DATA}/d/e")
        shutil.copy(PATH, f"{DATA}/d/e/b")
        assert glob.glob(f"{DATA}/**", recursive=True) == [
            f"{DATA}/{name}" for name in ("", "a", "d", "d/e", "d/e/b")
        ]
        assert sorted(path.name for path in Path(DATA).rglob("*")) == ["a", "b", "d", "e"]
        shutil.rmtree(f"{DATA}/d")
        assert os.listdir(DATA) == ["a"]

    assert one_run(works, a="x").findings == ()


def test_few_is_a_bound_on_the_odometer() -> None:
    with_few = scenario(adds_by_open, adds_by_open, a="").explorer()
    odometer, runs = Few(1), 0
    while True:
        with_few.once(odometer)
        runs += 1
        if not odometer.advance():
            break
    assert runs == 6  # none, or at one of the five points where there is a choice
