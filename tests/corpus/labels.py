"""How the corpus is labelled: each program with its bug named, its fixed twin, and the decoys.

    @bug("lost_write", setup=with_counter)
    async def counts(world): ...

    @fixed(counts)
    async def counts_with_a_lock(world): ...

    @decoy(setup=with_counter)
    async def looks_guilty(world): ...

What stands in the decorator goes to `pileup.Scenario`; a fixed twin has what
its bug has, but for what it says itself. `also` names findings that come with
the bug and are right: an agent that fails because of it, a second damage.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pileup

Body = TypeVar("Body", bound=Callable[..., object])

RUNS = 100
"""In how many runs a bug must be found, and its fixed twin stay clean."""


@dataclass
class Program:
    """One labelled program. `kind` is empty for what is right."""

    name: str
    kind: str
    scenario: pileup.Scenario
    also: Collection[str] = ()
    runs: int = RUNS
    twin: Program | None = None
    about: str = ""
    given: dict[str, Any] = field(default_factory=dict)  # Any: what a Scenario takes

    def explore(self, runs: int | None = None, seed: int = 0) -> pileup.Exploration:
        """Look for what is wrong with it."""
        return pileup.explore(self.scenario, runs=runs or self.runs, seed=seed)


BUGS: dict[str, Program] = {}
DECOYS: dict[str, Program] = {}


def bug(
    kind: str, *, also: Collection[str] = (), runs: int = RUNS, **given: Any
) -> Callable[[Body], Body]:
    """Label a program with its bug."""

    def label(body: Body) -> Body:
        program = _program(body, kind, given, also, runs)
        assert program.name not in BUGS, f"two programs are called {program.name}"
        BUGS[program.name] = program
        return body

    return label


def fixed(of: Callable[..., object], **changed: Any) -> Callable[[Body], Body]:
    """Give a bug its fixed twin."""

    def label(body: Body) -> Body:
        original = BUGS[of.__name__]
        assert original.twin is None, f"{original.name} has two twins"
        original.twin = _program(body, "", {**original.given, **changed}, (), original.runs)
        return body

    return label


def decoy(*, runs: int = RUNS, **given: Any) -> Callable[[Body], Body]:
    """Label a program that looks guilty and is right."""

    def label(body: Body) -> Body:
        program = _program(body, "", given, (), runs)
        assert program.name not in DECOYS, f"two decoys are called {program.name}"
        DECOYS[program.name] = program
        return body

    return label


def _program(
    body: Callable[..., object],
    kind: str,
    given: dict[str, Any],
    also: Collection[str],
    runs: int,
) -> Program:
    agent = given.get("agent", body)
    options = {name: value for name, value in given.items() if name != "agent"}
    scenario = pileup.Scenario(agent, **options)
    return Program(body.__name__, kind, scenario, also, runs, None, body.__doc__ or "", given)
