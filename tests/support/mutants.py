"""A module with one thing changed, to see whether the tests that guard it would notice."""

from __future__ import annotations

import inspect
from types import ModuleType


def mutant(module: ModuleType, old: str, new: str) -> ModuleType:
    """Return a copy of a module in whose source `old`, which is there once, is `new`."""
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {module.__name__}"
    copy = ModuleType(module.__name__)
    copy.__file__ = module.__file__
    code = compile(source.replace(old, new), f"<mutant of {module.__name__}>", "exec")
    exec(code, copy.__dict__)
    return copy
