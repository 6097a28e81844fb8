"""An exported test: it stands alone, fails as long as the bug is there, and passes once mended."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import pileup
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.faults import Rule
from pileup.findings import Finding
from pileup.search.keeping.export import export, name_of
from pileup.search.keeping.literals import quoted

SHOP = """\
import pileup
from pileup.fakes import World


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.memory.seed(entries=[])
    return world


async def add_entry(world: World, me: pileup.Agent) -> None:
{body}

async def idle(world: World) -> None:
    await world.memory.get("other")


def whole(world: World) -> None:
    assert len(world.memory.peek("entries")) == 3
"""

RACE = """\
    entries = await world.memory.get("entries")
    await world.memory.set("entries", [*entries, me.name])
"""

MENDED = """\
    async with world.memory.lock():
        entries = await world.memory.get("entries")
        await world.memory.set("entries", [*entries, me.name])
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a user's module."""
    (tmp_path / "shop_to_export.py").write_text(SHOP.format(body=RACE), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("shop_to_export", None)
    yield import_module("shop_to_export")
    sys.modules.pop("shop_to_export", None)


def exported(kind: str = "lost_write", **given: Any) -> str:
    scenario = pileup.Scenario(**given)
    found = pileup.explore(scenario)
    finding = next(each for each in found.findings if each.kind == kind)
    return export(scenario.explorer(), finding)


def is_formatted(text: str, folder: Path) -> bool:
    path = folder / "formatted.py"
    path.write_text(text, "utf-8")
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--check", str(path)]
    widths = ([*ruff, "--line-length", width] for width in ("79", "100"))
    return all(subprocess.run(each, check=False).returncode == 0 for each in widths)


def run_pytest(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_exported.py").write_text(text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_exported.py"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer to load than the test
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=environment, check=False
    )


def test_it_fails_before_and_passes_with_the_mended_agent(shop: Any, tmp_path: Path) -> None:
    text = exported(agent=shop.add_entry, setup=shop.start, agents=5)
    before = run_pytest(tmp_path, text)
    assert before.returncode == 1, before.stdout
    assert "1. lost_write (critical): " in before.stdout
    (tmp_path / "shop_to_export.py").write_text(SHOP.format(body=MENDED), "utf-8")
    after = run_pytest(tmp_path, text)
    assert after.returncode == 0, after.stdout
    assert "1 passed" in after.stdout


EXPECTED = '''\
"""What pileup found: add_entry-0 wrote over a change of memory[entries] by add_entry-1
that it had never seen.

add_entry-0 read memory[entries], version 0: [] (event 1, shop_to_export.py:12 in
add_entry).
Then add_entry-1 wrote ['add_entry-1'], which made version 1 (event 4,
shop_to_export.py:13 in add_entry).
add_entry-0, still going by that, wrote ['add_entry-0'] over it: version 2 (event 6,
shop_to_export.py:13 in add_entry).
What add_entry-1 had changed is gone, and nobody was told.

What helps: {advice}

The test fails as long as this is so, and passes once the agents are mended.
"""

import pileup
from pileup.strategies.spelled import Spelled
from shop_to_export import add_entry, start

ORDER = """\\
add_entry-0: read memory[entries]
add_entry-1: read memory[entries]
add_entry-1: write memory[entries]
add_entry-0: write memory[entries]
"""


def test_lost_write_of_memory_entries() -> None:
    pileup.explore(
        add_entry,
        setup=start,
        agents=2,
        runs=1,
        strategy=Spelled(ORDER),
    ).assert_clean()
'''


def test_it_is_short_and_says_it_all(shop: Any, tmp_path: Path) -> None:
    text = exported(agent=shop.add_entry, setup=shop.start, agents=5)
    start, _, rest = EXPECTED.partition("{advice}")
    assert text.startswith(start)
    assert text.endswith(rest)
    assert is_formatted(text, tmp_path)


def test_different_agents_are_listed_and_the_idle_ones_left_out(shop: Any, tmp_path: Path) -> None:
    agents = [shop.idle, shop.add_entry, shop.idle, shop.add_entry]
    text = exported(agent=agents, setup=shop.start)
    assert "        add_entry,\n        setup=start,\n        agents=2,\n" in text
    assert "add_entry-0: read" in text
    assert "add_entry-3" not in text.partition("ORDER")[2]
    assert run_pytest(tmp_path, text).returncode == 1


def test_agents_that_matter_to_the_check_stay(shop: Any, tmp_path: Path) -> None:
    agents = [shop.idle, shop.add_entry]
    text = exported("check_failed", agent=agents, setup=shop.start, check=shop.whole)
    assert "check=whole" in text
    assert run_pytest(tmp_path, text).returncode == 1
    assert is_formatted(text, tmp_path)


def test_what_cannot_be_imported_is_to_be_done(tmp_path: Path) -> None:
    async def adds(world: World) -> None:
        await world.memory.set("n", (await world.memory.get("n") or 0) + 1)

    text = exported(agent=functools.partial(adds))
    line = adds.__code__.co_firstlineno
    path = "test_what_cannot_be_imported_is_to_be_done.<locals>.adds"
    assert (
        f"# TODO: import or define adds here; it is made with functools.partial of {path}" in text
    )
    assert f" in test_export.py, line {line}." in text
    assert str(Path(__file__).parent) not in text
    assert is_formatted(text, tmp_path)
    ast.parse(text)


async def test_agent(world: World) -> None:
    await world.memory.set("n", (await world.memory.get("n") or 0) + 1)


test_agent.__test__ = False  # type: ignore[attr-defined] # it is an agent


def test_an_agent_that_is_called_like_a_test_is_imported_under_another_name() -> None:
    text = exported(agent=test_agent)
    assert "import test_agent as the_test_agent" in text
    assert "        the_test_agent,\n" in text


async def pays_twice(world: World) -> None:
    for _ in range(2):
        await world.memory.add("paid", 1)


def paid_twice(world: World) -> None:
    assert world.memory.peek("paid") == 2


def test_conditions_are_given_as_they_were(tmp_path: Path) -> None:
    text = exported(
        "check_failed",
        agent=pays_twice,
        agents=1,
        check=paid_twice,
        faults=[
            Rule(
                "crash",
                on="*memory*",
                nth=(2, 9),
                window=(0, float("inf")),
                odds=0.5,
                moment="before",
            )
        ],
        budgets=pileup.Budgets(steps=5_000),
        timed=True,
        backend="asyncio",
    )
    for line in ("faults=FAULTS", "timed=True", 'backend="asyncio"', "steps=5000"):
        assert f"{line},\n" in text
    assert 'nth=(2, 9),\n        window=(0, float("inf")),\n        moment="before",\n' in text
    assert "fault: crash, pays_twice-0: add memory[paid]\n" in text
    assert is_formatted(text, tmp_path)
    assert fails(text)


def fails(text: str, **namespace: object) -> bool:
    """Run an exported test in this process."""
    exec(compile(text, "exported", "exec"), namespace)
    (test,) = (each for name, each in namespace.items() if name.startswith("test_"))
    assert callable(test)
    try:
        test()
    except AssertionError:
        return True
    return False


HOSTILE = [
    'a"""\nimport os; os.abort()\n"""',
    "{name} {0} {} %s",
    "\\",
    '\'\'\'"""\\"""',
    "\ud800\x00\r\n\u2028\x1b[2J",
    "fault: x\nclock\ndata: y=1",
    "größe  ",
]


@pytest.mark.parametrize("key", HOSTILE)
def test_nothing_gets_out_of_its_literal(key: str, tmp_path: Path) -> None:
    agent = _writes(key)
    text = exported(agent=agent)
    tree = ast.parse(text)
    kinds = [type(node).__name__ for node in tree.body]
    assert kinds == ["Expr", "Import", "ImportFrom", "Assign", "FunctionDef"]
    assert all(each.isprintable() for line in text.split("\n") for each in line)
    assert is_formatted(text, tmp_path)
    assert fails(text, writes=agent)


def _writes(key: str) -> Callable[..., Any]:
    async def writes(world: World) -> None:
        value = await world.memory.get(key) or 0
        await world.memory.set(key, value + 1)

    return writes


@pytest.mark.parametrize("text", [*HOSTILE, "it's", 'say "x"', "both ' and \"", "''\""])
def test_a_literal_is_what_it_says_and_formatted(text: str, tmp_path: Path) -> None:
    assert ast.literal_eval(quoted(text)) == text
    assert is_formatted(f"x = {quoted(text)}\n", tmp_path)


@pytest.mark.parametrize(
    ("resource", "key", "name"),
    [
        ("memory", "entries", "test_lost_write_of_memory_entries"),
        ("files", "data/config.json", "test_lost_write_of_files_data_config_json"),
        ("", "", "test_lost_write"),
        ("ä", "!", "test_lost_write"),
        ("x" * 99, "", f"test_lost_write_of_{'x' * 51}"),
    ],
)
def test_the_test_is_named_by_what_went_wrong(resource: str, key: str, name: str) -> None:
    finding = Finding("lost_write", "high", "t", "e", resource=resource, key=key)
    assert name_of(finding) == name


def test_what_was_not_proved_or_is_not_there_is_not_exported(shop: Any) -> None:
    scenario = pileup.Scenario(shop.add_entry, setup=shop.start)
    (finding,) = pileup.explore(scenario).findings
    with pytest.raises(UsageError, match="no replay token"):
        export(scenario.explorer(), replace(finding, replay=""))
    with pytest.raises(UsageError, match="no longer show this"):
        export(scenario.explorer(), replace(finding, key="other"))
