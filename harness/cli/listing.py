"""`pileup list`: what there is, each with what it means."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from types import ModuleType
from typing import Final, TypeAlias

import click

from pileup.cli.completing import complete_places
from pileup.cli.exits import CLEAN
from pileup.cli.extras import EXTRA, missing
from pileup.cli.named import module, scenarios_in
from pileup.cli.options import HOW, SAVED, data, examples, on_screen
from pileup.cli.screen import Screen, aside
from pileup.cli.topologies import KEPT
from pileup.errors import UsageError

WIDTH: Final = 80
LEAST: Final = 40
"""A name that leaves less than this for what it means stands on a line of its own."""

DEEPER: Final = " " * 6

SYMPTOMS: Final = {
    "agent_failed": "an agent raised something",
    "check_failed": "check(world) raised something after all agents had ended",
    "deadlock": "agents wait for each other, or for what never comes",
    "overrun": "a run did not end within its budget of steps, events or seconds",
}
"""What is plain to see without any detector."""

TITLES: Final = {
    "scenarios": "scenarios (pileup explore NAME)",
    "topologies": "topologies (pileup compare)",
    "controls": "controls (pileup.scenarios.controls.Controls(NAME=True, ...))",
    "strategies": "strategies (--strategy NAME; pct:3 and delay:2 take a number)",
    "profiles": "profiles of faults (--faults NAME)",
    "faults": "faults (pileup.faults.Rule(NAME, ...); see docs/faults.md)",
    "detectors": "what detectors find: each proves that ...",
    "symptoms": "what shows without a detector",
    "saved": "saved failures (pileup replay FILE MODULE:NAME)",
}
"""What to do with the names of each kind."""


@click.command(
    "list", context_settings=HOW, epilog=examples("pileup list", "pileup list scenarios shop.py")
)
@click.argument(
    "what",
    required=False,
    type=click.Choice(
        ["scenarios", "topologies", "controls", "strategies", "faults", "detectors", "saved"]
    ),
)
@click.argument("modules", metavar="[MODULE]...", nargs=-1, shell_complete=complete_places)
@data("Print names and meanings as JSON, by kind.")
@on_screen
@click.pass_obj
def list_(screen: Screen, what: str | None, modules: tuple[str, ...], as_json: bool) -> int:
    """List what there is to explore, and to explore it with.

    Scenarios are those of the given modules or files, else those that come with
    pileup. Saved failures are those of .pileup, or of the given folder.
    """
    if modules and what not in ("scenarios", "saved"):
        raise UsageError(f"{what} are pileup's own. Write `pileup list {what}`, with nothing more.")
    with aside(as_json):
        parts = {each: PARTS[each](modules) for each in (PARTS if what is None else [what])}
    groups = {kind: group for part in parts.values() for kind, group in part.items()}
    if as_json:
        screen.tell_data(json.dumps(groups, indent=1))
    else:
        screen.tell("\n".join(_overview(parts)) if what is None else _in_full(groups))
    return CLEAN


def strategies() -> dict[str, str]:
    """Say of each strategy what it does."""
    from pileup.strategies import STRATEGIES, make

    homes = {name: sys.modules[type(make(name, 0)).__module__] for name in STRATEGIES}
    return {name: _first_line(home.__doc__) for name, home in homes.items()}


def profiles() -> dict[str, str]:
    """Say of each profile of faults what it holds."""
    from pileup.faults import PROFILES

    held = {
        name: dict.fromkeys(rule.fault for rule in plan.rules) for name, plan in PROFILES.items()
    }
    return {name: ", ".join(faults) or "nothing goes wrong" for name, faults in held.items()}


def _scenarios(modules: tuple[str, ...]) -> Groups:
    found = dict(pair for place in modules for pair in _told_in(place, module(place)))
    if modules and not found:
        raise UsageError(
            f"There are no scenarios in {', '.join(modules)}. One is made at the top level of a "
            "module: PAYING = pileup.Scenario(pay, setup=start, agents=5)."
        )
    return {"scenarios": found or _own()}


def _told_in(place: str, home: ModuleType) -> Iterator[tuple[str, str]]:
    """Say of each scenario in a module what its agents do, or, of ours, what the module tells."""
    for name, scenario in scenarios_in(home):
        agents = scenario.explorer().program
        doc = _first_line(getattr(agents.bodies[0], "__doc__", None))
        if scenario.name and place.startswith("pileup."):
            yield f"{place}:{name}", f"{scenario.name}. {_first_line(home.__doc__)}"
        else:
            yield f"{place}:{name}", f"{agents.name}: {doc}" if doc else agents.name


def _own() -> dict[str, str]:
    """Tell of the scenarios that come with pileup, but for those that an extra is missing for."""
    from pkgutil import walk_packages

    import pileup.scenarios as own

    if missing():
        homes = [f"{own.__name__}.config_race"]
    else:
        homes = sorted(each.name for each in walk_packages(own.__path__, f"{own.__name__}."))
    return dict(pair for home in homes for pair in _told_in(home, module(home)))


def _topologies(_: tuple[str, ...]) -> Groups:
    from pileup.scenarios.catalogue import HOMES

    if missing():
        return {"topologies": dict.fromkeys(HOMES, f"not to be had without {EXTRA}")}
    return {"topologies": {name: _shape(name) for name in HOMES}}


def _shape(name: str) -> str:
    from pileup.scenarios.catalogue import topology

    found = topology(name)
    return f"{found.shape}{' (an anti-pattern)' if found.is_anti_pattern else ''}"


def _controls(_: tuple[str, ...]) -> Groups:
    from pileup.scenarios.controls import CONTROLS

    return {"controls": CONTROLS}


def _strategies(_: tuple[str, ...]) -> Groups:
    return {"strategies": strategies()}


def _faults(_: tuple[str, ...]) -> Groups:
    from pileup.faults import CATALOGUE

    faults = {name: kind.says for name, kind in CATALOGUE.items()}
    return {"profiles": profiles(), "faults": faults}


def _detectors(_: tuple[str, ...]) -> Groups:
    from pileup.detectors import KINDS

    proved = {name: kind.proves for name, kind in KINDS.items()}
    return {"detectors": proved, "symptoms": SYMPTOMS}


def _saved(folders: tuple[str, ...]) -> Groups:
    places = [Path(each) for each in folders or (SAVED,)]
    files = [path for place in places for path in sorted(place.glob("*.json")) if path.name != KEPT]
    return {"saved": {str(each): _failure(each) for each in files}}


def _failure(path: Path) -> str:
    from pileup.search.keeping.saved import load

    try:
        failure = load(path)
    except UsageError as error:
        return f"not used: {error}"
    return f"{failure} (of {failure.program})"


Groups: TypeAlias = Mapping[str, Mapping[str, str]]
"""What there is, by kind: each name with what it means."""

PARTS: Final[Mapping[str, Callable[[tuple[str, ...]], Groups]]] = {
    "scenarios": _scenarios,
    "topologies": _topologies,
    "controls": _controls,
    "strategies": _strategies,
    "faults": _faults,
    "detectors": _detectors,
    "saved": _saved,
}


def _in_full(groups: Groups) -> str:
    parts = (
        [TITLES[kind], *(_table(group) if group else ["  none"])] for kind, group in groups.items()
    )
    return "\n\n".join("\n".join(part) for part in parts)


def _overview(parts: Mapping[str, Groups]) -> Iterator[str]:
    """Write all names, and where more is said of them."""
    for what, groups in parts.items():
        names = ", ".join(name for group in groups.values() for name in group) or "none"
        yield f"pileup list {what}"
        yield from wrap(
            names, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0]


def _table(meanings: Mapping[str, str]) -> Iterator[str]:
    """Write names and what they mean; what is long goes on below itself."""
    short = [len(name) for name in meanings if len(name) <= WIDTH - LEAST]
    edge = max(short, default=0) + 4
    for name, told in meanings.items():
        if len(name) + 4 > edge:
            yield f"  {name}"
            yield from wrap(
                told, WIDTH, initial_indent=DEEPER, subsequent_indent=DEEPER, break_on_hyphens=False
            )
            continue
        lines = wrap(told, WIDTH - edge, break_on_hyphens=False) or [""]
        yield f"{f'  {name}'.ljust(edge)}{lines[0]}".rstrip()
        yield from (" " * edge + line for line in lines[1:])
