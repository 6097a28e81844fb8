"""The command line: `pileup demo` shows the tool at work on the smallest race there is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pileup import explore, replay

RUNS = 200

STORY = """\
Three agents share one file, config.json. Each reads it, adds a line, and writes
it back. Alone, each is right. pileup runs them together {runs} times, in many orders:

{race}

The same agents, taking a lock first:

{fixed}

The counterexample, replayed from its token: {same}
The program is in scenarios/config_race.py; docs/ tells the rest.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code (0 done, 2 wrong usage)."""
    parser = argparse.ArgumentParser(
        prog="pileup",
        description="What happens when a hundred copies of an agent share one world.",
        epilog="example:  pileup demo",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="explore the config-file race, and its fixed twin")
    parser.parse_args(arguments)
    print(tell_demo(), end="")
    return 0


def tell_demo() -> str:
    """Explore the race and its fixed twin, replay what was found, and tell it."""
    from pileup.scenarios.config_race import FIXED, RACE

    race, fixed = explore(RACE, runs=RUNS), explore(FIXED, runs=RUNS)
    found = race.counterexample
    assert found is not None, "the second run already takes turns, and so shows the race"
    again = replay(found.token, RACE)
    same = "the same history" if again.history.digest == found.history.digest else "ANOTHER one"
    return STORY.format(runs=RUNS, race=_indented(race), fixed=_indented(fixed), same=same)


def _indented(text: object) -> str:
    return "\n".join(f"    {line}".rstrip() for line in str(text).splitlines())
