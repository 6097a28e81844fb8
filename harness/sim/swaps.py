"""Stand-ins for names that programs have captured: put everywhere, and taken back.

`from time import sleep` leaves the function itself in a module's globals, so
replacing `time.sleep` alone would not reach it. A sweep goes through the
globals of all loaded modules and exchanges by identity: originals for
stand-ins when an exploration begins, stand-ins for originals when it ends, so
that a module which was imported in between is put right as well.

A stand-in asks at each call whether it is called from inside a run, and is the
original otherwise. So one that a sweep cannot see (a default argument, a class
attribute, a closure, made during a run) does no harm afterwards. The reverse
is a known hole: an original that sits in such a place before the exploration
stays real.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Final, NamedTuple, TypeAlias

Pair: TypeAlias = tuple[Any, Any]
"""An original and what stands in for it. Any: functions and classes of all kinds."""

NEVER: Final = frozenset(("_thread", "_frozen_importlib", "_frozen_importlib_external", "pileup"))
"""Modules that are left alone: what imports and pileup itself rest on must stay real."""


class _Seen(NamedTuple):
    """What an earlier sweep has found out about a module."""

    module: ModuleType
    names: dict[str, Any]  # Any: a module's globals
    size: int
    suspects: tuple[str, ...]


class _Around(NamedTuple):
    """All modules as the last sweep found them, which `_Seen` keeps: so an id stays its own."""

    ids: list[int]
    names: list[dict[str, Any]]  # Any: as above
    sizes: list[int]
    suspects: list[tuple[dict[str, Any], str]]

    def is_as_it_was(self) -> bool:
        """Whether no module has come, gone or got another number of globals since.

        Asked of lists as a whole, because small explorations take less time than to go
        through a thousand modules one by one.
        """
        if self.ids != list(map(id, sys.modules.values())):
            return False
        return self.sizes == list(map(len, self.names))


class Swaps:
    """Pairs of originals and stand-ins, and where in the process they are."""

    def __init__(self) -> None:
        self._pairs: list[Pair] = []
        self._stand_ins: dict[int, Any] = {}
        self._originals: dict[int, Any] = {}
        self._ours: set[int] = set()
        self._spellings: set[str] = set()
        self._seen: dict[str, _Seen] = {}
        self._around: _Around | None = None

    def add(self, *pairs: Pair) -> None:
        """Have the next sweep exchange these too; pairs that are known are no news."""
        for original, stand_in in pairs:
            if id(original) in self._stand_ins:
                continue
            self._pairs.append((original, stand_in))  # kept alive, so that an id stays its own
            self._stand_ins[id(original)] = stand_in
            self._originals[id(stand_in)] = original
            self._ours |= {id(original), id(stand_in)}
            self._spellings.add(original.__name__)
            self._seen.clear()
            self._around = None

    def put_in(self) -> None:
        """Put the stand-ins wherever an original is."""
        self._sweep(self._stand_ins)

    def put_back(self) -> None:
        """Put the originals wherever a stand-in is."""
        self._sweep(self._originals)

    def _sweep(self, exchanged: dict[int, Any]) -> None:
        if self._around is None or not self._around.is_as_it_was():
            self._around = self._look_around()
        for names, suspect in self._around.suspects:
            other = exchanged.get(id(names.get(suspect)))
            if other is not None:
                names[suspect] = other

    def _look_around(self) -> _Around:
        """Look at all modules that are not as they were."""
        seen = [self._seen_in(*each) for each in list(sys.modules.items())]
        return _Around(
            ids=[id(each.module) for each in seen],
            names=[each.names for each in seen],
            sizes=[each.size for each in seen],
            suspects=[(each.names, suspect) for each in seen for suspect in each.suspects],
        )

    def _seen_in(self, name: str, module: ModuleType) -> _Seen:
        seen = self._seen.get(name)
        if seen is None or seen.module is not module or len(seen.names) != seen.size:
            return self._look_at(name, module)
        return seen

    def _look_at(self, name: str, module: ModuleType) -> _Seen:
        """Find the globals that hold one of ours, or could.

        To look at 30,000 globals takes 3 ms, so a module is looked at again
        only when their number has changed. A name that is spelled like an
        original is always a suspect: it may be a patch now and the original
        next time, without any change in number.
        """
        names = {} if name.partition(".")[0] in NEVER else _globals_of(module)
        suspects = tuple(
            each
            for each, value in list(names.items())
            if each in self._spellings or id(value) in self._ours
        )
        seen = self._seen[name] = _Seen(module, names, len(names), suspects)
        return seen


def _globals_of(module: ModuleType) -> dict[str, Any]:
    """Look past `__getattr__`, because to ask a lazy module for its globals would load it."""
    if not issubclass(type(module), ModuleType):
        return {}
    found: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return found
