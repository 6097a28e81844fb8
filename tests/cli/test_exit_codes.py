"""What a command's exit code says, and what is said when it is not 0."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import Call, Start

import pileup
from pileup.cli.exits import CLEAN, FINDINGS, HARNESS, TOLD, USAGE
from pileup.errors import InternalError

QUICK = ("--no-saved", "--runs", "20")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("name", "code"), [("HARDENED", CLEAN), ("NAIVE", FINDINGS)])
@pytest.mark.parametrize("command", ["explore", "compare"])
def test_clean_is_0_and_a_finding_is_1(name: str, code: int, command: str, call: Call) -> None:
    assert call(command, f"shop:{name}", "--runs", "20").code == code


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dmeo"], "No such command 'dmeo'"),
        (["explore"], "Missing argument 'MODULE:NAME'"),
        (["explore", "shop:NAIVE", "--runz", "1"], "No such option"),
        (["explore", "shop:NAIVE", "--runs", "many"], "not a valid integer"),
        (["explore", "shop:NAIVE", "--runs", "0"], "`runs` must be a whole number"),
        (["explore", "shop:NAIVE", "--agents", "0"], "`agents` must be a whole number"),
        (["explore", "shop:NAIVE", "--strategy", "luck"], "There is no strategy 'luck'"),
        (["explore", "shop:NAIVE", "--faults", "4am"], "the name of a profile"),
        (["explore", "shop:BOTH", "--agents", "5"], "names its agents one by one"),
        (["explore", "shop:NAIVE", "--saved", "shop.py"], "it is a file"),
        (["explore", "shop:NAIVE", "--report", "no/x.json"], "there is no folder no"),
        (["explore", "shop:NAIVE", "--seconds", "-1"], "`seconds` must be a number"),
        (["replay", "pileup1-00000000-x", "shop:NAIVE"], "damaged"),
        (["compare", "--agents", "3"], "--agents says nothing to topologies"),
        (["compare", "--runs", "0"], "`runs` must be a whole number"),
        (["compare", "--workers", "0"], "`workers` must be a whole number"),
        (["compare", "shop:NAIVE", "--no-controls"], "--no-controls is for topologies"),
        (["compare", "shop:NAIVE", "pileup.scenarios.topologies.mesh:MESH"], "name nothing else"),
        (["list", "faults", "shop"], "pileup's own"),
        (["report", "nothing.json"], "does not exist"),
    ],
)
def test_wrong_usage_is_2_and_nothing_is_printed(words: list[str], said: str, call: Call) -> None:
    done = call(*words)
    assert (done.code, done.out) == (USAGE, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_program_that_is_not_deterministic_is_3(shop: Path, call: Call) -> None:
    shop.write_text(
        "count = []\n\n\nasync def counts(world):\n    count.append(1)\n"
        "    await world.memory.set('n', len(count))\n",
        "utf-8",
    )
    done = call("explore", "shop:counts", *QUICK)
    assert (done.code, done.out) == (HARNESS, "")
    assert "The same choices led to two different runs" in done.err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("error", [InternalError("a promise is broken"), KeyError("missing")])
def test_a_bug_of_pileups_is_3_and_asks_to_be_reported(
    error: Exception, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explore(*_: object, **__: object) -> None:
        raise error

    # As if it came from pileup's own code: a test's frames would count as the user's.
    monkeypatch.setitem(explore.__globals__, "__name__", "pileup.made_up")
    monkeypatch.setattr(pileup, "explore", explore)
    done = call("explore", "shop:NAIVE")
    assert (done.code, done.out) == (HARNESS, "")
    assert "this should not happen" in done.err
    assert "--traceback" in done.err
    assert "Traceback" not in done.err
    traced = call("explore", "shop:NAIVE", "--traceback")
    assert "Traceback (most recent call last)" in traced.err
    assert "in explore" in traced.err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "words", [["--traceback", "compare", "no:X"], ["compare", "no:X", "--traceback"]]
)
def test_a_traceback_may_be_asked_for_before_and_behind_the_command(
    words: list[str], call: Call
) -> None:
    assert "Traceback" in call(*words).err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def helper():\n    return 1 / 0\n\n\nhelper()\n", "in helper"),
        ("def f(:\n", "SyntaxError"),
        ("import no_such_thing_at_all\n", "The Python that looks for 'no_such_thing_at_all' is"),
        ("raise SystemExit(0)\n", "__main__"),
        ("raise ValueError\n", "ValueError"),
        ("assert False, 'not yet'\n", "not yet"),
    ],
)
@pytest.mark.parametrize("name", ["shop:f", "shop.py:f"])
def test_what_a_module_raises_is_2_and_shows_the_users_frames_alone(
    text: str, told: str, name: str, shop: Path, call: Call
) -> None:
    shop.write_text(text, "utf-8")
    done = call("explore", name)
    assert (done.code, done.out) == (USAGE, "")
    assert told in done.err
    assert "shop.py" in done.err.splitlines()[0] + done.err.splitlines()[1]
    assert "named.py" not in done.err
    assert "importlib" not in done.err


@pytest.mark.parametrize("raised", ["1 / 0", "raise SystemExit(0)", "world.nothing_there"])
def test_what_setup_raises_is_2_and_shows_the_users_frames_alone(
    raised: str, shop: Path, call: Call
) -> None:
    text = (
        f"from pileup.fakes import World\n\n\ndef start(sim):\n    world = World(sim)\n    {raised}"
    )
    shop.write_text(f"{text}\n\n\nasync def idle(world):\n    pass\n", "utf-8")
    done = call("explore", "shop:idle", "--setup", "shop:start", "--no-saved")
    assert (done.code, done.out) == (USAGE, "")
    assert "in start" in done.err
    assert "your own code raised this" in done.err
    assert "runner.py" not in done.err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("shop", "shop is a whole module. Write one of shop:add_entry, shop:locked"),
        ("shop.py", "Write one of shop.py:add_entry"),
        ("shop:", "MODULE:NAME"),
        (":pay", "MODULE:NAME"),
        ("shop:add_entyr", "Write one of shop:add_entry."),
        ("shop:NAIVE.nothing", "has no 'NAIVE.nothing'"),
        ("shp:NAIVE", "There is no module 'shp'"),
        ("shp.py:NAIVE", "There is no file shp.py"),
        ("shop.more:NAIVE", "There is no module 'shop.more'"),
        ("..shop:NAIVE", "MODULE:NAME"),
        ("shop:pileup", "An agent is a function"),
    ],
)
def test_a_name_that_leads_nowhere_says_what_to_write(name: str, told: str, call: Call) -> None:
    done = call("explore", name)
    assert done.code == USAGE
    assert told in done.err


def test_a_file_in_a_package_is_imported_under_its_whole_name(
    tmp_path: Path, shop: Path, start: Start
) -> None:
    package = tmp_path / "deep" / "store"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "names.py").write_text("NAME = 'entries'\n", "utf-8")
    text = shop.read_text("utf-8").replace('"""A shop."""', "from .names import NAME")
    (package / "agents.py").write_text(text, "utf-8")
    done = start("explore", "deep/store/agents.py:HARDENED", *QUICK)
    assert (done.code, done.err) == (CLEAN, "")


def test_a_file_whose_name_is_taken_is_refused(tmp_path: Path, call: Call, shop: Path) -> None:
    (tmp_path / "json.py").write_text(shop.read_text("utf-8"), "utf-8")
    done = call("explore", "json.py:NAIVE")
    assert done.code == USAGE
    assert "another module 'json'" in done.err


def test_help_names_every_code(call: Call) -> None:
    told = call("--help").out
    for code in ("0  nothing", "1  something", "2  the command", "3  pileup", "130  interrupted"):
        assert code in TOLD
        assert code in told
