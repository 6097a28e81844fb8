"""Which line of the user's own is named, where all calls go through one place."""

from __future__ import annotations

from types import ModuleType

import pileup
from pileup.fakes import World

GATEWAY = """
{hides}

async def through(call):
    {hides_here}
    return await call()
"""


def named(*, module: str = "", function: str = "pass") -> set[str]:
    """Return the functions that are named where a finding's events came from."""
    gateway = ModuleType("gateway")
    exec(GATEWAY.format(hides=module, hides_here=function), vars(gateway))

    async def asks(world: World) -> None:
        count = await gateway.through(lambda: world.memory.get("count")) or 0
        await gateway.through(lambda: world.memory.set("count", count + 1))

    shown = pileup.explore(asks, agents=2, runs=50).counterexample
    assert shown is not None
    return {site.rpartition(" ")[2] for site in shown.history.sites.values()}


def test_the_line_that_calls_is_named() -> None:
    assert named() == {"through"}


def test_a_function_that_hides_is_passed_over() -> None:
    assert named(function="__tracebackhide__ = True") == {"asks"}


def test_a_module_that_hides_is_passed_over() -> None:
    assert named(module="__tracebackhide__ = True") == {"asks"}


def test_where_everything_hides_the_innermost_line_is_named_all_the_same() -> None:
    async def hides(world: World) -> None:
        __tracebackhide__ = True
        count = await world.memory.get("count") or 0
        await world.memory.set("count", count + 1)

    shown = pileup.explore(hides, agents=2, runs=50).counterexample
    assert shown is not None
    assert {site.rpartition(" ")[2] for site in shown.history.sites.values()} == {"hides"}
