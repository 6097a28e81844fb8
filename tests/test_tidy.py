"""Tidiness as a test: each banned name comes with what to write instead."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("harness", "fakes", "scenarios", "reports")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
}

CHOICES = "the run's choices, `sim.choose(...)`, so that it is on the tape"
CLOCK = "the run's clock, `sim.now`, or an operation with a delay"
ORDER = "a counter (`sim.count`) or the thing's own name; `is` tells whether two are one"
SORTED = "`sorted(...)`, or a dict, whose order is that of insertion"
JSON = "text or JSON: opening what someone else has saved must be safe"


class Ban(NamedTuple):
    """A name, what to write instead, and whether harness/sim/ must do without it as well."""

    name: str
    instead: str
    in_sim: bool = False


BANS = {
    ban.name: ban
    for ban in (
        Ban("random", CHOICES),
        Ban("uuid", CHOICES),
        Ban("secrets", CHOICES),
        Ban("os.urandom", CHOICES),
        Ban("time", CLOCK),
        Ban("datetime.now", CLOCK),
        Ban(
            "print",
            "a returned text; the command line writes with click.echo",
            in_sim=True,
        ),
        Ban("id", ORDER, in_sim=True),
        Ban("hash", ORDER, in_sim=True),
        Ban("order of a set", SORTED, in_sim=True),
        Ban("pickle", JSON, in_sim=True),
        Ban("marshal", JSON, in_sim=True),
        Ban("shelve", JSON, in_sim=True),
        Ban("bare except", "the exceptions that are meant, by name", in_sim=True),
    )
}

ALLOWED = {
    ("harness/strategies/_draws.py", "random"): "it is where random choices come from, seeded",
    ("harness/spelling.py", "id"): "an identity test within one call; the number goes nowhere",
    ("harness/sim/swaps.py", "id"): "it finds objects, which it keeps alive, and orders nothing",
    (
        "harness/search/accounts/stopping.py",
        "time",
    ): "a budget in real seconds decides how many runs are made, no verdict",
    (
        "scenarios/controls/retrying.py",
        "random",
    ): "an agent's own jitter, drawn as any user draws it: in a run that is a choice",
    ("harness/sim/asyncio_parts.py", "hash"): "tasks hash by serial number there, on purpose",
}

LONGEST = 200
LONGER = {"harness/sim/kernel.py": 300}

MODULE_BANS = frozenset(("random", "uuid", "secrets", "time", "pickle", "marshal", "shelve"))
DOTTED_BANS = {
    ("os", "urandom"): "os.urandom",
    **{("datetime", name): "datetime.now" for name in ("now", "utcnow", "today")},
    ("date", "today"): "datetime.now",
}
MEMBER_BANS = {("os", "urandom"): "os.urandom"}
NAME_BANS = frozenset(("print", "id", "hash"))

SETS = frozenset(("set", "frozenset"))
SET_OPERATORS = (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)
SET_METHODS = frozenset(("union", "intersection", "difference", "symmetric_difference"))
IN_ORDER = frozenset(
    ("chain", "dict", "enumerate", "filter", "iter", "list", "map", "tuple", "zip")
)


class Use(NamedTuple):
    """A banned thing and the line that it was met on."""

    name: str
    line: int


def uses(text: str) -> list[Use]:
    found: list[Use] = []
    for node in ast.walk(ast.parse(text)):
        found += [Use(name, getattr(node, "lineno", 0)) for name in _banned(node)]
        found += [Use("order of a set", each.lineno) for each in _iterated(node) if _is_set(each)]
    return sorted(found, key=lambda use: use.line)


def _banned(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (each.name for each in node.names if each.name in MODULE_BANS)
        case ast.ImportFrom(level=0):
            yield from _from(node)
        case ast.Attribute():
            owner = ast.unparse(node.value).rpartition(".")[2]
            yield from _known(DOTTED_BANS.get((owner, node.attr)))
        case ast.Name(ctx=ast.Load()) if node.id in NAME_BANS:
            yield node.id
        case ast.ExceptHandler(type=None):
            yield "bare except"


def _known(name: str | None) -> Iterator[str]:
    if name is not None:
        yield name


def _from(node: ast.ImportFrom) -> Iterator[str]:
    if node.module in MODULE_BANS:
        yield str(node.module)
    for alias in node.names:
        yield from _known(MEMBER_BANS.get((str(node.module), alias.name)))


def _iterated(node: ast.AST) -> Iterator[ast.expr]:
    """Find what a node takes one by one, in an order that shows."""
    match node:
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield node.iter
        case ast.Starred() | ast.YieldFrom():
            yield node.value
        case ast.Call(func=ast.Name(id=name)) if name in IN_ORDER:
            yield from node.args
        case ast.Call(func=ast.Attribute(attr="join" | "extend" | "fromkeys")):
            yield from node.args


def _is_set(node: ast.expr | None) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in SETS
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in SET_METHODS
        case ast.BinOp(op=operator) if isinstance(operator, SET_OPERATORS):
            return _is_set(node.left) or _is_set(node.right)
    return False


def complaints(path: str, text: str) -> list[str]:
    return [
        f"{path}:{use.line}: {use.name} is banned; use {BANS[use.name].instead}"
        for use in uses(text)
        if _applies(BANS[use.name], path)
    ]


def _applies(ban: Ban, path: str) -> bool:
    if (path, ban.name) in ALLOWED:
        return False
    return ban.in_sim or not path.startswith("harness/sim/")


def code_lines(text: str) -> int:
    """Count the lines that hold code: no blanks, comments or docstrings."""
    silent = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (*silent, tokenize.ENDMARKER):
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - _docstring_lines(text))


def _docstring_lines(text: str) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            lines.update(range(body[0].lineno, body[0].end_lineno + 1))
    return lines


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def opening_faults(text: str) -> list[str]:
    """Say what a module's first lines lack."""
    body = ast.parse(text).body
    if not body or not _is_docstring(body[0]):
        return ["no docstring: say what the module is for"]
    has_future = len(body) > 1 and ast.unparse(body[1]) == "from __future__ import annotations"
    # A package that is only its docstring has no annotation to postpone.
    return [] if has_future or len(body) == 1 else ["no `from __future__ import annotations`"]


# A path that exists on one machine, and a place that packages come from: both
# mean that something was copied which others do not have.
MACHINE = re.compile(r"(?<![\w.~/-])/(?:root|work|home)(?![\w-])")
INDEX = re.compile(r"\bpypi\.\w+|\bpythonhosted\.\w+|\bindex[-_]url\b", re.IGNORECASE)


def machine_traces(text: str) -> list[str]:
    return [
        f"line {number}: {found.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern in (MACHINE, INDEX)
        for found in pattern.finditer(line)
    ]


def text_files() -> list[str]:
    """List what is committed or about to be: what git tracks, and new files it does not ignore."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(name for name in found.stdout.split("\0") if name and (ROOT / name).is_file())


@pytest.mark.parametrize("path", SOURCES)
def test_uses_no_banned_name(path: str) -> None:
    assert complaints(path, SOURCES[path]) == []


@pytest.mark.parametrize("path", SOURCES)
def test_opens_with_what_it_is_for(path: str) -> None:
    assert opening_faults(SOURCES[path]) == []


@pytest.mark.parametrize("path", SOURCES)
def test_is_short_enough_to_be_read_at_once(path: str) -> None:
    assert code_lines(SOURCES[path]) <= LONGER.get(path, LONGEST)


def test_no_file_tells_of_one_machine() -> None:
    traces: list[str] = []
    for name in text_files():
        text = (ROOT / name).read_text("utf-8", errors="replace")
        traces += [f"{name}, {trace}" for trace in machine_traces(text)]
    assert traces == []


def test_the_listing_of_files_is_not_empty() -> None:
    assert {"pyproject.toml", "harness/errors.py"} <= set(text_files())


def test_every_exception_is_still_needed() -> None:
    needed = {(path, use.name) for path, text in SOURCES.items() for use in uses(text)}
    assert ALLOWED.keys() <= needed
    assert LONGER.keys() <= SOURCES.keys()


VIOLATIONS = [
    ("random", "import random"),
    ("random", "from random import choice"),
    ("random", "import random as dice"),
    ("random", "def late() -> None:\n    import random"),
    ("uuid", "import uuid"),
    ("secrets", "from secrets import token_hex"),
    ("os.urandom", "import os\nos.urandom(8)"),
    ("os.urandom", "from os import urandom"),
    ("time", "import time"),
    ("time", "from time import monotonic"),
    ("datetime.now", "datetime.now()"),
    ("datetime.now", "import datetime\ndatetime.datetime.now(tz)"),
    ("datetime.now", "date.today()"),
    ("print", "print('found')"),
    ("id", "table[id(thing)] = 1"),
    ("id", "things.sort(key=id)"),
    ("hash", "sorted(things, key=lambda each: hash(each))"),
    ("order of a set", "for x in {1, 2}:\n    pass"),
    ("order of a set", "for x in set(names):\n    pass"),
    ("order of a set", "[x for x in {y for y in names}]"),
    ("order of a set", "list(set(names))"),
    ("order of a set", "tuple(frozenset(names))"),
    ("order of a set", "', '.join({*names})"),
    ("order of a set", "[*set(names)]"),
    ("order of a set", "for x in set(names) | others:\n    pass"),
    ("order of a set", "for x in names.union(others):\n    pass"),
    ("order of a set", "for n, x in enumerate(set(names)):\n    pass"),
    ("order of a set", "def each() -> None:\n    yield from set(names)"),
    ("pickle", "import pickle"),
    ("pickle", "from pickle import loads"),
    ("bare except", "try:\n    pass\nexcept:\n    pass"),
]


@pytest.mark.parametrize(("name", "text"), VIOLATIONS)
def test_a_made_up_violation_is_caught_with_its_replacement(name: str, text: str) -> None:
    (said,) = complaints("fakes/made_up.py", text)
    assert f"{name} is banned; use {BANS[name].instead}" in said


def test_every_ban_has_a_made_up_violation() -> None:
    similar = {"marshal", "shelve"}  # caught where pickle is
    assert {name for name, _ in VIOLATIONS} | similar == BANS.keys()


@pytest.mark.parametrize(
    "text",
    [
        "sorted({1, 2})",
        "len(set(names))",
        "for x in sorted(set(names)):\n    pass",
        "x in {1, 2}",
        "x in set(names) | others",
        "for x in [1] + [2]:\n    pass",
        "for x in (1, 2):\n    pass",
        "for x in {1: 2}:\n    pass",
        "sim.now + 1",
        "self.random.time()",
        "finding.id",
        "def __hash__(self) -> int: ...",
        "from pileup.strategies.random import Random",
        "try:\n    pass\nexcept BaseException:\n    pass",
    ],
)
def test_what_only_looks_alike_is_not_reported(text: str) -> None:
    assert complaints("fakes/made_up.py", text) == []


def test_the_kernel_may_look_at_clocks_but_not_at_the_order_of_a_set() -> None:
    text = "import time\nfor x in set(names):\n    print(x)"
    assert [said.split(" is ")[0] for said in complaints("harness/sim/made_up.py", text)] == [
        "harness/sim/made_up.py:2: order of a set",
        "harness/sim/made_up.py:3: print",
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ('"""Docstring\n\nof three lines."""\n', 0),
        ("# comment\n\nx = 1  # said\n", 1),
        ("def f():\n    '''Say.'''\n    return (\n        1,\n    )\n", 4),
        ("x = '''a\nb'''\n", 2),
    ],
)
def test_code_is_counted_without_what_explains_it(text: str, count: int) -> None:
    assert code_lines(text) == count


@pytest.mark.parametrize(
    "text",
    ["", "import json", "from __future__ import annotations\nx = 1", '"""Say."""\nimport json'],
)
def test_a_bare_opening_is_caught(text: str) -> None:
    assert opening_faults(text) != []


SLASH = "/"  # apart from the names below, or this page would report itself


@pytest.mark.parametrize(
    "text",
    [
        f"run {SLASH}root/venvs/dev/bin/python",
        f"see '{SLASH}work/main'",
        f"HOME={SLASH}home",
        "--index" + "-url https://mirror.example/simple",
        "https://pypi" + ".org/simple",
        "https://files.pythonhosted" + ".org/packages",
    ],
)
def test_a_trace_of_a_machine_is_caught(text: str) -> None:
    assert len(machine_traces(text)) == 1


@pytest.mark.parametrize("text", ["~/work/x", "framework/home", "a/root/b", "PyPI", "/workers"])
def test_what_only_looks_like_a_machine_is_not_reported(text: str) -> None:
    assert machine_traces(text) == []
