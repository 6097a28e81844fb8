"""Drop-ins: what a fake puts where unmodified code looks for the real thing.

A fake that stands for something of a package (`redis`, `httpx`, the built-in
`open`) asks for its drop-in when it is made. The drop-in goes in at once, or
as soon as the package is imported, and stays until the exploration ends. It
must itself ask `run_here()` at each use, and be the real thing otherwise: it
sits where the whole process sees it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Final, TypeAlias

Install: TypeAlias = Callable[[], AbstractContextManager[object]]

_explorations: Final[list[_Exploration]] = []


def drop_in(package: str, install: Install) -> None:
    """Have `install()` entered for the rest of the exploration, once `package` is imported."""
    if _explorations:
        _explorations[-1].want(package, install)


@contextmanager
def taken_out_afterwards() -> Iterator[None]:
    """Collect the drop-ins of one exploration, and take them out at its end."""
    with ExitStack() as stack:
        exploration = _Exploration(stack)
        _explorations.append(exploration)
        sys.meta_path.insert(0, exploration)
        try:
            yield
        finally:
            _explorations.remove(exploration)
            sys.meta_path.remove(exploration)


class _Exploration(MetaPathFinder):
    """Enters drop-ins, at once or when their package is imported."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._known: dict[Install, None] = {}
        self._waiting: dict[str, list[Install]] = {}

    def want(self, package: str, install: Install) -> None:
        """Enter a drop-in as soon as its package is there."""
        if install in self._known:
            return
        self._known[install] = None
        if package in sys.modules:
            self._stack.enter_context(install())
        else:
            self._waiting.setdefault(package, []).append(install)

    def arrived(self, package: str) -> None:
        """Enter what was waiting for a package."""
        for install in self._waiting.pop(package, ()):
            self._stack.enter_context(install())

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a package that is waited for as usual, and hear when it has been executed."""
        if fullname not in self._waiting or path is not None:
            return None
        sys.meta_path.remove(self)
        try:
            spec = find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            spec.loader = _Announcing(spec.loader, self)
        return spec


class _Announcing(Loader):
    """Loads as another loader does, and tells when it is done."""

    def __init__(self, loader: Loader, exploration: _Exploration) -> None:
        self._loader = loader
        self._exploration = exploration

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        spec = module.__spec__
        if spec is not None:
            spec.loader = self._loader
        self._exploration.arrived(module.__name__)
