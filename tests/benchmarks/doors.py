"""What a front door adds to a run: `python tests/benchmarks/doors.py [rounds]`.

The same agents are explored by pileup.explore and by marked tests, in turns in
one session of pytest after another; a Hypothesis test plays them one run an
example. Times are those that the plugin itself takes of each exploration; the
best of the rounds is shown.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from hypothesis import given, settings

from pileup.fakes import World
from pileup.hypothesis import Schedule, schedules

RUNS = 3_000
EXAMPLES = 500

TESTS = f"""
import pytest
from pileup.fakes import World

async def adds(world):
    await world.memory.add("n", 1)

def start(sim):
    world = World(sim)
    world.memory.seed(n=0)
    return world

def test_explore(chaos):
    chaos.explore(adds, setup=start, runs={RUNS})

@pytest.mark.pileup(runs={RUNS})
async def test_marked(world):
    await world.memory.add("n", 1)

class TestOverridden:
    @pytest.fixture
    def world(self, world):
        world.memory.seed(n=0)
        return world

    @pytest.mark.pileup(runs={RUNS})
    async def test_own_world(self, world):
        await world.memory.add("n", 1)

    @pytest.fixture
    def notes(self):
        return []

    @pytest.mark.pileup(runs={RUNS})
    async def test_own_world_and_another_fixture(self, world, notes):
        await world.memory.add("n", 1)
"""
CONFTEST = """
import json, pathlib
def pytest_runtest_logreport(report):
    for each in getattr(report, "pileup", ()):
        path = pathlib.Path("seconds.jsonl")
        line = json.dumps([report.location[2], each["seconds"]])
        path.write_text((path.read_text() if path.exists() else "") + line + "\\n")
"""


def sessions(rounds: int) -> dict[str, float]:
    """Run the tests so often, and return the best time of each."""
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_it.py").write_text(TESTS, "utf-8")
        Path(folder, "conftest.py").write_text(CONFTEST, "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:asyncio"]
        for _ in range(rounds):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        for line in Path(folder, "seconds.jsonl").read_text("utf-8").splitlines():
            name, seconds = json.loads(line)
            best[name] = min(seconds, best.get(name, seconds))
    return best


async def adds(world: World) -> None:
    """Do what the tests above do."""
    await world.memory.add("n", 1)


def an_example() -> float:
    """Return how long Hypothesis takes for an example, in seconds."""

    @settings(max_examples=EXAMPLES, database=None, deadline=None, derandomize=True)
    @given(order=schedules())
    def plays(order: Schedule) -> None:
        order.play(adds).assert_clean()

    start = perf_counter()
    plays()
    return (perf_counter() - start) / EXAMPLES


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    found = sessions(rounds)
    base = found["test_explore"]
    print("| 2 agents x 1 operation | us a run | beside explore |\n| --- | --- | --- |")
    for name, seconds in found.items():
        print(f"| {name} | {seconds / RUNS * 1e6:.0f} | {seconds / base:.2f} |")
    example = min(an_example() for _ in range(rounds))
    print(f"| an example of Hypothesis | {example * 1e6:,.0f} | {example / (base / RUNS):.1f} |")


if __name__ == "__main__":
    main()
