"""Help that teaches by example, fits a terminal and comes at once."""

from __future__ import annotations

import inspect
import subprocess
import sys

import click
import pytest
from support.commands import Call

import pileup
from pileup.cli import pileup_command
from pileup.cli.options import RUNS, SAVED
from pileup.cli.screen import Screen

COMMANDS = ["demo", "explore", "run", "replay", "compare", "list", "report", "export"]


def test_pileup_alone_shows_the_help(call: Call) -> None:
    alone = call()
    assert alone.code == 0
    assert alone.out == call("--help").out == call("-h").out
    assert [name for name in COMMANDS if f"\n  {name} " not in alone.out] == []


def test_the_version_is_told(call: Call) -> None:
    assert call("--version").out == f"pileup, version {pileup.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_that_fits_a_terminal(command: str, call: Call) -> None:
    told = call(command, "--help")
    assert told.code == 0
    assert max(map(len, told.out.splitlines())) <= 80
    assert told.out.isascii()
    if command != "demo":
        assert f"\n    pileup {command} " in told.out.partition("Examples:")[2]


def test_the_list_of_commands_cuts_no_sentence(call: Call) -> None:
    assert "..." not in call("--help").out.partition("Commands:")[2].partition("Examples")[0]


def test_explore_has_the_options_of_the_function_with_the_same_defaults() -> None:
    command = pileup_command.commands["explore"]
    options = {each.name: each for each in command.params if isinstance(each, click.Option)}
    function = inspect.signature(pileup.explore).parameters
    elsewhere = {"agent", "budgets", "executor", "progress", "shrink"}  # `--no-shrink`
    assert function.keys() - elsewhere <= options.keys()
    asked = command.make_context("explore", ["shop:pay"], obj=Screen()).params
    for name in ("runs", "seed", "strategy", "workers", "seconds", "resume"):
        assert asked[name] == function[name].default, name
    assert (asked["runs"], asked["saved"]) == (RUNS, SAVED)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_with_a_default_says_so(command: str) -> None:
    for each in pileup_command.commands[command].params:
        if isinstance(each, click.Option) and type(each.default) in (int, str):
            assert (each.help or "").endswith(f"  [default: {each.default}]"), each.name


def test_how_many_agents_there_are_is_what_the_token_says_in_a_replay(call: Call) -> None:
    assert "How many copies.  [default: as many as there were]" in call("replay", "--help").out
    assert "How many copies.  [default: 2]" in call("explore", "--help").out


def test_nothing_heavy_is_imported_for_help() -> None:
    loaded = left_by("from pileup.cli import main; main(['--help'])") - left_by("pass")
    assert "pileup.cli.exploring" in loaded
    heavy = {"rich", "trio", "asyncio", "pileup.sim", "pileup.fakes", "pileup.api", "pytest"}
    assert heavy & loaded == set()


def left_by(line: str) -> set[str]:
    """Run a line in a fresh process, and return the modules that are there then."""
    command = [sys.executable, "-c", f"import sys; {line}; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())
