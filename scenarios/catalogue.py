"""The topologies that come with pileup, by name, and from a scenario's name back to it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from pileup import UsageError

if TYPE_CHECKING:
    import pileup
    from pileup.scenarios.controls import Controls
    from pileup.scenarios.topology import Topology

HOMES: Final = {
    "single agent": "single:SINGLE",
    "supervisor": "supervisor:SUPERVISOR",
    "pipeline": "pipeline:PIPELINE",
    "fan-out": "fan_out:FAN_OUT",
    "debate": "debate:DEBATE",
    "critic": "critic:CRITIC",
    "swarm": "swarm:SWARM",
    "hierarchical": "hierarchical:HIERARCHICAL",
    "mesh": "mesh:MESH",
    "crew": "crew:CREW",
    "peers": "peers:PEERS",
    "chaining": "chaining:CHAINING",
}
"""Where each topology lives, in the order in which a comparison shows them."""

SIZED: Final = re.compile(r"(swarm|peers) of ([1-9]\d*)")
"""Those that come in any size."""


def topology(name: str) -> Topology:
    """Return one of the topologies that come with pileup."""
    if (sized := SIZED.fullmatch(name)) is not None:
        module = import_module(f"pileup.scenarios.topologies.{sized[1]}")
        made: Topology = getattr(module, sized[1])(int(sized[2]))
        return made
    if name not in HOMES:
        raise UsageError(f"There is no topology {name!r}. There are {', '.join(HOMES)}.")
    home, _, constant = HOMES[name].partition(":")
    found: Topology = getattr(import_module(f"pileup.scenarios.topologies.{home}"), constant)
    return found


def scenario_named(name: str, others: Iterable[Topology] = ()) -> pileup.Scenario:
    """Return the scenario of that name: `supervisor, without gates, storm`."""
    from pileup.scenarios.documents.days import day_named

    which, _, rest = name.partition(", ")
    controls, _, day = rest.rpartition(", ")
    if not controls:
        raise UsageError(
            f"{name!r} is no scenario of the comparison. Those are called like "
            "'supervisor, hardened, storm': a topology, its controls, and the day."
        )
    known = {each.name: each for each in others}
    return day_named(day).of(known.get(which) or topology(which), _controls(controls))


def _controls(said: str) -> Controls:
    from pileup.scenarios.controls import Controls

    return Controls.named(said)
