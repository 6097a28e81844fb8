"""Time one tool in a process of its own, as it comes: `python alone.py TOOL WORKLOAD RUNS`.

Two of the peers collect all garbage after each run, which costs the more the
more is imported. So each tool is also timed where nothing but itself is
loaded, which is the best that its users can have without doing anything.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from timing import Case, Cost, costs
from workloads import WORKLOADS, Workload

HERE = Path(__file__)
TURNS = 2
Maker = Callable[[Workload, int], Case]


def in_its_own_process(tools: list[str], workload: Workload, runs: int) -> dict[str, Cost]:
    """Time each tool alone, in turns; the best of all turns."""
    turns = [{tool: _alone(tool, workload, runs) for tool in tools} for _ in range(TURNS)]
    return {tool: min((turn[tool] for turn in turns), key=lambda cost: cost.best) for tool in tools}


def _alone(tool: str, workload: Workload, runs: int) -> Cost:
    command = [sys.executable, str(HERE), tool, workload.name, str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def _maker(tool: str) -> Maker:
    if tool.startswith("pileup"):
        from searches import searched

        return lambda workload, runs: searched(workload, tool.partition(" ")[2], runs)
    from peers import PEERS

    return PEERS[tool]


def main(tool: str, name: str, runs: str) -> None:
    """Print what one run costs."""
    workload = next(each for each in WORKLOADS if each.name == name)
    cost = costs({tool: _maker(tool)(workload, int(runs))}, 3, frozen=False)[tool]
    print(json.dumps(vars(cost)))


if __name__ == "__main__":
    main(*sys.argv[1:])
