"""What is timed in processes of their own: starting up, and the memory of a long run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

LONG_RUN = """
import json, sys
from time import perf_counter
import pileup
from pileup.strategies import make

agents, rounds = int(sys.argv[1]), int(sys.argv[2])

async def add_one(world):
    for _ in range(rounds):
        value = await world.memory.get("total")
        await world.memory.set("total", (value or 0) + 1)

def resident():  # the peak; not ru_maxrss, which starts at what the parent process had
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmHWM"].split()[0]) / 1024

budgets = pileup.Budgets(steps=10**8, events=10**8)
scenario = pileup.Scenario(add_one, agents=agents, backend="native", budgets=budgets)
before, start = resident(), perf_counter()
run = scenario.explorer().once(make("random", 0))
ran, after = perf_counter() - start, resident()
start = perf_counter()
lines = run.history.lines()
print(json.dumps({
    "events": len(run.history), "megabytes": after - before, "seconds": ran,
    "lines_seconds": perf_counter() - start, "lines_megabytes": resident() - after,
}))
"""


class LongRun(NamedTuple):
    """One long run: how many events, how much the process has grown, how long it took."""

    events: int
    megabytes: float
    seconds: float
    lines_seconds: float
    lines_megabytes: float


def long_run(agents: int, rounds: int) -> LongRun:
    """Run agents with so many read-modify-writes each, once, and write out the history."""
    command = [sys.executable, "-c", LONG_RUN, str(agents), str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return LongRun(**json.loads(done.stdout))


def _started(*arguments: str, folder: Path | None = None) -> float:
    # No plugins but those that are named, because others take a hundred times what ours may.
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    alone.pop("PYTHONDONTWRITEBYTECODE", None)  # as users have it: modules are compiled once
    command = [sys.executable, *arguments]
    start = perf_counter()
    done = subprocess.run(command, capture_output=True, cwd=folder, env=alone, check=False)
    assert done.returncode in (0, NO_TESTS), done.stderr.decode()
    return perf_counter() - start


NO_TESTS = 5
"""What pytest returns where it has collected nothing."""


def import_seconds(times: int) -> float:
    """How much longer Python takes to start when it imports pileup; the median."""
    _started("-c", "import pileup")  # compiles it
    with_it, without = [], []
    for _ in range(times):
        without.append(_started("-c", "pass"))
        with_it.append(_started("-c", "import pileup"))
    return median(with_it) - median(without)


def heaviest_imports(count: int) -> list[tuple[str, float]]:
    """Name what costs most of `import pileup` by itself, with its seconds, as Python tells it."""
    command = [sys.executable, "-X", "importtime", "-c", "import pileup"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.partition(":")[2].split("|") for line in done.stderr.splitlines()[1:]]
    own = [(name.strip(), int(itself) / 1e6) for itself, _, name in lines]
    return sorted(own, key=lambda each: -each[1])[:count]


def our_plugins() -> list[str]:
    """Return the modules by which pileup plugs into pytest; none while it has no plugin."""
    found = entry_points(group="pytest11")
    return [each.module for each in found if each.module.partition(".")[0] == "pileup"]


def pytest_seconds(times: int, folder: Path) -> float:
    """How much longer pytest takes to start with our plugins than with none at all; the median."""
    (folder / "test_empty.py").write_text("")
    (folder / "pytest.ini").write_text("[pytest]\n")  # so that no settings further up count
    bare = ("-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "test_empty.py")
    ours = [word for module in our_plugins() for word in ("-p", module)]
    with_it, without = [], []
    for _ in range(times):
        with_it.append(_started(*bare, *ours, folder=folder))
        without.append(_started(*bare, folder=folder))
    return median(with_it) - median(without)
