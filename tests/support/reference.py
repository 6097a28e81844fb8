"""docs/reference.md, written from the docstrings by `PYTHONPATH=tests python -m support.reference`.

What is public is told once, where it is defined; this only puts it in order.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import click
from support.signatures import call, doc, entries, members, options

import pileup
import pileup.fakes
from pileup import faults, pytest_plugin
from pileup.cli import pileup_command
from pileup.cli.listing import SYMPTOMS, profiles, strategies
from pileup.detectors import KINDS
from pileup.pytest_plugin.options import OPTIONS

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference.md"
COMMAND: Final = "PYTHONPATH=tests python -m support.reference"

FACE: Final = (
    *("explore", "Exploration", "Finding", "replay", "Run", "Scenario", "Budgets"),
    *("Agent", "step", "shared", "checkpoint", "sleep", "timeout", "Sim"),
    *("detector", "PileupError", "UsageError"),
)
"""All of `pileup.__all__`, in the order in which a reader needs it."""

PARTS: Final = ("Memory", "Files", "Database", "Cache", "HttpApi", "Model", "Bus")
"""Fakes, in the order in which World has them."""

MADE: Final = (
    *("Scenario", "Budgets", "Finding", "Rule", "Plan", "World", *PARTS),
    *("Response", "Reply", "Price"),
)
"""What a reader makes. All else is given to him, and how it is made is no concern of his."""

SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "Agent": ("name", "index", "session", "role", "parent", "secret", "restarts", "spawn", "join"),
    "Sim": ("secret", "choose", "item", "later"),
}
"""Of these, the part that is for users."""

HIDDEN: Final[Mapping[str, tuple[str, ...]]] = {
    "Exploration": ("render", "drawn", "exhausted", "compared"),
    "Run": ("render",),
    "Finding": ("rank",),
    "Cache": ("server", "execute_command", "connection_pool", "client", "aclose"),
    "Ledger": ("write",),
}

SIDES: Final = {
    "before": "nothing has happened",
    "after": "it has happened, and the agent does not know",
    "around": "it happens late, or never",
    "instead": "something else happens",
    "agent": "it strikes the agent itself",
}

TOP: Final = f"""\
# Reference

Written from the docstrings by `{COMMAND}`;
`tests/docs/test_reference_page.py` fails where the two differ. To learn pileup, begin with
[tutorial.md](tutorial.md).

In the signatures below an *agent* (`Body`) is an async or sync function that takes
`(world, me)`, `(world)` or nothing; a `Setup` takes the `Sim` and returns the world; a `Check`
takes the world, and raises if something is wrong with it; `Faults` are the name of a profile, a
`Rule`, rules, or a `Plan`. What stands behind `async` is awaited.
"""

FAKES: Final = """\
`World(sim)` has one of each, made when it is first touched. [fakes.md](fakes.md) shows them at
work. What begins with `async` has a twin for sync code, under the part's `sync`:
`world.model.sync.complete(...)`; `memory` has `load` and `store` instead.
"""


def page() -> str:
    """Write the whole page."""
    parts = [TOP, *_face(), *_fakes(), *_faults(), *_strategies(), *_kinds(), *_pytest(), *_cli()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _code(text: str, kind: str = "python") -> str:
    return f"```{kind}\n{text}\n```"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _face() -> Iterator[str]:
    yield "## `pileup`"
    for name in FACE:
        thing: Any = getattr(pileup, name)  # Any: classes and functions
        yield f"### pileup.{name}"
        if not inspect.isclass(thing):
            yield _code(call(name, thing))
            yield doc(thing)
        else:
            yield from _class(thing)


def _class(kind: type, name: str = "") -> Iterator[str]:
    """Tell of a class: how it is made, what it is, what it has."""
    name = name or kind.__name__
    told: Collection[str] = ()
    if name in MADE:
        yield _code(call(name, kind))
        told = inspect.signature(kind).parameters
    yield doc(kind)
    all_of_it = members(kind)
    taken, hidden = SHOWN.get(name, all_of_it), HIDDEN.get(name, ())
    shown = [
        text for each, text in all_of_it.items() if each in taken and each not in (*hidden, *told)
    ]
    if shown:
        yield _code("\n".join(shown), "text")
    for each, taking in options(kind).items():
        yield f"`{each}`: {doc(taking)}"
        yield _code("\n".join(entries(taking)), "text")


def _fakes() -> Iterator[str]:
    yield "## `pileup.fakes`"
    yield FAKES
    for name in ("World", *PARTS):
        kind = getattr(pileup.fakes, name)
        yield f"### pileup.fakes.{name}"
        yield from _class(kind)
        home = import_module(kind.__module__.rpartition(".")[0])
        if name in PARTS[1:]:
            yield from _beside(home, name)
        elif name == "Memory":
            yield f"`memory.lock()` is a `Lock`. {doc(pileup.fakes.Lock)}"
            yield f"`pileup.shared(obj)` is a `Shared`. {doc(pileup.fakes.Shared)}"


def _beside(home: ModuleType, name: str) -> Iterator[str]:
    """Tell of what else a fake's package has: errors in a table, classes one by one."""
    others = {each: getattr(home, each) for each in home.__all__ if each != name}
    kinds = {each: kind for each, kind in others.items() if inspect.isclass(kind)}
    errors = {each: kind for each, kind in kinds.items() if issubclass(kind, Exception)}
    for each, function in others.items():
        if inspect.isfunction(function):
            yield f"#### {home.__name__}.{each}"
            yield _code(call(each, function))
            yield doc(function)
    for each, kind in kinds.items():
        if each not in errors and not each.startswith("Sync"):
            yield f"#### {home.__name__}.{each}"
            yield from _class(kind)
    if errors:
        yield f"Errors of `{home.__name__}`:"
        rows = ((f"`{each}`", doc(kind)) for each, kind in errors.items())
        yield _table(("error", "what it says"), rows)


def _faults() -> Iterator[str]:
    yield "## `pileup.faults`"
    for kind in (faults.Rule, faults.Plan):
        yield f"### pileup.faults.{kind.__name__}"
        yield from _class(kind)
    yield "### Profiles\n\nFor `faults=` and `--pileup-faults`:"
    yield _table(("profile", "faults"), ((f"`{name}`", held) for name, held in profiles().items()))
    yield "### Every fault\n\n[faults.md](faults.md) says more."
    rows = [
        (f"`{name}`", kind.side, kind.says, f"{kind.seconds:g} s" if kind.seconds else "")
        for name, kind in faults.CATALOGUE.items()
    ]
    yield _table(("fault", "side", "what happens", "for"), rows)
    yield "Side: " + "; ".join(f"*{side}*: {says}" for side, says in SIDES.items()) + "."


def _strategies() -> Iterator[str]:
    yield "## Strategies"
    yield ABOUT_STRATEGIES
    rows = ((f"`{name}`", says) for name, says in strategies().items())
    yield _table(("strategy", "what it does"), rows)


def _kinds() -> Iterator[str]:
    yield "## Kinds of findings"
    yield "[detectors.md](detectors.md) shows one, and says how far they can be trusted."
    rows = ((f"`{name}`", each.severity, each.proves, each.advice) for name, each in KINDS.items())
    yield _table(("kind", "severity", "it proves that", "what helps"), rows)
    yield "What shows without a detector:"
    yield _table(("kind", "it says that"), ((f"`{name}`", says) for name, says in SYMPTOMS.items()))


def _pytest() -> Iterator[str]:
    yield "## pytest"
    yield "[pytest.md](pytest.md) shows each of these."
    mark, _, says = pytest_plugin.ABOUT.partition(": ")
    yield f"### The mark\n\n`@pytest.mark.{mark}`: {says}"
    yield "### Fixtures"
    yield _table(("fixture", "what it is"), _fixtures())
    yield "### Options"
    yield "Each but the last is an ini option too: `pileup_runs` for `--pileup-runs`."
    rows = [(f"`--pileup-{each.name}={each.metavar}`", each.help) for each in OPTIONS]
    yield _table(("option", "what it does"), [*rows, REPLAY])


ABOUT_STRATEGIES: Final = """\
For `strategy=`, `--strategy` and `--pileup-strategy`; `pct:3` and `delay:2` take a number.
[search.md](search.md) says when to take which.
"""

REPLAY: Final = (
    "`--pileup-replay=TOKEN`",
    "see one run again, and nothing else: a token of a report, or a file of .pileup",
)


def _fixtures() -> Iterator[tuple[str, str]]:
    for each in ast.parse(inspect.getsource(pytest_plugin)).body:
        if isinstance(each, ast.FunctionDef) and "fixture" in map(_marked, each.decorator_list):
            yield f"`{each.name}`", ast.get_docstring(each) or ""


def _marked(decorator: ast.expr) -> str:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.attr if isinstance(function, ast.Attribute) else ""


def _cli() -> Iterator[str]:
    yield "## The command line"
    yield "[cli.md](cli.md) shows each at work. All of them take the options that stand at the end."
    commands = pileup_command.commands
    common = _common(commands.values())
    for name, command in commands.items():
        arguments = [each for each in command.params if isinstance(each, click.Argument)]
        taken = [_option(each) for each in command.params if isinstance(each, click.Option)]
        usage = " ".join(["pileup", name, "[OPTION]...", *map(_argument, arguments)])
        yield f"### pileup {name}"
        yield _code(usage, "text")
        yield inspect.cleandoc(command.help or "")
        if own := [row for row in taken if row not in common]:
            yield _table(("option", "what it does"), own)
    yield "### Options of all commands"
    yield _table(("option", "what it does"), common)


def _common(commands: Iterable[click.Command]) -> list[tuple[str, str]]:
    rows = [[_option(p) for p in each.params if isinstance(p, click.Option)] for each in commands]
    return [row for row in rows[0] if all(row in others for others in rows)]


def _argument(argument: click.Argument) -> str:
    name = argument.metavar or _choices(argument) or (argument.name or "").upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _option(option: click.Option) -> tuple[str, str]:
    flags = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag else option.metavar or _choices(option) or option.type.name.upper()
    return f"{flags} {value}".strip(), option.help or ""


def _choices(parameter: click.Parameter) -> str:
    return "|".join(parameter.type.choices) if isinstance(parameter.type, click.Choice) else ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
