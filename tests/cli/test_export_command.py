"""`pileup export`: a failure as a test that stands alone, or a run for another tool."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import Call
from support.exported import expect_trace
from support.sessions import without_others

from pileup.cli import main
from pileup.cli.exporting import FORMS as NAMES
from pileup.reports.exports import FORMS

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
    pytest_it = ("-m", "pytest", "-q", *without_others(()), test)
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


# For other tools ---------------------------------------------------------------------------------


def written(call: Call, *words: str, to: str) -> None:
    """Write down what a command prints."""
    Path(to).write_text(call(*words).out, "utf-8")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_written_to_a_file_that_its_tool_opens(form: str, call: Call) -> None:
    written(call, "explore", "shop:add_entry", "--json", "--no-saved", to="found.json")
    done = call("export", "found.json", "--as", form, "-o", ".")
    assert done == (0, f"lost_write_of_memory_entries.{FORMS[form].suffix}\n", "")
    text = Path(done.out.strip()).read_text("utf-8")
    assert call("export", "found.json", "--as", form).out == f"{text}\n"


def test_the_command_offers_every_form() -> None:
    assert tuple(FORMS) == NAMES[1:]


@pytest.mark.usefixtures("shop")
def test_a_clean_run_is_exported_under_the_name_of_what_was_run(call: Call) -> None:
    written(call, "run", "shop:locked", "--json", to="run.json")
    assert call("export", "run.json", "--as", "elle", "-o", ".").out == "shop_locked.elle.json\n"


@pytest.mark.usefixtures("shop")
def test_what_a_file_tells_of_is_not_run(shop: Path, call: Call) -> None:
    written(call, "run", "shop:add_entry", "--json", to="run.json")
    shop.write_text("raise SystemExit('it was imported')", "utf-8")
    assert call("export", "run.json", "--as", "shiviz").code == 0


def test_a_saved_failure_and_its_token_are_the_same_history(saved: Path, call: Call) -> None:
    by_file = call("export", str(saved), "shop:add_entry", "--as", "perfetto")
    assert by_file.code == 0
    expect_trace(by_file.out)
    (token,) = dict.fromkeys(re.findall(r"pileup1-[\w-]+", saved.read_text("utf-8")))
    by_token = call("export", token, "shop:add_entry", "--as", "perfetto")
    assert by_token == by_file


def test_what_agents_print_is_not_in_it(saved: Path, call: Call) -> None:
    Path("shop.py").write_text(SHOP.replace("    await", "    print('ready')\n    await"), "utf-8")
    done = call("export", str(saved), "shop:add_entry", "--as", "perfetto")
    expect_trace(done.out)
    assert "ready" in done.err


@pytest.mark.usefixtures("shop")
def test_of_several_runs_the_one_that_is_named_is_meant(call: Call) -> None:
    written(call, "compare", "shop:NAIVE", "shop:HARDENED", "shop:add_entry", "--json", to="a.json")
    assert call("export", "a.json", "shop:NAIVE", "--as", "elle").code == 0
    several = call("export", "a.json", "--as", "elle")
    assert (several.code, several.out) == (2, "")
    assert "a.json has 2 runs in it. Name the one that is meant: shop:NAIVE, shop:add_entry." in (
        several.err
    )
    other = call("export", "a.json", "shop:HARDENED", "--as", "elle")
    assert "has no run of shop:HARDENED. There is one of shop:NAIVE, shop:add_entry." in other.err


@pytest.mark.usefixtures("shop")
def test_a_report_without_a_run_says_where_to_get_one(call: Call) -> None:
    written(call, "explore", "shop:locked", "--json", to="clean.json")
    done = call("export", "clean.json", "--as", "otlp")
    assert done.code == 2
    assert "`pileup run MODULE:NAME --json` writes one" in done.err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--as", "elle", "--setup", "shop:start"], "--setup says nothing. Leave it out."),
        ([], "To write its run for another tool, add --as"),
        (["--as", "dot"], "'dot' is not one of 'pytest', 'perfetto', 'otlp', 'elle', 'shiviz'"),
    ],
)
def test_what_does_not_fit_a_report_is_refused(words: list[str], said: str, call: Call) -> None:
    written(call, "run", "shop:add_entry", "--json", to="run.json")
    done = call("export", "run.json", *words)
    assert done.code == 2
    assert said in " ".join(done.err.split())


@pytest.mark.parametrize("words", [[], ["--as", "perfetto"]])
def test_a_token_alone_is_not_enough(saved: Path, words: list[str], call: Call) -> None:
    done = call("export", str(saved), *words)
    assert done.code == 2
    assert "Name what was explored as well" in done.err


def test_what_is_mended_shows_nothing_to_export(saved: Path, call: Call) -> None:
    Path("shop.py").write_text(MENDED, "utf-8")
    for words in ([], ["--as", "perfetto"]):
        done = call("export", str(saved), "shop:add_entry", *words)
        assert done.code == 2
        assert "it shows nothing any more" in done.err
