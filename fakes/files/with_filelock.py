"""What the package `filelock` keeps for each thread, kept for each agent instead.

Agents share one thread but stand for processes. A lock object that several of
them use would take the second agent for the first one coming again, and a
second lock object for a deadlock of the thread with itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TypeAlias

from pileup.sim.agents import here
from pileup.sim.presence import run_here

SETTINGS: Final = ("lock_file", "timeout", "mode", "blocking", "poll_interval", "lifetime")
KEPT: Final = "_pileup_contexts"

Process: TypeAlias = tuple[int, int]
"""An agent, and which of its lives: one that has begun anew holds nothing."""


def _process() -> tuple[Any, Process] | None:  # Any: the run, of which only identity matters
    """Tell the run and the process that the running code belongs to, if it is an agent's."""
    sim, strand = run_here(), here.get(None)
    if sim is None or strand is None or strand.sim is not sim:
        return None
    return sim, (strand.agent.index, strand.life)


class _Context:
    """Stands for a lock's attribute that holds one context for each thread."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __set__(self, lock: Any, context: Any) -> None:  # Any: filelock's types are not imported
        vars(lock)[self._name] = context

    def __get__(self, lock: Any, owner: type | None = None) -> Any:
        if lock is None:
            return self
        try:
            shared = vars(lock)[self._name]
        except KeyError:
            raise AttributeError(self._name) from None
        process = _process()
        if process is None or not isinstance(shared, threading.local):
            return shared
        sim, key = process
        kept = vars(lock).get(KEPT)
        if kept is None or kept[0] is not sim:
            kept = vars(lock)[KEPT] = (sim, {})
        if key not in kept[1]:
            kept[1][key] = _like(shared)
        return kept[1][key]


def _like(context: Any) -> Any:
    """Make a context with the same settings, that holds nothing."""
    known = {name: getattr(context, name) for name in SETTINGS if hasattr(context, name)}
    return type(context)(**known)


class _Registry:
    """Stands for the list of the locks that a thread holds."""

    def __init__(self, shared: Any) -> None:
        self._shared = shared

    @property
    def held(self) -> Any:
        """The locks that the process holds."""
        process = _process()
        if process is None:
            return self._shared.held
        sim, key = process
        return sim.fakes.setdefault("filelock", {}).setdefault(key, {})


@contextmanager
def install() -> Iterator[None]:
    """Put both in."""
    from filelock import _api

    with ExitStack() as stack:
        for name in ("_context", "_async_context"):
            setattr(_api.BaseFileLock, name, _Context(name))
            stack.callback(delattr, _api.BaseFileLock, name)
        registry = getattr(_api, "_REGISTRY", None)  # only newer versions look for deadlocks
        if registry is not None:
            setattr(_api, "_REGISTRY", _Registry(registry))  # noqa: B010 - mypy knows it as final
            stack.callback(setattr, _api, "_REGISTRY", registry)
        yield
