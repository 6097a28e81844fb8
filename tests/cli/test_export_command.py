"""`pileup export`: a saved failure as a test that stands alone, tried as a user would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pileup.cli import main

SHOP = """\
import pileup


async def add_entry(world, me):
    entries = await world.memory.get("entries") or []
    await world.memory.set("entries", [*entries, me.name])


SCENARIO = pileup.Scenario(add_entry, agents=5)
"""
MENDED = SHOP.replace(
    "    entries = await", "    async with world.memory.lock():\n        entries = await"
).replace("    await world.memory.set", "        await world.memory.set")


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Find a race in a shop of a folder's own, and return the file that it was saved in."""
    (tmp_path / "shop.py").write_text(SHOP, "utf-8")
    _python(tmp_path, "-c", "import pileup, shop; pileup.explore(shop.SCENARIO, saved='.pileup')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    (file,) = (tmp_path / ".pileup").glob("*.json")
    return file


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("agent", ["shop:add_entry", "shop:SCENARIO"])
def test_what_is_exported_fails_until_the_agents_are_mended(
    saved: Path, agent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(saved), agent, "-o", "."]) == 0
    test = capsys.readouterr().out.strip()
    assert test == "test_lost_write_of_memory_entries.py"
    pytest_it = ("-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    folder = saved.parents[1]
    failed = _python(folder, *pytest_it)
    assert "lost_write" in failed.stdout
    assert failed.returncode == 1
    (folder / "shop.py").write_text(MENDED, "utf-8")
    assert _python(folder, *pytest_it).returncode == 0


def test_without_a_folder_it_is_printed(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(saved), "shop:add_entry"]) == 0
    assert "add_entry-1: write memory[entries]\nadd_entry-0: write" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.json", "shop:add_entry"], "is no saved failure"),
        (["pileup1-00000000-x", "shop:add_entry"], "damaged"),
        ([".pileup/README.txt", "shop:add_entry"], "no replay token in .pileup/README.txt"),
    ],
)
def test_what_is_no_failure_is_refused(
    saved: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert saved.is_file()
    assert main(["export", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_imported_is_refused(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(saved), "shop:nothing"]) == 2
    assert "Write one of shop:add_entry" in capsys.readouterr().err
    assert main(["export", str(saved), "no_such_module"]) == 2
