"""The fixture `chaos_benchmark`: how long agents take, and beside it what goes wrong with them.

    @pytest.mark.parametrize("topology", [pipeline, swarm])
    def test_topologies(chaos_benchmark, topology):
        result = chaos_benchmark(topology, agents=20, runs=50, faults="flaky-network")
        result.assert_clean()

Three things are done, one after another:

1. The search for findings: `pileup.explore`, which is not timed, so that to
   find a bug, prove it and shrink it makes no topology look slow.
2. As many runs in which calls take time, drawn at random by the seed. They
   give the figures of `extra_info`; and what is done only once in a process
   (imports, finding out the event loop) is over when the stopwatch starts.
3. Rounds, timed by pytest-benchmark under all its options. **One round plays
   the very runs of step 2 in the same order**: each with a new world, every
   agent to its end, no detector asked. So all rounds do the same work, and what
   differs between two of them is the machine. A round of one run would be
   either another run each time, or for all of them one that chance has picked.

`chaos_benchmark.time(function, ...)` times a function by itself, in real time.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypedDict, TypeVar, Unpack, overload

import pytest

import pileup
from pileup.choices import Strategy
from pileup.faults.profiles import Faults
from pileup.pytest_plugin.benchmark_figures import Figure, Look, figures, look, verdict
from pileup.pytest_plugin.benchmark_loop import in_one_loop
from pileup.pytest_plugin.benchmark_rounds import Rounds
from pileup.pytest_plugin.benchmark_table import Table
from pileup.search.runs.program import Check, Setup, name_of
from pileup.sim.agents import Body
from pileup.sim.bodies import is_async

if TYPE_CHECKING:  # it need not be installed
    from pytest_benchmark.fixture import BenchmarkFixture

P = ParamSpec("P")
T = TypeVar("T")

TIMER: Final = "pytest-benchmark"
TABLE: Final = "pileup-benchmark-table"


class Conditions(TypedDict, total=False):
    """Under which conditions the agents run, as for `pileup.explore`."""

    setup: Setup | None
    agents: int | Sequence[Body]
    check: Check | None
    backend: str | None
    budgets: pileup.Budgets
    allow_real: Collection[str]
    faults: Faults
    oracle: str | None


class Asked(Conditions, total=False):
    """What else can be asked of the search."""

    runs: int
    strategy: str | Strategy
    seed: int
    shrink: bool


TAKEN: Final = (*Conditions.__annotations__, "runs", "strategy", "seed", "shrink", "group")

REFUSED: Final = {
    "timed": "calls always take time in the runs that are timed",
    "seconds": "all rounds and all machines have to play the same runs; give `runs`",
    "saved": "a benchmark has to search the same each time",
    "resume": "a benchmark has to search the same each time",
    "workers": "the runs are timed in this process",
    "executor": "the runs are timed in this process",
}
"""What `pileup.explore` takes and a benchmark cannot, and why."""


class ChaosBenchmark:
    """Times agents, or one function, once in a test."""

    def __init__(self, benchmark: BenchmarkFixture) -> None:
        self._benchmark = benchmark
        self._used = False

    @classmethod
    def of(cls, request: pytest.FixtureRequest) -> ChaosBenchmark:
        """Return the fixture for a test; it needs pytest-benchmark, and says so."""
        __tracebackhide__ = True
        plugins = request.config.pluginmanager
        session = plugins.get_plugin(TIMER)
        if session is None:
            raise pileup.UsageError(_no_timer())
        if not plugins.has_plugin(TABLE):
            plugins.register(Table(session), TABLE)
        return cls(request.getfixturevalue("benchmark"))

    @property
    def extra_info(self) -> dict[str, Figure]:
        """The figures that are saved beside the times, by name."""
        found: dict[str, Figure] = self._benchmark.extra_info
        return found

    def __call__(
        self,
        agent: Body | Sequence[Body] | pileup.Scenario,
        *,
        group: str | None = None,
        **asked: Unpack[Asked],
    ) -> pileup.Exploration:
        """Explore the agents, then time as many runs of theirs; return what the search found.

        Takes what `pileup.explore` takes. In pytest-benchmark's table the
        `group` is the scenario's name, or that of the agents; one given by
        `@pytest.mark.benchmark(group=...)` goes before all others.
        """
        __tracebackhide__ = True
        _check(asked, group)
        self._use()
        found = pileup.explore(agent, **asked)
        scenario = agent if isinstance(agent, pileup.Scenario) else _scenario(agent, asked)
        runs, seed = asked.get("runs", found.runs), asked.get("seed", 0)
        rounds = Rounds(scenario, runs, seed)
        bodies = rounds.program.bodies
        title = scenario.name or ", ".join(dict.fromkeys(map(name_of, bodies)))
        self._benchmark.group = self._benchmark.group or group or title
        self._note(
            agents=len(bodies),
            runs=runs,
            seed=seed,
            strategy=_strategy(asked.get("strategy", "auto")),
            faults=_faults(scenario.faults, rounds),
            backend=found.stats.backend,
            **verdict(found),
        )
        looks: list[Look] = []
        with rounds.ready():
            rounds.play(lambda run: looks.append(look(run)))
            self._note(**figures(looks))
            self._benchmark(rounds.play)
        return found

    @overload
    def time(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def time(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    def time(self, function: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        """Time a function by itself, in real time and without a world; return what it returns.

        An async one is awaited to its end, under asyncio, or under trio if it
        asks for that. The loop is started once for all rounds, and the function
        called once before the first, so neither is in the figure.
        """
        __tracebackhide__ = True
        _expect_function(function)
        self._use()
        timed = partial(function, *args, **kwargs)
        if is_async(function):
            return in_one_loop(timed, self._benchmark, lambda loop: self._note(backend=loop))
        self._note(backend="none")
        result = self._benchmark(timed)
        if inspect.iscoroutine(result):
            result.close()
            raise pileup.UsageError(_only_made(name_of(function)))
        return result

    def _use(self) -> None:
        __tracebackhide__ = True
        if self._used:
            raise pileup.UsageError(
                "chaos_benchmark has been used in this test already, and pytest-benchmark keeps "
                "one figure for a test. Write a test for each thing that is timed, or one with "
                '@pytest.mark.parametrize("topology", [pipeline, swarm]).'
            )
        self._used = True

    def _note(self, **figures: Figure) -> None:
        self._benchmark.extra_info.update(figures)


def _scenario(agent: Body | Sequence[Body], asked: Asked) -> pileup.Scenario:
    """Name the conditions once, as `pileup.explore` has done and checked."""
    given: dict[str, Any] = {  # Any: each condition has its own type, above
        name: value for name, value in asked.items() if name in Conditions.__annotations__
    }
    return pileup.Scenario(agent, **given)


def _strategy(given: str | Strategy) -> str:
    return given if isinstance(given, str) else given.name


def _faults(given: Faults, rounds: Rounds) -> str:
    """Name the profile, or else the rules one by one."""
    return given if isinstance(given, str) else "; ".join(map(str, rounds.conditions.faults.rules))


# What is said to who has it wrong --------------------------------------------------------------


def _no_timer() -> str:
    if find_spec("pytest_benchmark") is None:
        return (
            "chaos_benchmark takes its times with pytest-benchmark, which is not installed. "
            "Run: pip install pytest-benchmark"
        )
    return (
        "chaos_benchmark takes its times with pytest-benchmark, which is installed but switched "
        'off. Leave out "-p no:benchmark". To run the test without taking times, write '
        "--benchmark-disable."
    )


def _check(asked: Asked, group: object) -> None:
    """Refuse what would have no effect, or another one than was meant."""
    __tracebackhide__ = True
    for name in asked:
        if name in REFUSED:
            raise pileup.UsageError(f"chaos_benchmark takes no `{name}`: {REFUSED[name]}.")
        if name not in TAKEN:
            raise pileup.UsageError(
                f"chaos_benchmark was given `{name}`, which it does not know; it knows "
                f"{', '.join(TAKEN)}. Write chaos_benchmark(agent, agents=20, runs=50). To time a "
                "function with arguments of its own, write chaos_benchmark.time(function, ...)."
            )
    if not isinstance(group, str | None):
        raise pileup.UsageError(
            f'`group` must be a name, as in group="pipelines"; {group!r} was given.'
        )


def _expect_function(given: object) -> None:
    __tracebackhide__ = True
    if callable(given):
        return
    what = repr(given)
    if inspect.iscoroutine(given):
        given.close()  # else Python complains as well that nobody has awaited it
        what = "a coroutine, which can be awaited once only"
    raise pileup.UsageError(
        f"chaos_benchmark.time calls a function again and again; it was given {what}. Write "
        "chaos_benchmark.time(function, argument), without parentheses after the function."
    )


def _only_made(name: str) -> str:
    return (
        f"{name} returned a coroutine, so that only the making of it was timed. Give the async "
        "function itself: chaos_benchmark.time(function, argument)."
    )
