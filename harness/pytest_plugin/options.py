"""Flags and ini options, each under one name, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pytest

SAVED: Final = ".pileup"
OFF: Final = ("off", "false", "no")


class Option(NamedTuple):
    """A flag --pileup-NAME, and an ini option pileup_NAME."""

    name: str
    metavar: str
    help: str
    read: Callable[[str], object]


@dataclass(frozen=True)
class Given:
    """What this session was asked for: `typed` on the command line, `kept` in the ini file.

    What is typed counts for every exploration; what is kept, where a test says
    nothing else. `saved` and `report` are folders, `replay` is a token.
    """

    typed: dict[str, Any] = field(default_factory=dict)  # Any: the values of pileup.explore's
    kept: dict[str, Any] = field(default_factory=dict)
    saved: str | None = SAVED
    report: str | None = None
    replay: str | None = None


GIVEN: Final = pytest.StashKey[Given]()
EXPLORED: Final = pytest.StashKey[bool]()
"""Whether a test has explored anything."""

NAMES: Final = pytest.StashKey[dict[str, int]]()
"""How many explorations of each name a test has made."""


def _whole(text: str) -> int:
    """Read a whole number; explore says which are possible."""
    return int(text.replace("_", ""))


OPTIONS: Final = (
    Option("runs", "N", "how many runs each exploration makes (200)", _whole),
    Option("seed", "N", "another seed, another sample of orders (0)", _whole),
    Option("strategy", "NAME", "who decides the orders: auto, surw, systematic, ... (auto)", str),
    Option("faults", "PROFILE", "what goes wrong: flaky-network, lossy-acks, crashy, 3am", str),
    Option("workers", "N", "so many processes share the runs of an exploration (1)", _whole),
    Option("seconds", "S", "a budget of real seconds for each, in place of runs", float),
    Option("saved", "DIR", f"keep failures there, and try them first ({SAVED}); or off", str),
    Option("report", "DIR", "write what each exploration found into this folder", str),
)
KINDS: Final = {_whole: "a whole number", float: "a number of seconds"}
SETTINGS: Final = ("runs", "seed", "strategy", "faults", "workers", "seconds")
"""Those that pileup.explore takes under the same names."""


def add_to(parser: pytest.Parser) -> None:
    """Declare the flags and the ini options."""
    group = parser.getgroup("pileup", "pileup: many copies of an agent in one world")
    for option in OPTIONS:
        group.addoption(f"--pileup-{option.name}", metavar=option.metavar, help=option.help)
        parser.addini(f"pileup_{option.name}", option.help)
    group.addoption(
        "--pileup-replay",
        metavar="TOKEN",
        help="see one run again, and nothing else: a token of a report, or a file of .pileup",
    )


def given_in(config: pytest.Config) -> Given:
    """Read all options of a session, and refuse what makes no sense."""
    typed: dict[str, Any] = {}  # Any: the values of pileup.explore's arguments
    kept: dict[str, Any] = {}  # Any: the same
    for option in OPTIONS:
        flag, line = f"--pileup-{option.name}", f"pileup_{option.name}"
        said = config.getoption(flag.removeprefix("--").replace("-", "_"))
        if said is not None:
            typed[option.name] = _read(option, flag, said)
        if (written := config.getini(line)) not in (None, ""):
            kept[option.name] = _read(option, line, str(written))
    _check("--pileup-", typed)
    _check("pileup_", kept)
    return Given(
        {name: value for name, value in typed.items() if name in SETTINGS},
        {name: value for name, value in kept.items() if name in SETTINGS},
        _shelf(config, typed.get("saved", kept.get("saved", SAVED))),
        _folder(config, typed.get("report", kept.get("report"))),
        _token(config),
    )


def _shelf(config: pytest.Config, given: str) -> str | None:
    """Return where failures are kept; nowhere, if they cannot be written there."""
    if given.lower() in OFF:
        return None
    folder = config.rootpath / given
    if folder.exists() and not folder.is_dir():
        raise pytest.UsageError(
            f"--pileup-saved: {folder} is no folder, so no failures can be kept in it. Give "
            f"another one, or --pileup-saved={OFF[0]}."
        )
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return str(folder) if os.access(there, os.W_OK) else None


def _folder(config: pytest.Config, given: str | None) -> str | None:
    if given is None:
        return None
    folder = config.invocation_params.dir / given
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"--pileup-report={given}: {error.strerror}.") from None
    return str(folder)


def _read(option: Option, name: str, text: str) -> object:
    try:
        if text:
            return option.read(text)
    except ValueError:
        pass
    kind = KINDS.get(option.read, "a name")
    raise pytest.UsageError(f"{name} is {kind}; {text!r} was given.")


def _check(prefix: str, given: dict[str, Any]) -> None:  # Any: the values of explore's arguments
    """Hold each value against what pileup.explore takes."""
    if not given:
        return
    from pileup.errors import UsageError
    from pileup.faults import plan_of
    from pileup.pytest_plugin.asking import BUDGET, check_search

    for name, value in given.items():
        try:
            plan_of(given.get("faults")) if name == "faults" else check_search({name: value})
        except UsageError as error:
            raise pytest.UsageError(f"{prefix}{name}={value}: {error}") from None
    if given.keys() >= set(BUDGET):
        raise pytest.UsageError(
            f"{prefix}runs and {prefix}seconds are both given; a budget is one of the two."
        )


def _token(config: pytest.Config) -> str | None:
    """Take the token that is to be replayed, from the flag or from the file that it names."""
    text: str | None = config.getoption("pileup_replay")
    if text is None:
        return None
    from pileup.pytest_plugin.replaying import token_of

    return token_of(text, config.invocation_params.dir)
