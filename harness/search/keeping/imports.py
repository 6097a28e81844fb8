"""What an exported file calls the user's functions, and how it comes to them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePath
from typing import Any, Final

from pileup.search.keeping.literals import plain, spread
from pileup.search.runs.program import name_of

SHORT: Final = 79
"""What is longer goes on several lines, whatever the formatter is set to."""

RESERVED: Final = ("pileup", "Rule", "Spelled", "FAULTS", "ORDER", "TOKEN", "run")


class Names:
    """What the file calls the user's functions, and from where it has them."""

    def __init__(self, test: str) -> None:
        self._test = test
        self.imports: dict[tuple[str, str], str] = {}
        self.missing: list[str] = []
        self._known: dict[Any, str] = {}  # Any: functions, classes, partials

    def name(self, thing: Callable[..., object]) -> str:
        """Name a function, and note how the file comes to it."""
        for known, name in self._known.items():
            if known is thing:
                return name
        own = name_of(thing)
        free = own if own.isidentifier() else "agent"
        if free.lower().startswith("test"):  # or pytest would take it for a test
            free = f"the_{free}"
        taken = [*self._known.values(), *RESERVED, self._test]
        name = next(each for each in _numbered(free) if each not in taken)
        self._known[thing] = name
        module, path = place_of(thing)
        if path is None:
            self.missing.append(f"import or define {name} here; {_whereabouts(thing)}.")
        else:
            self.imports[module, path] = name
        return name

    def lines(self) -> list[str]:
        """Write the import statements."""
        modules: dict[str, list[str]] = {}
        for (module, path), name in sorted(self.imports.items()):
            modules.setdefault(module, []).append(path if path == name else f"{path} as {name}")
        return [_import(module, what) for module, what in modules.items()]


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _import(module: str, what: list[str]) -> str:
    line = f"from {module} import {', '.join(what)}"
    return line if len(line) <= SHORT else spread(f"from {module} import (", what, ")", "")


def place_of(thing: Callable[..., object]) -> tuple[str, str | None]:
    """Say from where a function can be imported; no name if it cannot."""
    module = str(getattr(thing, "__module__", ""))
    path = str(getattr(thing, "__qualname__", ""))
    parts = module.split(".")
    named = path.isidentifier() and all(part.isidentifier() for part in parts)
    if not named or module == "__main__":
        return module, None
    found = getattr(sys.modules.get(module), path, None)
    return module, path if found is thing else None


def _whereabouts(thing: Callable[..., object]) -> str:
    """Tell where a function is defined, without telling of the machine that this is."""
    inner: Any = thing  # Any: partials and callables have different attributes
    while isinstance(inner, partial):
        inner = inner.func
    code = getattr(inner, "__code__", None)
    path = str(getattr(inner, "__qualname__", type(inner).__qualname__))
    if code is None:
        return f"it is {plain(path)} of {plain(str(inner.__module__))}"
    file = PurePath(code.co_filename).name
    made = "made with functools.partial of" if inner is not thing else "defined as"
    return f"it is {made} {plain(path)} in {plain(file)}, line {code.co_firstlineno}"
