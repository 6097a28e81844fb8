"""Options that several commands have, by the names that `pileup.explore` has for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pileup.cli.completing import complete_faults, complete_places, complete_strategies
from pileup.cli.named import named
from pileup.cli.screen import Screen
from pileup.errors import UsageError
from pileup.settings import BACKENDS

if TYPE_CHECKING:
    from pileup import Scenario

F = TypeVar("F", bound=Callable[..., int])
Decorator = Callable[[F], F]

RUNS: Final = 200
"""As many as `pileup.explore` makes."""

SAVED: Final = ".pileup"
HOW: Final = {"max_content_width": 80, "help_option_names": ["-h", "--help"]}


def examples(*lines: str) -> str:
    """End a command's help with lines to be copied."""
    return "\b\nExamples:\n" + "".join(f"  {line}\n" for line in lines)


def on_screen(command: F) -> F:
    """Give a command the options on how it writes, which all have."""
    for names, told in (
        ("--color/--no-color", "Colours; by default where a terminal shows them."),
        ("--quiet", "Nothing but the result."),
        ("--traceback", "Where an error comes from, in full."),
    ):
        kind = None if "/" in names else False
        command = click.option(
            names, is_flag=True, default=kind, expose_value=False, callback=_set, help=told
        )(command)
    return command


def _set(context: click.Context, option: click.Parameter, value: bool | None) -> None:
    # What stands before the command's name counts as well, so nothing is taken back here.
    if value and option.name:
        setattr(context.ensure_object(Screen), option.name, value)
    elif value is False and option.name == "color":
        context.ensure_object(Screen).color = False


def target(command: F) -> F:
    """Take what is to be run."""
    return click.argument("target", metavar="MODULE:NAME", shell_complete=complete_places)(command)


def conditions(*left_out: str, copies: str = "2") -> Callable[[F], F]:
    """Give a command the options that say under which conditions agents run."""

    def decorate(command: F) -> F:
        for option in reversed([*_conditions(left_out, copies)]):
            command = option(command)
        return command

    return decorate


def _conditions(left_out: tuple[str, ...], copies: str) -> Iterator[Callable[[F], F]]:
    offered: dict[str, dict[str, Any]] = {  # Any: as many types as click.option takes
        "--agents": {"type": int, "metavar": "N", "help": usually("How many copies.", copies)},
        "--setup": {
            "metavar": "MODULE:NAME",
            "help": usually("What makes the world.", "pileup.fakes:World"),
        },
        "--check": {"metavar": "MODULE:NAME", "help": "What must hold in the world at the end."},
        "--faults": {
            "metavar": "PROFILE",
            "help": "What else goes wrong: see `pileup list faults`; or MODULE:NAME of rules.",
            "shell_complete": complete_faults,
        },
        "--backend": {
            "type": click.Choice(BACKENDS),
            "help": usually("The event loop.", "the one that the agents need"),
        },
        "--timed": {"is_flag": True, "help": "Calls take time, drawn for each."},
        "--oracle": {
            "type": click.Choice(["serial"]),
            "help": "Hold the runs against the agents one after another.",
        },
        "--allow-real": {
            "multiple": True,
            "metavar": "WHAT",
            "help": "Let agents touch this of the real world.",
        },
    }
    for name, how in offered.items():
        if name not in left_out:
            yield click.option(name, **how)


def strategy(default: str | None) -> Callable[[F], F]:
    """Give a command the options that say in which order agents go."""

    def decorate(command: F) -> F:
        told = usually("Other orders for each number.", 0)
        command = click.option("--seed", type=int, metavar="N", default=0, help=told)(command)
        told = "Who chooses the orders: see `pileup list strategies`."
        return click.option(
            "--strategy",
            metavar="NAME",
            default=default,
            shell_complete=complete_strategies,
            help=usually(told, default or "the dullest order"),
        )(command)

    return decorate


def data(told: str = "Print the result as JSON.") -> Callable[[F], F]:
    """Let a command answer with what programs read."""
    return click.option("--json", "as_json", is_flag=True, help=told)


def runs(command: F) -> F:
    """Take how many runs to make."""
    told = usually("How many runs.", RUNS)
    return click.option("--runs", type=int, metavar="N", default=RUNS, help=told)(command)


def workers(command: F) -> F:
    """Take how many processes play the runs."""
    told = usually("Processes that play the runs.", 1)
    return click.option("--workers", type=int, metavar="N", default=1, help=told)(command)


def usually(told: str, default: object) -> str:
    """End an option's help with its default, for a terminal and for docs/reference.md alike."""
    return f"{told}  [default: {default}]"


def scenario(
    path: str,
    conditions: dict[str, Any],  # Any: each option has its own type
    recorded: int | None = None,
) -> Scenario:
    """Put together what is named and what is given beside it; as many agents as were recorded."""
    from pileup import Scenario

    given = {name: value for name, value in conditions.items() if _is_given(value)}
    for name in ("setup", "check"):
        if name in given:
            given[name] = named(given[name])
    if ":" in given.get("faults", ""):
        given["faults"] = named(given["faults"])
    thing = named(path)
    if not isinstance(thing, Scenario):
        return Scenario(thing, **{"agents": recorded or 2, **given})
    if "agents" in given and not callable(thing.agent):
        raise UsageError(
            f"{path} names its agents one by one, so --agents {given['agents']} says nothing. "
            "Leave it out, or name one agent."
        )
    if recorded and callable(thing.agent) and isinstance(thing.agents, int):
        given.setdefault("agents", recorded)
    return replace(thing, **given)


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != ()
