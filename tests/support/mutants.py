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


def broken(modules: tuple[ModuleType, ...], old: str, new: str) -> ModuleType:
    """Return a copy of the first of some modules, with one thing changed in whichever has it.

    Each uses what those behind it have.
    """
    whose = next(module for module in modules if old in inspect.getsource(module))
    made: list[ModuleType] = []
    for module in reversed(modules):
        first = inspect.getsource(module).partition("\n")[0]
        copy = mutant(module, old, new) if module is whose else mutant(module, first, first)
        for other in made:
            _lend(other, copy, module)
        made.append(copy)
    return made[-1]


def _lend(other: ModuleType, copy: ModuleType, original: ModuleType) -> None:
    """Let a copy use what another copy has, where the original was given it by that one."""
    source = inspect.getsource(original)
    if f"from {other.__name__} import" in source:
        for name, value in vars(other).items():
            if not name.startswith("__") and name in vars(copy):
                setattr(copy, name, value)
