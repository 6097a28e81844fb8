"""Remembering: found once is saved at once, tried first the next time, and counts as found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

import pileup
from pileup.fakes import World
from pileup.tokens import decode

BACKENDS = ("native", "trio", "asyncio")
STEPS = 12


async def rarely_loses(world: World, me: pileup.Agent) -> None:
    """Lose a write, but only where the other looks at each of many steps just after it was made."""
    if me.index:
        for step in range(STEPS):
            await world.memory.set("step", step)
        await world.memory.add("n", 1)
        return
    for step in range(STEPS):
        if await world.memory.get("step") != step:
            await world.memory.add("n", 1)
            return
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)


class InStep:
    """The one order in a million."""

    name = "in step"

    def begin(self, run: int) -> None:
        self._last = run * 0

    def choose(self, point: Any) -> int:
        if point.stream != "schedule":
            return int(point.usual)
        labels = [point.option(index) for index in range(point.count)]
        wanted = self._wanted(labels)
        return wanted if wanted is not None else 0

    def _wanted(self, labels: list[str]) -> int | None:
        writes = [n for n, each in enumerate(labels) if "1: " in each]
        reads = [n for n, each in enumerate(labels) if "0: " in each]
        self._last += 1
        if not writes or not reads:
            return 0
        if any("add" in labels[n] for n in writes):
            return reads[0] if "read memory[step]" in labels[reads[0]] else self._race(labels)
        return writes[0] if self._last % 2 else reads[0]

    def _race(self, labels: list[str]) -> int:
        """Let the other add between the read and the write."""
        write = [n for n, each in enumerate(labels) if "0: write" in each]
        return 1 - write[0] if write else next(n for n, each in enumerate(labels) if "0: " in each)


async def adds(world: World) -> None:
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)


async def adds_on_trio(world: World) -> None:
    n = await world.memory.get("n") or 0
    await trio.sleep(1)
    await world.memory.set("n", n + 1)


def called(name: str, body: Callable[..., Any]) -> Callable[..., Any]:
    """Pose as the same agent after an edit."""

    async def edited(world: World) -> None:
        await body(world)

    edited.__name__ = name
    return edited


async def adds_at_once(world: World) -> None:
    await world.memory.add("n", 1)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def kinds(found: pileup.Exploration) -> list[str]:
    return [finding.kind for finding in found.findings]


def save_the_rare_one(folder: Path, backend: str = "native") -> pileup.Exploration:
    found = pileup.explore(rarely_loses, strategy=InStep(), runs=2, saved=folder, backend=backend)
    assert kinds(found) == ["lost_write"]
    return found


# At once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_found_is_saved(tmp_path: Path, backend: str) -> None:
    found = pileup.explore(adds, runs=20, saved=tmp_path, backend=backend)
    assert len(files(tmp_path)) == len(found.findings) == 1
    assert found.saved == (), "nothing was saved before"


def test_a_clean_program_leaves_no_folder(tmp_path: Path) -> None:
    assert pileup.explore(adds_at_once, runs=5, saved=tmp_path / "none").clean
    assert not (tmp_path / "none").exists()


def test_it_is_written_before_the_next_run_begins(tmp_path: Path) -> None:
    seen: list[int] = []

    def looks(sim: pileup.Sim) -> World:
        seen.append(len(files(tmp_path)))
        return World(sim)

    pileup.explore(adds, setup=looks, runs=30, saved=tmp_path, shrink=False)
    first = seen.index(1)
    assert all(count == 1 for count in seen[first:])
    assert first < len(seen) - 10


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_it_is_there_also_when_a_later_run_raises(
    tmp_path: Path, error: type[BaseException]
) -> None:
    worlds = 0

    def breaks(sim: pileup.Sim) -> World:
        nonlocal worlds
        worlds += 1
        if files(tmp_path) and worlds > 20:
            raise error("out of luck")
        return World(sim)

    with pytest.raises(error, match="out of luck"):
        pileup.explore(adds, setup=breaks, runs=100, saved=tmp_path)
    (path,) = files(tmp_path)
    run = pileup.replay(json.loads(path.read_text("utf-8"))["replay"], adds)
    assert [finding.kind for finding in run.findings] == ["lost_write"]


def test_what_was_shrunk_takes_the_place_of_what_was_found(tmp_path: Path) -> None:
    found = pileup.explore(adds, agents=6, strategy="random", runs=20, saved=tmp_path)
    (path,) = files(tmp_path)
    assert json.loads(path.read_text("utf-8"))["replay"] == found.findings[0].replay


# The next time -----------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("runs", [1, 2])
def test_what_only_the_saved_one_shows_is_a_finding(
    tmp_path: Path, runs: int, backend: str
) -> None:
    assert pileup.explore(rarely_loses, strategy="random", runs=20, backend=backend).clean
    before = save_the_rare_one(tmp_path, backend)
    found = pileup.explore(
        rarely_loses, strategy="random", runs=runs, saved=tmp_path, backend=backend
    )
    assert kinds(found) == ["lost_write"]
    assert found.findings[0].fingerprint == before.findings[0].fingerprint
    (told,) = found.saved
    assert told.startswith("STILL FAILING: lost_write")
    assert told in str(found)
    assert found.counterexample is not None
    sighting = found.stats.sightings[found.findings[0].fingerprint]
    assert found.stats.kinds == {found.findings[0].kind: sighting.times}
    assert sighting.strategy == "saved"
    assert len(files(tmp_path)) == 1
    with pytest.raises(AssertionError, match="lost_write"):
        found.assert_clean()


def test_its_run_is_kept_beside_the_one_that_shows_what_is_new(tmp_path: Path) -> None:
    def fails(world: World) -> None:
        assert not world.memory.peek("n")

    save_the_rare_one(tmp_path)
    found = pileup.explore(rarely_loses, strategy="random", runs=2, check=fails, saved=tmp_path)
    assert kinds(found) == ["lost_write", "check_failed"]
    assert [run.token for run in found.shown] == [each.replay for each in found.findings[::-1]]
    assert found.findings[0] in found.others[0].findings


def test_its_token_is_one_for_the_agents_as_they_are_now(tmp_path: Path) -> None:
    save_the_rare_one(tmp_path)
    found = pileup.explore(rarely_loses, strategy="random", runs=1, saved=tmp_path)
    run = pileup.replay(found.findings[0].replay, rarely_loses)
    assert run.faithful
    assert [finding.kind for finding in run.findings] == ["lost_write"]


def test_it_is_tried_before_anything_else(tmp_path: Path) -> None:
    pileup.explore(adds, runs=20, saved=tmp_path)
    begun: list[str] = []

    def notes(sim: pileup.Sim) -> World:
        begun.append(sim.strategy.name)
        return World(sim)

    pileup.explore(adds, setup=notes, runs=3, saved=tmp_path)
    assert begun[:2] == ["dull", "replay"]  # the first is the rehearsal, which counts for nothing


def test_what_is_found_again_by_the_search_is_told_once(tmp_path: Path) -> None:
    pileup.explore(adds, runs=20, saved=tmp_path)
    found = pileup.explore(adds, runs=20, saved=tmp_path)
    assert kinds(found) == ["lost_write"]
    assert len(found.saved) == 1
    assert found.saved[0].startswith("STILL FAILING")
    assert found.stats.sightings[found.findings[0].fingerprint].strategy != "saved"


def test_what_was_mended_is_fixed_and_forgotten(tmp_path: Path) -> None:
    pileup.explore(adds, runs=20, saved=tmp_path)
    found = pileup.explore(called("adds", adds_at_once), runs=20, saved=tmp_path)
    assert found.clean
    assert found.saved[0].startswith("FIXED: lost_write")
    assert found.saved[0] in str(found)
    assert files(tmp_path) == []
    found.assert_clean()
    assert pileup.explore(called("adds", adds_at_once), runs=5, saved=tmp_path).saved == ()


def test_what_was_mended_and_has_come_back_is_saved_again(tmp_path: Path) -> None:
    for body in (adds, adds_at_once, adds):
        found = pileup.explore(called("adds", body), runs=20, saved=tmp_path)
        assert len(files(tmp_path)) == len(found.findings)
    assert kinds(found) == ["lost_write"]


def test_another_program_in_the_same_folder_is_left_alone(tmp_path: Path) -> None:
    pileup.explore(adds, runs=20, saved=tmp_path)
    found = pileup.explore(adds_at_once, runs=5, saved=tmp_path)
    assert found.clean
    assert found.saved == ()
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("agents", [2, 3, 20])
def test_it_is_tried_with_another_number_of_agents_too(tmp_path: Path, agents: int) -> None:
    first = pileup.explore(adds, agents=5, runs=20, saved=tmp_path)
    assert kinds(first) == ["lost_write"]
    found = pileup.explore(
        adds, agents=agents, strategy=pileup.strategies.Dull(), runs=1, saved=tmp_path
    )
    assert found.saved[0].startswith("STILL FAILING")
    assert kinds(found) == ["lost_write"]
    assert decode(found.findings[0].replay).agents == agents
    assert pileup.replay(found.findings[0].replay, adds).faithful
    assert len(files(tmp_path)) == 1


def test_one_agent_alone_is_not_enough_for_a_race(tmp_path: Path) -> None:
    pileup.explore(adds, agents=5, runs=20, saved=tmp_path)
    found = pileup.explore(
        adds, agents=1, strategy=pileup.strategies.Dull(), runs=1, saved=tmp_path
    )
    assert found.clean
    assert len(found.saved) == 1


def test_it_goes_under_trio_as_well(tmp_path: Path) -> None:
    first = pileup.explore(adds_on_trio, agents=4, runs=20, saved=tmp_path)
    assert first.stats.backend == "trio"
    found = pileup.explore(
        adds_on_trio, agents=4, strategy=pileup.strategies.Dull(), runs=1, saved=tmp_path
    )
    assert kinds(found) == kinds(first) == ["lost_write"]
    assert found.saved[0].startswith("STILL FAILING")
    mended = called("adds_on_trio", adds_at_once)
    assert pileup.explore(mended, agents=4, runs=2, saved=tmp_path).clean
    assert files(tmp_path) == []


# Damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pileup_saved": 1}', "\x00" * 100])
def test_a_damaged_file_gives_a_warning_and_stops_nothing(tmp_path: Path, text: str) -> None:
    pileup.explore(adds, runs=20, saved=tmp_path)
    (path,) = files(tmp_path)
    path.write_text(text, "utf-8")
    found = pileup.explore(adds, strategy=pileup.strategies.Dull(), runs=1, saved=tmp_path)
    assert any("is not used" in each and path.name in each for each in found.warnings)
    assert found.saved == ()
    again = pileup.explore(adds, runs=20, saved=tmp_path)
    assert kinds(again) == ["lost_write"]
    assert pileup.explore(adds, runs=1, saved=tmp_path).saved[0].startswith("STILL FAILING")


def test_a_token_of_another_run_is_not_believed(tmp_path: Path) -> None:
    pileup.explore(adds, runs=20, saved=tmp_path)
    (path,) = files(tmp_path)
    page = json.loads(path.read_text("utf-8"))
    clean = pileup.Scenario(adds, agents=2).explorer()
    page["replay"] = clean.prove(clean.once(pileup.strategies.Dull())).token
    path.write_text(json.dumps(page), "utf-8")
    found = pileup.explore(adds, strategy=pileup.strategies.Dull(), runs=1, saved=tmp_path)
    assert found.clean
    assert found.saved[0].startswith("FIXED")


@pytest.mark.parametrize("wrong", [True, 3, b"folder"])
def test_what_is_no_path_is_refused(wrong: Any) -> None:
    with pytest.raises(pileup.UsageError, match="`saved` must be the path of a folder"):
        pileup.explore(adds, saved=wrong)


def test_what_is_no_folder_is_refused_before_anything_runs(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine", "utf-8")
    ran: list[object] = []
    with pytest.raises(pileup.UsageError, match=r"cannot be written to .*saved=\"\.pileup\""):
        pileup.explore(adds, saved=file, check=ran.append)
    assert ran == []
    assert file.read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", "utf-8")
    with pytest.raises(pileup.UsageError, match="cannot be written to"):
        pileup.explore(adds, saved=tmp_path / "file" / "folder")
