"""Measure everything and print it as Markdown: `python tests/benchmarks/table.py [part ...]`.

Without parts it prints all of them. Nothing here asserts a time: what reaches
its target is for the reader to see.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

import httpx
import httpx2
import judged
import orders
import parts
from alone import in_its_own_process
from operations import surcharge
from peers import ONLY_SMALL, PEERS, is_installed, trio_run
from processes import heaviest_imports, import_seconds, long_run, our_plugins, pytest_seconds
from searches import (
    BACKENDS,
    CROWD_ROUNDS,
    CROWDS,
    SLEEPERS,
    an_hour_of_timers,
    crowd,
    nothing_at_all,
    searched,
)
from timing import Case, Cost, costs
from workloads import LONG, RUNS, WORKLOADS, A, B, C, Workload, drawn, driven

PACKAGES = ("pileup", "trio", "greenlet", "simloop", "simloom", "frontrun")
PEER_RUNS = {A: 100, B: 20, C: 2}
OURS = "pileup native"
Row = Iterable[object]


def table(head: Row, rows: Iterable[Row]) -> str:
    """Lay out a Markdown table."""
    names = list(head)
    lines: list[Row] = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def rate(cost: Cost | None) -> str:
    """Write how many a second, with as many digits as mean something."""
    return "" if cost is None else f"{cost.rate:,.0f}"


# Runs a second -------------------------------------------------------------------------------


def tools_for(workload: Workload) -> list[str]:
    """Name the peers that can be timed on a workload here."""
    return [
        name for name in PEERS if is_installed(name) and (workload is A or name not in ONLY_SMALL)
    ]


def together(workload: Workload) -> dict[str, Cost]:
    """Time all tools in one process, whose heap is frozen, so that collecting garbage is cheap."""
    runs, few = RUNS[workload], PEER_RUNS[workload]
    cases: dict[str, Case] = {
        f"pileup {backend}": searched(workload, backend, runs) for backend in BACKENDS
    }
    cases |= {name: PEERS[name](workload, few) for name in tools_for(workload)}
    cases["trio.run, no search"] = trio_run(workload, few)
    cases["bare driver, no search"] = driven(workload, runs)
    return costs(cases, 3)


def by_themselves(workload: Workload) -> dict[str, Cost]:
    """Time each tool as it comes, in a process that has loaded nothing else."""
    found = in_its_own_process([OURS], workload, RUNS[workload])
    return found | in_its_own_process(tools_for(workload), workload, PEER_RUNS[workload])


def runs_a_second(title: str, measure: Callable[[Workload], dict[str, Cost]]) -> Iterator[str]:
    """Compare tools on the three workloads, with how many times as fast pileup is."""
    found = [measure(workload) for workload in WORKLOADS]
    yield f"### {title}"
    names = list(dict.fromkeys(chain(*found)))
    yield table(
        [
            "runs a second",
            *(f"{each.name}" for each in WORKLOADS),
            "pileup native is so much faster",
        ],
        [[name, *(rate(each.get(name)) for each in found), ratios(name, found)] for name in names],
    )


def ratios(name: str, found: list[dict[str, Cost]]) -> str:
    """Write how many times as fast pileup is on each workload that a tool ran."""
    return " / ".join(f"{each[name].best / each[OURS].best:.1f}" for each in found if name in each)


# All orders -----------------------------------------------------------------------------------


def all_orders() -> Iterator[str]:
    """Compare what goes through all orders, and what draws them, with the peer that does both."""
    yield "### All orders"
    yield table(
        [
            *("program", "pileup's orders", "frontrun's", "pileup, orders a second", "frontrun"),
            *("so much faster", "drawn by pileup", "by frontrun", "so much faster"),
        ],
        [_orders_of(workload) for workload in orders.SMALL],
    )


def _orders_of(workload: Workload) -> Row:
    (ours, many), drawn_by_us = orders.ours(workload), orders.ours_drawn(workload)
    cases = {"ours": ours, "ours drawn": drawn_by_us}
    peer, drawn_by_peer = orders.theirs(workload), orders.theirs_drawn(workload)
    if peer is None or drawn_by_peer is None:
        taken = costs(cases, 3)
        return [workload.name, many, "", rate(taken["ours"]), "", "", rate(taken["ours drawn"])]
    taken = costs({**cases, "theirs": peer[0], "theirs drawn": drawn_by_peer}, 3)
    faster = taken["theirs"].best / taken["ours"].best
    drawn_faster = taken["theirs drawn"].best / taken["ours drawn"].best
    return [
        *(workload.name, many, peer[1], rate(taken["ours"]), rate(taken["theirs"])),
        *(f"{faster:.0f}", rate(taken["ours drawn"]), rate(taken["theirs drawn"])),
        f"{drawn_faster:.1f}",
    ]


# Operations ----------------------------------------------------------------------------------


def operations() -> Iterator[str]:
    """Say what an operation costs over the agents' own code."""
    yield "### An operation"
    rows = []
    for backend in BACKENDS:
        for workload in (B, LONG):
            it = surcharge(workload, backend, RUNS[workload], rounds=3)
            figures = it.total, it.own, it.over_own, it.turn, it.turn_in_company
            parts = f"{it.turns:.2f}", f"{it.over_own / it.turn_in_company:.2f}"
            rows.append([backend, workload.name, *(f"{each:.2f}" for each in figures), *parts])
    yield table(
        [
            "runtime",
            "workload",
            "us an operation",
            "the agents' own",
            "over it",
            "a bare turn, one task",
            "eight tasks",
            "over it, in turns of one task",
            "of eight",
        ],
        rows,
    )


# Scaling -------------------------------------------------------------------------------------


def among_many(name: str, case: Callable[[int], Case]) -> Row:
    """Say what an operation costs among ever more agents."""
    found = costs({str(n): case(n) for n in CROWDS}, 3).values()
    figures = [cost.microseconds for cost in found]
    spread = f"{max(figures) / min(figures):.2f}"
    return [name, *(f"{each:.2f}" for each in figures), spread]


def scaling() -> Iterator[str]:
    """Say what an operation costs among few and among many, and what time and memory cost."""
    yield "### Many agents, many timers, many events"
    yield table(
        ["us an operation, cells", *(f"{n:,} agents" for n in CROWDS), "dearest to cheapest"],
        [
            among_many("own", lambda n: crowd(n, one_cell=False, runs=CROWDS[n])),
            among_many("one", lambda n: crowd(n, one_cell=True, runs=CROWDS[n])),
            among_many("own, bare coroutines", lambda n: drawn(n, CROWD_ROUNDS, CROWDS[n])),
        ],
    )
    cases = {f"{n:,} agents": an_hour_of_timers(n) for n in SLEEPERS}
    hours = costs(cases | {"one run of nothing": nothing_at_all()}, 5)
    yield table(
        ["an hour with 7,200 timers", "ms"],
        [[name, f"{cost.best * 1e3:.1f}"] for name, cost in hours.items()],
    )
    long = long_run(100, 5_000)
    yield table(
        ["one run", "events", "MB more", "seconds", "MB more for history.lines()", "seconds"],
        [
            [
                "100 agents x 5,000",
                f"{long.events:,}",
                f"{long.megabytes:,.0f}",
                f"{long.seconds:.1f}",
                f"{long.lines_megabytes:,.0f}",
                f"{long.lines_seconds:.1f}",
            ]
        ],
    )


# The parts of the world -----------------------------------------------------------------------


def world() -> Iterator[str]:
    """Say what an operation of each fake costs, what clients add, and what a crowd keeps."""
    yield "### The shared world"
    judged_in = parts.judged(5)
    rows: list[Row] = []
    for name, cost in parts.all_costs(5).items():
        judge = judged_in[name].microseconds if name in judged_in else None
        told = ["", ""] if judge is None else [f"{judge:.1f}", f"{cost.microseconds - judge:.1f}"]
        rows.append([name, f"{cost.microseconds:.1f}", f"{cost.median * 1e6:.1f}", *told])
    yield table(["native, one agent", "us", "median", "of it judging", "without"], rows)
    yield table(
        ["a request over a real socket, the client's own processor time", "us"],
        [[each.__name__, f"{parts.over_a_socket(each, 5):.0f}"] for each in (httpx, httpx2)],
    )
    folder = str(Path(__file__).parent)
    crowds = {agents: parts.crowd(agents, folder) for agents in (125, 250, 500, 1_000)}
    yield table(
        ["agents, each about 100 operations over all parts", "events", "MB more"],
        [[f"{n:,}", f"{it.events:,}", f"{it.megabytes:.0f}"] for n, it in crowds.items()],
    )


# Starting up ---------------------------------------------------------------------------------


def detectors() -> Iterator[str]:
    """Say what it costs to judge a run, and an event of a long history."""
    rows: list[Row] = []
    for name, kind in judged.KINDS.items():
        found = costs(
            {"run": judged.running(kind(B.rounds)), "judge": judged.judging(kind(B.rounds))}
        )
        run, judge = (found[each].microseconds for each in ("run", "judge"))
        rows.append([name, f"{run:,.0f}", f"{judge:,.0f}", f"{judge / (run - judge):.2f}"])
    yield table(["workload B", "a run, judged (us)", "to judge it (us)", "judged / run"], rows)
    rows = []
    for name, kind in judged.KINDS.items():
        found = costs({f"{n:,}": judged.judging_long(kind, n) for n in judged.LENGTHS}, 3)
        each = [cost.best * 1e9 for cost in found.values()]
        rows.append([name, *(f"{cost:,.0f}" for cost in each), f"{each[-1] / each[0]:.2f}"])
    yield table(["ns an event", *(f"{n:,} events" for n in judged.LENGTHS), "last / first"], rows)


def startup() -> Iterator[str]:
    """Say what importing pileup costs, and what it costs a pytest that does not use it."""
    yield "### Starting up"
    with tempfile.TemporaryDirectory() as folder:
        pytest_more = pytest_seconds(9, Path(folder))
    plugins = ", ".join(our_plugins()) or "no plugin yet, so this is noise"
    yield table(
        ["more than without", "ms"],
        [
            ["import pileup", f"{import_seconds(21) * 1e3:.1f}"],
            [f"pytest, pileup unused ({plugins})", f"{pytest_more * 1e3:.1f}"],
        ],
    )
    heaviest = (f"{name} {seconds * 1e3:.1f} ms" for name, seconds in heaviest_imports(6))
    yield f"Heaviest by themselves: {', '.join(heaviest)}."


# ---------------------------------------------------------------------------------------------


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "together": lambda: runs_a_second("In one process, its heap frozen", together),
    "alone": lambda: runs_a_second("Each in a process of its own, as it comes", by_themselves),
    "orders": all_orders,
    "operations": operations,
    "scaling": scaling,
    "world": world,
    "detectors": detectors,
    "startup": startup,
}


def machine() -> str:
    """Say where and with what this was measured."""
    known = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return f"Python {platform.python_version()}, {os.cpu_count()} cores; {known}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def main(asked: list[str]) -> None:
    """Print the parts that were asked for, or all."""
    print(machine())
    for part in asked or PARTS:
        for block in PARTS[part]():
            print(f"\n{block}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
