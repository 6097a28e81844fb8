"""Print how many runs each strategy needs for the public race programs, beside what is published.

    python tests/quality/known_races_table.py [--trials 20] [--cap 10000] [program ...]

A cell is the mean of runs to the first hit over the trials that had one; where
some had none, how many had one stands in brackets, and 0 is never. The figures
in print are from 20 trials with a cap of 10,000.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest does

from support.races import COLUMNS, RACES, Published, Race, runs_to_first_hit

from pileup.errors import UsageError
from pileup.strategies import make

WANTED = ("surw", "auto", "random", "pct:3", "pct:10", "pos")


def main() -> None:
    """Print a line as soon as it is known, because some take minutes."""
    asked = _asked()
    strategies = [name for name in WANTED if _exists(name)]
    head = ["program", *strategies, *(f"{name} in print" for name in COLUMNS)]
    _print_row(head)
    _print_row(["---"] + ["--:"] * (len(head) - 1))
    for name in asked.programs or RACES:
        _print_row([name, *_cells(RACES[name], strategies, asked)])


def _asked() -> Namespace:
    parser = ArgumentParser(description="How soon the public races are found.")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--cap", type=int, default=10_000)
    parser.add_argument("programs", nargs="*", metavar="program", help=", ".join(RACES))
    asked = parser.parse_args()
    unknown = [name for name in asked.programs if name not in RACES]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(RACES)}")
    return asked


def _exists(name: str) -> bool:
    try:
        make(name, 0)
    except UsageError:
        return False
    return True


def _cells(race: Race, strategies: list[str], asked: Namespace) -> Iterator[str]:
    for strategy in strategies:
        runs = [runs_to_first_hit(race, strategy, seed, asked.cap) for seed in range(asked.trials)]
        found = [number for number in runs if number is not None]
        yield _cell(Published(round(mean(found)) if found else 0, len(found)), asked.trials)
    for column in COLUMNS:
        yield _cell(race.published[column], 20)


def _cell(figure: Published, trials: int) -> str:
    misses = 0 < figure.hits < trials
    return f"{figure.mean:,} ({figure.hits})" if misses else f"{figure.mean:,}"


def _print_row(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
