"""The command line: a demo, and saved failures as tests that stand alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from pileup import Scenario, UsageError, explore, replay

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
    asked = _parser().parse_args(arguments)
    try:
        click.echo(tell_demo() if asked.command == "demo" else _exported(asked), nl=False)
    except UsageError as error:
        click.echo(f"pileup: {error}", err=True)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pileup",
        description="What happens when a hundred copies of an agent share one world.",
        epilog="examples:  pileup demo\n           pileup export .pileup/FILE.json shop.agents:pay "
        "--setup shop.agents:start -o tests",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="explore the config-file race, and its fixed twin")
    export = commands.add_parser(
        "export", help="write what a saved failure or a replay token shows as a pytest file"
    )
    export.add_argument("what", metavar="FILE|TOKEN", help="a file of .pileup, or a replay token")
    export.add_argument("agent", metavar="MODULE:NAME", help="the agent, or a pileup.Scenario")
    export.add_argument("--setup", metavar="MODULE:NAME", help="what makes the world")
    export.add_argument("--check", metavar="MODULE:NAME", help="what must hold at the end")
    export.add_argument("-o", "--output", metavar="FOLDER", help="write it there; else print it")
    return parser


def _exported(asked: argparse.Namespace) -> str:
    """Write a failure as a test; where it was written, or the text of it."""
    from pileup.search.again import Verdict, try_again
    from pileup.search.export import export, name_of
    from pileup.search.saved import load
    from pileup.tokens import decode

    is_token = asked.what.startswith("pileup1-")
    failure = None if is_token else load(Path(asked.what))
    ticket = decode(asked.what) if failure is None else failure.ticket
    scenario = _scenario(asked, ticket.agents)
    if failure is None:
        findings = replay(asked.what, scenario).findings
    else:
        verdicts: list[Verdict] = try_again(scenario.explorer(), [failure])
        findings = tuple(each.finding for each in verdicts if each.finding is not None)
    if not findings:
        raise UsageError("It does not show anything any more with these agents.")
    text = export(scenario.explorer(), findings[0])
    if asked.output is None:
        return text
    path = Path(asked.output) / f"{name_of(findings[0])}.py"
    path.write_text(text, "utf-8")
    return f"{path}\n"


def _scenario(asked: argparse.Namespace, agents: int) -> Scenario:
    agent = _named(asked.agent)
    if isinstance(agent, Scenario):
        return agent
    setup, check = (each and _named(each) for each in (asked.setup, asked.check))
    return Scenario(agent, setup=setup, agents=agents, check=check)


def _named(path: str) -> Any:  # Any: whatever the user has called so
    module, _, name = path.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{path!r} cannot be imported ({error}). Write MODULE:NAME, as in shop.agents:pay, and "
            "run this in the folder from which Python finds the module."
        ) from None


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
