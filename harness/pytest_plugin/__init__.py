"""The pytest plugin: a test whose body is the agent, and the fixture `chaos` for everything else.

    @pytest.mark.pileup(agents=5)
    async def test_add_entry(world, me):
        entries = await world.memory.get("entries") or []
        await world.memory.set("entries", [*entries, me.name])

Every session of our users loads this module, also where nothing is explored.
So it imports nothing heavy, and each hook returns at once where it is not needed.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import pytest

from pileup.pytest_plugin.options import EXPLORED, GIVEN, NAMES, add_to, given_in

if TYPE_CHECKING:  # late where they are used, because most sessions explore nothing
    from pileup.fakes import World
    from pileup.pytest_plugin.benchmark import ChaosBenchmark
    from pileup.pytest_plugin.exploring import Chaos
    from pileup.sim.kernel import Sim

MARK: Final = "pileup"
ABOUT: Final = (
    "pileup(agents=2, runs=200, strategy='auto', faults=None, check=None, ...): the test's body is "
    "an agent, copies of which run together in many orders. Takes what pileup.explore takes."
)
CURRENT: Final = pytest.StashKey[pytest.Item]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags, each with an ini option of the same name."""
    add_to(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse bad values before anything runs."""
    config.addinivalue_line("markers", ABOUT)
    config.stash[GIVEN] = given_in(config)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Count a test that takes `chaos_benchmark` as a benchmark, for --benchmark-only and -skip."""
    names = getattr(item, "fixturenames", [])
    timer = item.config.pluginmanager.has_plugin("pytest-benchmark")
    if timer and "chaos_benchmark" in names and "benchmark" not in names:
        names.append("benchmark")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Get marked tests ready; what cannot be explored is an error of collecting its file."""
    made = yield  # Any: an item, a collector, a list of them, or nothing
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Item) and item.get_closest_marker(MARK) is not None:
            from pileup.errors import UsageError
            from pileup.pytest_plugin.marked import prepare

            try:
                prepare(item)
            except UsageError as error:
                raise collector.CollectError(str(error)) from None
    return made


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Get tests ready that were marked since; to replay one run, keep its test alone."""
    for item in items:
        if item.get_closest_marker(MARK) is not None:
            from pileup.errors import UsageError
            from pileup.pytest_plugin.marked import prepare

            try:
                prepare(item)
            except UsageError as error:
                raise pytest.UsageError(str(error)) from None
    if config.stash[GIVEN].replay is not None:
        from pileup.pytest_plugin.replaying import select

        select(config, items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note whose turn it is, for `chaos`."""
    item.config.stash[CURRENT] = item
    if NAMES in item.stash:  # it is run once more
        del item.stash[NAMES]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell what was found as a story."""
    if not _concerns_us(item, call):
        return (yield)
    from pileup.pytest_plugin.failing import report_of

    return (yield from report_of(item, call))


def _concerns_us(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    raised = call.excinfo is not None and type(call.excinfo.value).__module__.startswith("pileup.")
    return raised or item.stash.get(EXPLORED, False)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell of all explorations at the end."""
    reports = chain.from_iterable(terminalreporter.stats.values())
    if any(hasattr(each, "pileup") for each in reports):
        from pileup.pytest_plugin.telling import tell

        tell(terminalreporter, config)


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> Sim:
    """The run that is on: for a fixture that makes the world of a marked test."""
    if request.node.get_closest_marker(MARK) is None:
        pytest.fail(
            f"{request.node.name} asks for `sim` or `world`, which belong to a run. Mark the test, "
            "as in @pytest.mark.pileup(agents=5), or take `chaos` and give its explore a setup=.",
            pytrace=False,
        )
    from pileup.sim.current import current

    return current("the fixture `sim`")


@pytest.fixture
def world(sim: Sim) -> World:
    """The world that the agents of a run share. Override it to seed what is there at the start."""
    from pileup.fakes import World

    return World(sim)


@pytest.fixture
def me() -> None:
    """The agent that a marked test is, in one of its copies: `me.name`, `me.session`, ..."""
    pytest.fail(
        "`me` is each agent's own, so a fixture cannot have it, nor a test that is not marked. "
        "Ask for it as an argument of a test with @pytest.mark.pileup.",
        pytrace=False,
    )


@pytest.fixture(scope="session")
def chaos(pytestconfig: pytest.Config) -> Chaos:
    """Explore with the options of the session: `chaos.explore(agent, agents=5).assert_clean()`.

    It lives for a session because @given refuses fixtures that live for a test.
    """
    from pileup.pytest_plugin.exploring import Chaos

    return Chaos(lambda: pytestconfig.stash[CURRENT])


@pytest.fixture
def chaos_benchmark(request: pytest.FixtureRequest) -> ChaosBenchmark:
    """Time runs of agents with pytest-benchmark: `chaos_benchmark(agent, agents=20, runs=50)`."""
    from pileup.pytest_plugin.benchmark import ChaosBenchmark

    return ChaosBenchmark.of(request)
