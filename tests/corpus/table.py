"""Recall and false alarms over the labelled corpus: `python tests/corpus/table.py`.

Each bug is looked for in so many runs, and its fixed twin and every decoy must
stay clean in as many. `--runs 1000` looks longer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus.labels import BUGS, DECOYS, Program

MODULES = (
    "anomalies",
    "decoys",
    "effects",
    "lost_writes",
    "sessions",
    "spending",
    "waiting",
    "workers",
)

for _name in MODULES:
    import_module(f"corpus.{_name}")


@dataclass
class Line:
    """One kind's line of the table."""

    kind: str
    bugs: int = 0
    found: int = 0
    alarms: int = 0
    runs: int = 0


def measure(runs: int | None = None) -> tuple[dict[str, Line], Line]:
    """Look for all bugs, and at all that is right."""
    lines: dict[str, Line] = {}
    for program in BUGS.values():
        line = lines.setdefault(program.kind, Line(program.kind))
        found = program.explore(runs)
        line.bugs += 1
        line.found += program.kind in [finding.kind for finding in found.findings]
        assert program.twin is not None
        _count_alarms(line, [program.twin], runs)
    decoys = Line("decoys")
    _count_alarms(decoys, DECOYS.values(), runs)
    return dict(sorted(lines.items())), decoys


def _count_alarms(line: Line, right: Iterable[Program], runs: int | None) -> None:
    for program in right:
        found = program.explore(runs)
        line.alarms += not found.clean
        line.runs += found.runs


def render(lines: dict[str, Line], decoys: Line) -> Iterator[str]:
    """Write the table as Markdown."""
    yield "| kind | programs | found | false alarms in their fixed twins |"
    yield "|---|---|---|---|"
    for line in lines.values():
        yield f"| `{line.kind}` | {line.bugs} | {line.found} | {line.alarms} |"
    bugs = sum(line.bugs for line in lines.values())
    found = sum(line.found for line in lines.values())
    alarms = sum(line.alarms for line in lines.values())
    yield f"| **all** | **{bugs}** | **{found}** ({found / bugs:.0%}) | **{alarms}** |"
    yield f"| decoys | {len(DECOYS)} | | {decoys.alarms} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, help="runs for each program (default: 100)")
    measured, guilty_looking = measure(parser.parse_args().runs)
    print("\n".join(render(measured, guilty_looking)))
    right = sum(line.runs for line in (*measured.values(), guilty_looking))
    print(f"\n{right:,} runs of programs that are right.")
