"""Who may import whom: the table of rooms, held against every import statement of ours."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "harness": "pileup",
    "fakes": "pileup.fakes",
    "scenarios": "pileup.scenarios",
    "reports": "pileup.reports",
}

# Each may import those before it. Operations precede choices because what a
# point offers are operations.
VOCABULARY = [
    *("errors", "spelling", "settings", "notes", "operations", "asking", "choices", "tokens"),
    *("events", "history", "findings", "latency", "results"),
]
LOWER = {*VOCABULARY, "sim", "faults", "strategies", "detectors"}

# A room that is not the key of a row is a front door or unknown to this page;
# the test on the whole tree refuses the latter. Files inside one room may
# import each other, but for the rooms in SEPARATE.
TABLE: dict[str, set[str]] = {
    **{name: set(VOCABULARY[:place]) for place, name in enumerate(VOCABULARY)},
    "sim": {*VOCABULARY},
    "faults": {*VOCABULARY},
    "strategies": {"choices", "errors", "operations"},
    "detectors": {
        *("errors", "spelling", "notes", "operations", "asking", "events", "history", "findings"),
    },
    "search": LOWER,
    "fakes": {*VOCABULARY, "sim", "faults"},
    "scenarios": {
        *("pileup", "pileup.faults", "pileup.latency", "pileup.fakes"),
        *(f"pileup.fakes.{part}" for part in ("bus", "database", "http", "model")),
    },
    "reports": {
        *("errors", "spelling", "notes", "events", "history", "findings", "results", "tokens"),
        "faults",
    },
}
FRONT_DOORS = {"pileup", "acts", "api", "cli", "comparison", "hypothesis", "pytest_plugin"}
CALLERS_OF_FRONT_DOORS = {
    "pileup": {"acts", "api"},
    "cli": {"pileup", "comparison"},
    **{door: {"pileup"} for door in ("comparison", "hypothesis", "pytest_plugin")},
}

# Fakes meet only in the world, and strategies only in the registry. What is
# listed may import all of its room; what is shared may be imported by all of it.
SEPARATE: dict[str, tuple[set[str], set[str]]] = {
    "fakes": (
        {"pileup.fakes", "pileup.fakes.world"},
        {"pileup.fakes._port", "pileup.fakes._suffering", "pileup.fakes._wire"},
    ),
    "strategies": (
        {"pileup.strategies"},
        {
            f"pileup.strategies.{name}"
            for name in ("_census", "_draws", "_lines", "_order", "_polls", "_wakeups")
        },
    ),
}

# The storeys of the search: each may import those before it, and a module its neighbours.
STOREYS = {
    "search": ["runs", "accounts", "proving", "shrinking", "explorer", "keeping", "campaigns"]
}

THIRD_PARTY: dict[str, set[str]] = {
    "sim": {"greenlet", "sniffio", "trio"},
    "strategies": {"hypothesis"},
    "faults": {"hypothesis"},
    "fakes": {"_typeshed", "fakeredis", "filelock", "httpx", "httpx2", "redis", "respx"},
    "scenarios": {"pydantic", "redis", "tenacity"},
    "cli": {"click", "rich"},
    "reports": {"jinja2"},
    "hypothesis": {"hypothesis"},
    "pytest_plugin": {"_pytest", "pytest", "pytest_benchmark", "trio"},
}


class Import(NamedTuple):
    """One import: `late` inside a function, `typing` under TYPE_CHECKING."""

    target: str
    line: int
    late: bool = False
    typing: bool = False


def sources() -> dict[str, str]:
    found: dict[str, str] = {}
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join((package, *parts)).removesuffix(".__init__")] = path.read_text("utf-8")
    return found


SOURCES = sources()
MODULES = frozenset(SOURCES)


class Imports(ast.NodeVisitor):
    """Finds all imports of a module, wherever they stand."""

    def __init__(self, module: str, modules: frozenset[str]) -> None:
        self.module = module
        self.modules = modules
        self.found: list[Import] = []
        self._late = self._typing = False

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            is_package = any(name.startswith(f"{self.module}.") for name in self.modules)
            parents = self.module.split(".")
            kept = parents[: len(parents) - node.level + is_package]
            base = ".".join([*kept, *([base] if base else [])])
        for target in dict.fromkeys(self._submodule(base, alias.name) for alias in node.names):
            self._add(target, node)

    def visit_Constant(self, node: ast.Constant) -> None:
        # A module's name as a text is an import in waiting (`import_module`,
        # the registry of runtimes), and would be the way around this page.
        if isinstance(node.value, str) and "." in node.value and node.value in self.modules:
            self.found.append(Import(node.value, node.lineno, late=True))

    def visit_If(self, node: ast.If) -> None:
        outer, test = self._typing, ast.unparse(node.test)
        self._typing = outer or test in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for each in node.body:
            self.visit(each)
        self._typing = outer
        for each in node.orelse:
            self.visit(each)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, self._late = self._late, True
        self.generic_visit(node)
        self._late = outer

    def _submodule(self, base: str, name: str) -> str:
        return f"{base}.{name}" if f"{base}.{name}" in self.modules else base

    def _add(self, target: str, node: ast.stmt) -> None:
        self.found.append(Import(target, node.lineno, self._late, self._typing))


def imports_of(module: str, text: str, modules: frozenset[str] = MODULES) -> list[Import]:
    visitor = Imports(module, modules)
    visitor.visit(ast.parse(text))
    return visitor.found


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else module


def part_of(module: str) -> str:
    """A fake or a strategy that has grown into a folder is still one."""
    return ".".join(module.split(".")[:3])


def complaint(module: str, target: str) -> str | None:
    """Say what is wrong with an import; None for one that is allowed.

    Imports under TYPE_CHECKING are held to the table like any other, because
    a room that must know another room's types cannot be read, tested or
    replaced without it. Only the search for cycles leaves them out: they do
    not happen at run time.
    """
    if not target.startswith("pileup.") and target != "pileup":
        return _foreign(module, target)
    mine, theirs = room_of(module), room_of(target)
    if mine == theirs:
        return None if mine == "pileup" else _within(mine, module, target)
    if mine == "scenarios":
        allowed = target in TABLE["scenarios"]
    elif theirs in FRONT_DOORS:
        allowed = theirs in CALLERS_OF_FRONT_DOORS.get(mine, ())
    else:
        allowed = mine in FRONT_DOORS or theirs in TABLE.get(mine, ())
    if allowed:
        return None
    rule = sorted(TABLE.get(mine, ())) or "nothing of ours"
    return f"{module} imports {target}, but {mine} may import only {rule} (design, section 10)"


def _within(room: str, module: str, target: str) -> str | None:
    if room in STOREYS:
        return _upwards(STOREYS[room], module, target)
    if room not in SEPARATE or part_of(module) == part_of(target):
        return None
    meeting_places, shared = SEPARATE[room]
    if module in meeting_places or part_of(target) in shared:
        return None
    return f"{module} imports {target}, but {room} do not know each other, so that one can go"


def _upwards(storeys: list[str], module: str, target: str) -> str | None:
    mine, theirs = (part_of(each).split(".")[-1] for each in (module, target))
    if theirs in storeys[: storeys.index(mine) + 1]:
        return None
    return f"{module} imports {target}, but may only what stands below it: {storeys}"


def _foreign(module: str, target: str) -> str | None:
    package = target.partition(".")[0]
    if package in sys.stdlib_module_names or package in THIRD_PARTY.get(room_of(module), ()):
        return None
    return f"{module} imports {package}: add it to THIRD_PARTY in tests/test_rooms.py if it must be"


def violations(module: str, text: str) -> list[str]:
    found = ((each.line, complaint(module, each.target)) for each in imports_of(module, text))
    return [f"line {line}: {said}" for line, said in found if said is not None]


def cycle(texts: dict[str, str]) -> list[str]:
    """Return a ring of modules that import each other while they are being imported.

    A parent package counts only where it is named: by the time a sub-module's
    import statement runs, its parents are in `sys.modules` already.
    """
    names = frozenset(texts)
    graph = {
        module: {
            each.target
            for each in imports_of(module, text, names)
            if not each.late and not each.typing and each.target in names
        }
        for module, text in texts.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return ring
    return []


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_only_what_its_room_may(module: str) -> None:
    assert violations(module, SOURCES[module]) == []


@pytest.mark.parametrize("module", sorted(MODULES))
def test_stands_in_a_room_that_the_table_knows(module: str) -> None:
    assert room_of(module) in TABLE.keys() | FRONT_DOORS


def test_no_ring_of_imports_at_run_time() -> None:
    assert cycle(SOURCES) == []


def test_the_whole_vocabulary_is_there() -> None:
    assert {f"pileup.{name}" for name in VOCABULARY} <= MODULES


def test_every_folder_is_looked_at() -> None:
    assert {"pileup.sim.kernel", "pileup.fakes.world", "pileup.reports.text"} <= MODULES


FORBIDDEN = [
    ("pileup.errors", "from pileup.choices import Tape"),
    ("pileup.operations", "import pileup.choices"),
    ("pileup.history", "import trio"),
    ("pileup.history", "from pileup.sim.kernel import Sim"),
    ("pileup.history", "from . import results"),
    ("pileup.sim.kernel", "from pileup.strategies import make"),
    ("pileup.sim.kernel", "from pileup import strategies"),
    ("pileup.sim.kernel", "from ..explore.judge import judge"),
    ("pileup.sim.kernel", "def late() -> None:\n    from pileup.fakes import World"),
    ("pileup.sim.kernel", "async def late() -> None:\n    import pileup.search.runs.judge"),
    ("pileup.sim.kernel", "if TYPE_CHECKING:\n    from pileup.search.runs.judge import judge"),
    ("pileup.sim.runtimes", "RUNTIMES = {'judge': 'pileup.search.runs.judge'}"),
    ("pileup.strategies.auto", "from pileup.strategies.dull import Dull"),
    ("pileup.strategies.auto", "from .dull import Dull"),
    ("pileup.strategies.dull", "from pileup.strategies import make"),
    ("pileup.strategies.dull", "from pileup.history import History"),
    ("pileup.detectors.lost", "from pileup.choices import Tape"),
    ("pileup.search.runs.judge", "from pileup.reports.text import render"),
    ("pileup.search.runs.judge", "from pileup.api import explore"),
    ("pileup.search.runs.judge", "import pileup"),
    ("pileup.search.runs.judge", "from pileup.search.proving.prover import Prover"),
    ("pileup.search.explorer", "from pileup.search.campaigns.campaign import Campaign"),
    ("pileup.search.keeping.saved", "from pileup.search.campaigns import diary"),
    ("pileup.fakes.files", "from pileup.fakes.memory import Memory"),
    ("pileup.fakes.files", "from pileup.fakes import Memory"),
    ("pileup.fakes.files", "from pileup.search.runs.judge import judge"),
    ("pileup.fakes._port", "from pileup.fakes.files import Files"),
    ("pileup.scenarios.pair", "from pileup.fakes.files import Files"),
    ("pileup.scenarios.pair", "from pileup.findings import Finding"),
    ("pileup.scenarios.pair", "from pileup.reports.text import render"),
    ("pileup.reports.text", "from pileup.sim.kernel import Sim"),
    ("pileup.reports.text", "import rich"),
    ("pileup.cli", "from pileup.api import explore"),
    ("pileup.pytest_plugin", "import pileup.cli"),
]


@pytest.mark.parametrize(("module", "text"), FORBIDDEN)
def test_a_made_up_violation_is_caught(module: str, text: str) -> None:
    assert violations(module, text) != []


ALLOWED = [
    ("pileup", "from pileup.api import explore"),
    ("pileup.cli", "import pileup"),
    ("pileup.cli", "from pileup.reports.text import render"),
    ("pileup.results", "from pileup.findings import Finding"),
    ("pileup.sim.kernel", "from .agents import Agent"),
    ("pileup.strategies", "from pileup.strategies.dull import Dull"),
    ("pileup.fakes.files", "from pileup.fakes._port import Cell"),
    ("pileup.fakes.files.tree", "from pileup.fakes.files.text import Text"),
    ("pileup.fakes.world", "from pileup.fakes.files import Files"),
    ("pileup.search.campaigns.hired", "from pileup.search.campaigns.forked import Forked"),
    ("pileup.search.campaigns.campaign", "from pileup.search.explorer import Explorer"),
    ("pileup.scenarios.pair", "import pileup\nfrom pileup.fakes import World"),
    ("pileup.scenarios.pair", "from pileup.scenarios.work import documents"),
    ("pileup.errors", "import json\nfrom collections import Counter"),
]


@pytest.mark.parametrize(("module", "text"), ALLOWED)
def test_what_the_table_allows_is_not_reported(module: str, text: str) -> None:
    assert violations(module, text) == []


def test_a_made_up_ring_is_caught() -> None:
    texts = {"a": "import b", "b": "try:\n    from c import x\nfinally:\n    pass", "c": "import a"}
    assert set(cycle(texts)) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "text", ["if TYPE_CHECKING:\n    import b", "def late() -> None:\n    import b"]
)
def test_what_is_not_imported_at_once_makes_no_ring(text: str) -> None:
    assert cycle({"a": text, "b": "import a"}) == []


def test_the_else_of_type_checking_happens_at_run_time() -> None:
    text = "if TYPE_CHECKING:\n    x = 1\nelse:\n    import b"
    assert cycle({"a": text, "b": "import a"}) != []


def test_a_violation_names_its_line_and_the_rule() -> None:
    (said,) = violations("pileup.errors", "\n\nimport pileup.choices")
    assert "line 3: pileup.errors imports pileup.choices" in said
    assert "section 10" in said
