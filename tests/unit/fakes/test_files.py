"""A shared folder of whole files."""

from __future__ import annotations

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes import World
from pileup.scenarios import config_race
from pileup.strategies import Dull


def entries(scenario: pileup.Scenario) -> set[int]:
    texts = (run.world.files.peek("config.json") for run in all_runs(scenario.explorer()))
    return {text.count("add_entry") for text in texts}


def test_two_agents_can_lose_an_entry_of_a_config_file() -> None:
    race = pileup.Scenario(config_race.add_entry, setup=config_race.start)
    assert entries(race) == {1, 2}


def test_a_lock_keeps_all_entries() -> None:
    fixed = pileup.Scenario(config_race.add_entry_under_lock, setup=config_race.start)
    assert entries(fixed) == {2}


def test_a_missing_file_says_how_to_put_it_there() -> None:
    async def reads(world: World) -> None:
        with pytest.raises(FileNotFoundError, match=r"files\.seed\('absent\.txt', text\)"):
            await world.files.read_text("absent.txt")
        await world.files.write_text("absent.txt", "here now")
        assert await world.files.read_text("absent.txt") == "here now"

    pileup.explore(reads, agents=1, runs=3).assert_clean()


def test_a_failed_read_is_a_fail_in_the_history() -> None:
    async def reads(world: World) -> None:
        with pytest.raises(FileNotFoundError):
            await world.files.read_text("absent.txt")

    run = pileup.Scenario(reads, agents=1).explorer().once(Dull())
    assert [(event.outcome, event.detail) for event in run.history if event.items][:1] == [
        ("fail", "FileNotFoundError")
    ]
