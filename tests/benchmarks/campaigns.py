"""How much sooner two workers are done: `python tests/benchmarks/campaigns.py [rounds]`.

Each campaign is timed as a whole process, from start to end, by one worker and
by two in turns. The machine has to have two cores to spare: where others use
them too, two workers get less of them than one does. So two more figures are
told: how much sooner two plain loops are done at a time than one after the
other, measured in between, which is all that the machine had to give; and how
much more processor time two workers use than one, which is what sharing out
costs, whoever else is about.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

from workloads import B, C, Workload

HERE = Path(__file__).parent

PROGRAM = """
import json, os, sys
from time import perf_counter
sys.path.insert(0, sys.argv[1])
import pileup
import workloads

start = perf_counter()
workload = next(each for each in workloads.WORKLOADS if each.name == sys.argv[2])
agent = workloads.agent_of(workload, pileup.sleep)
runs, workers = int(sys.argv[3]), int(sys.argv[4])
found = pileup.explore(agent, agents=workload.agents, runs=runs, workers=workers)
used = os.times()
processor = used.user + used.system + used.children_user + used.children_system
print(json.dumps({"seconds": perf_counter() - start, "processor": processor, "said": str(found)}))
"""

LOOP = "n = 0\nfor i in range(5_000_000): n += i"

RUNS = {B: 4_000, C: 60}
"""So many that one worker is at it for some seconds."""


class Timed(NamedTuple):
    """What one campaign took, by the clock and of the processors."""

    seconds: float
    processor: float
    said: str


class Gain(NamedTuple):
    """Medians of several rounds; `sooner` is the median of the rounds' own ratios."""

    one: float
    two: float
    sooner: float
    loops: float
    dearer: float


def timed(workload: Workload, runs: int, workers: int) -> Timed:
    """Explore in a process of its own."""
    words = [str(HERE), workload.name, str(runs), str(workers)]
    command = [sys.executable, "-c", PROGRAM, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Timed(**json.loads(done.stdout))


def loops() -> float:
    """How much sooner two plain loops are done at a time than one after the other."""
    taken = []
    for count in (1, 2):
        start = perf_counter()
        started = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(count)]
        assert [each.wait() for each in started] == [0] * count
        taken.append(perf_counter() - start)
    return 2 * taken[0] / taken[1]


def gain(workload: Workload, runs: int, rounds: int) -> Gain:
    """Compare one worker with two, in turns; both must say the same."""
    pairs, there = [], []
    for _ in range(rounds):
        there.append(loops())
        one, two = timed(workload, runs, 1), timed(workload, runs, 2)
        assert one.said == two.said
        pairs.append((one, two))
    return Gain(
        median(one.seconds for one, _ in pairs),
        median(two.seconds for _, two in pairs),
        median(one.seconds / two.seconds for one, two in pairs),
        median(there),
        median(two.processor / one.processor for one, two in pairs),
    )


def main(rounds: int) -> None:
    """Print a Markdown table."""
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{os.cpu_count()} cores; load before: {busy}.\n")
    print("| workload | runs | one, s | two, s | so much sooner | two loops | processor, more |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for workload, runs in RUNS.items():
        it = gain(workload, runs, rounds)
        figures = (
            f"{it.one:.1f} | {it.two:.1f} | {it.sooner:.2f} | {it.loops:.2f} | {it.dearer - 1:.0%}"
        )
        print(f"| {workload.name} | {runs:,} | {figures} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
