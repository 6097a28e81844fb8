"""What is told of a lost write in a file that unmodified code reads."""

from __future__ import annotations

from pathlib import Path

import pileup
from pileup.fakes import World

COUNT = Path("/data/count.txt")


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.mount("/data")
    world.files.seed("count.txt", "41")
    return world


def adds_one() -> None:
    COUNT.write_text(str(int(COUNT.read_text("utf-8") or 0) + 1), "utf-8")


def test_it_quotes_what_was_read_and_not_the_end_of_the_file() -> None:
    found = pileup.explore(adds_one, setup=start, agents=2, runs=50)
    (lost, *_) = [each for each in found.findings if each.kind == "lost_write"]
    assert "read files[count.txt], version 0: 41 (event " in lost.explanation
