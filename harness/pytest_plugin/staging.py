"""The stage of a run: fixtures of function scope, made anew for each run and put away after it.

pytest makes such fixtures once for a test. Here a test is many runs, which must
not see each other's leftovers. So they are left out when the test is set up,
and each run has pytest make them as it would for a test of its own. Of pytest's
insides it takes a new request, to fill it, a new instance of the test's class,
the list of a node's finalizers, and what tmp_path and caplog go by;
`tests/plugin/` fails where a version of pytest has others.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

import pytest
from _pytest.logging import caplog_handler_key
from _pytest.tmpdir import tmppath_result_key

from pileup.fakes import World
from pileup.sim.agents import Agent
from pileup.sim.kernel import Sim

ME: Final = "me"
WORLD: Final = "world"
NARROW: Final = "function"
OURS: Final = (WORLD, "sim")


class Stage:
    """The fixtures of one test; those of function scope belong to the run that is on."""

    def __init__(self, item: pytest.Function) -> None:
        self._item = item
        self._finalizers = item.session._setupstate.stack[item][0]
        self._kept = len(self._finalizers)
        self._properties = len(item.user_properties)
        self._names = tuple(item._fixtureinfo.argnames)
        self._usual = has_usual_world(item)
        self._ours = own_fixtures(item)
        self.is_first = True
        """Whether the first run is on."""
        self.outcome: BaseException | None = None
        """How the test has ended otherwise than by its agents: it is to be skipped."""

    def set(self, sim: Sim) -> Any:  # Any: the world is the user's own type
        """Make what a run begins with; return the world."""
        if self.outcome is not None:
            raise self.outcome
        self.clear_leftovers()
        item = self._item
        del item.user_properties[self._properties :]
        if (noted := item.stash.get(caplog_handler_key, None)) is not None:
            noted.reset()
        if item.cls is not None:
            item.__dict__.pop("_instance", None)
        if self._usual:  # pytest takes as long for this as a small run does
            item.funcargs |= {WORLD: World(sim), "sim": sim, "request": item._request}
        else:
            self._make_ours(sim)
            item.stash.setdefault(tmppath_result_key, {})  # tmp_path takes it away at its end
            item._initrequest()
            item.funcargs[ME] = None  # it is each agent's own, so there is none to make
            item._request._fillfixtures()
        return item.funcargs[WORLD]

    def _make_ours(self, sim: Sim) -> None:
        """Make this plugin's own fixtures by hand, because pytest takes long for each."""
        for ours in self._ours:
            value = sim if ours.argname == "sim" else World(sim)
            ours.cached_result = (value, None, None)

    def go_on(self, _: object) -> None:
        """Note that a run has been made."""
        self.is_first = False

    def close(self) -> None:
        """Put everything away after the last run."""
        self.clear_leftovers()
        for ours in self._ours:
            ours.cached_result = None

    @property
    def function(self) -> Callable[..., Any]:  # Any: the user's test
        """Return the test's function, bound to the run's own instance of its class."""
        return function_of(self._item)

    def arguments(self, me: Agent) -> dict[str, Any]:  # Any: whatever fixtures return
        """Return what the test's function takes, for one agent."""
        values = self._item.funcargs
        return {name: me if name == ME else values[name] for name in self._names}

    def clear(self) -> None:
        """Put the run's fixtures away, in the order that pytest does; raise what they raise."""
        errors: list[BaseException] = []
        while len(self._finalizers) > self._kept:
            try:
                self._finalizers.pop()()
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - the rest go too
                errors.append(error)
        if errors:
            raise errors[0]

    def clear_leftovers(self) -> None:
        """Put away after a run that did not get to its end.

        What a fixture says of the end, or trips over there, then means nothing,
        as a check would not be asked.
        """
        with suppress(Exception, pytest.fail.Exception):
            self.clear()


def function_of(item: pytest.Function) -> Callable[..., Any]:  # Any: the user's test
    """Return a test's function as it was written, because plugins put their own in its place."""
    owner = item.module if item.cls is None else item.instance
    return cast("Callable[..., Any]", getattr(owner, item.originalname))


def ask_for_world(item: pytest.Function) -> None:
    """Have a world in each run although the test does not name it, because its clients need it."""
    if WORLD not in item.fixturenames:
        known = item.session._fixturemanager.getfixturedefs(WORLD, item)
        assert known, "this plugin has one"
        item._fixtureinfo.name2fixturedefs[WORLD] = known
        item.fixturenames.insert(0, WORLD)  # before those that make a client of something in it


def fill_wide(item: pytest.Function) -> None:
    """Set a test up, all but the fixtures that each run has for itself."""
    for name in item.fixturenames:
        if scope_of(item, name) != NARROW:
            item.funcargs[name] = item._request.getfixturevalue(name)


def scope_of(item: pytest.Function, name: str) -> str:
    """Return how long a fixture of this name lives, as the test sees it."""
    found = item._fixtureinfo.name2fixturedefs.get(name)
    return found[-1].scope if found else NARROW


def has_usual_world(item: pytest.Function) -> bool:
    """Whether a run has no fixtures of its own but those of this plugin."""
    narrow = [name for name in item.fixturenames if scope_of(item, name) == NARROW]
    return all(name in (ME, "request") or (name in OURS and is_ours(item, name)) for name in narrow)


def is_ours(item: pytest.Function, name: str) -> bool:
    """Whether a fixture is this plugin's, or is not asked for at all."""
    known = item._fixtureinfo.name2fixturedefs.get(name, ())
    return all(each.func.__module__ == __package__ for each in known)


def own_fixtures(item: pytest.Function) -> list[pytest.FixtureDef[Any]]:  # Any: what it returns
    """Return the fixtures of this plugin that a test, or one of its fixtures, builds upon."""
    made = [each for name in OURS for each in _made(item, name)]
    return [each for each in made if each.func.__module__ == __package__]


def async_fixtures(item: pytest.Function) -> list[str]:
    """Name the fixtures of each run that would have to be awaited."""
    narrow = [name for name in item.fixturenames if scope_of(item, name) == NARROW]
    return [name for name in narrow if any(_is_async(each.func) for each in _made(item, name))]


def _made(item: pytest.Function, name: str) -> list[pytest.FixtureDef[Any]]:  # Any: what it returns
    """Return the fixture of this name, and those under it that it builds upon."""
    found: list[pytest.FixtureDef[Any]] = []  # Any: the same
    for each in reversed(item._fixtureinfo.name2fixturedefs.get(name, ())):
        found.append(each)
        if name not in each.argnames:
            break
    return found


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def fixtures_that_ask_for_me(item: pytest.Function) -> list[str]:
    """Name the fixtures of a test that want to know which agent it is."""
    names = [name for name in item._fixtureinfo.name2fixturedefs if name != ME]
    return [name for name in names if any(ME in each.argnames for each in _made(item, name))]
