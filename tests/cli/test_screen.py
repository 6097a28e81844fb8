"""What reaches a terminal: colours where somebody sees them, and nobody's orders."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import Call, Start

from pileup.cli.colours import coloured
from pileup.reports.plain import plain

ESCAPE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
FEW = ("--no-saved", "--runs", "20")


def on_terminal(*words: str, **environment: str) -> str:
    """Run `pileup` before a terminal, and return all that it shows."""
    outer, inner = pty.openpty()
    settings = {"PATH": "", "TERM": "xterm-256color", "COLUMNS": "80", **environment}
    command = [sys.executable, "-m", "pileup.cli", *words]
    with subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, env=settings):
        os.close(inner)
        shown = b""
        while select.select([outer], [], [], 30)[0]:
            try:
                part = os.read(outer, 1 << 16)
            except OSError:  # how Linux says that nobody is there any more
                break
            if not part:
                break
            shown += part
    os.close(outer)
    return shown.decode("utf-8", "replace").replace("\r\n", "\n")


def test_a_terminal_is_shown_the_worst_in_red(shop: Path, start: Start) -> None:
    shown = on_terminal("explore", "shop:NAIVE", "--quiet", *FEW)
    assert "\x1b[31m\x1b[1mlost_write (critical)\x1b[0m" in shown
    assert "\x1b[1m >   1  add_entry-" in shown
    assert shop.is_file()
    assert ESCAPE.sub("", shown) == start("explore", "shop:NAIVE", *FEW).out


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ((), {"NO_COLOR": "1"}),
        ((), {"TERM": "dumb"}),
        (("--no-color",), {}),
    ],
)
def test_colours_can_be_done_without(words: tuple[str, ...], environment: dict[str, str]) -> None:
    shown = on_terminal("explore", "shop:NAIVE", "--quiet", *FEW, *words, **environment)
    assert "lost_write (critical)" in shown
    assert "\x1b" not in shown


@pytest.mark.usefixtures("shop")
def test_colours_can_be_asked_for(call: Call) -> None:
    for words in (("explore", "shop:NAIVE", *FEW, "--color"), ("--color", "compare", "shop:NAIVE")):
        assert "\x1b[31m\x1b[1mlost_write (critical)" in call(*words).out
    assert "\x1b" not in call("explore", "shop:NAIVE", *FEW).out


def test_long_work_shows_how_far_it_has_come(shop: Path) -> None:
    shown = on_terminal("explore", "shop:HARDENED", "--no-saved", "--seconds", "1.2")
    assert re.search(r"shop:HARDENED .*[\d,]+ runs  [\d,]+/s  0 findings  0:0\d left", shown)
    assert shown.index("left") < shown.index("runs clean")
    assert shop.is_file()


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("words", [("--quiet",), ("--json",)])
def test_progress_is_not_shown_to_who_wants_the_result_alone(words: tuple[str, ...]) -> None:
    shown = on_terminal("explore", "shop:HARDENED", "--no-saved", "--seconds", "1", *words)
    assert "left" not in ESCAPE.sub("", shown).partition("explorations")[0]
    assert "0 findings" not in shown


HOSTILE = "\x1b[31mred\x1b]0;title\x07\r\x9b2J\u202e\u2066\u200f\x00\ud800\u2028"


def test_what_a_terminal_would_take_as_an_order_is_spelled_out() -> None:
    said = plain(HOSTILE)
    assert said == (r"\x1b[31mred\x1b]0;title\x07\r\x9b2J\u202e\u2066\u200f\x00\ud800\u2028")
    assert plain("a\tb\nc é ☃ 👩\u200d💻") == "a\tb\nc é ☃ 👩\u200d💻"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("command", ["explore", "run", "compare", "list"])
def test_no_order_of_an_agents_reaches_the_terminal(command: str, shop: Path, call: Call) -> None:
    text = f"""\
import pileup


async def fails(world):
    await world.memory.set({HOSTILE!r}, {HOSTILE!r})
    raise ValueError({HOSTILE!r})


fails.__name__ = {HOSTILE!r}
FAILS = pileup.Scenario(fails)
"""
    shop.write_text(text, "utf-8")
    words = ["list", "scenarios", "shop"] if command == "list" else [command, "shop:FAILS"]
    done = call(*words)
    assert done.out
    assert not set(HOSTILE) - set("[31mred]0;title2J\\") & set(done.out + done.err)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("command", ["explore", "run", "list"])
def test_a_terminal_that_knows_ascii_alone_is_no_obstacle(
    command: str, shop: Path, start: Start
) -> None:
    text = shop.read_text("utf-8").replace("me.name]", "'☃é']").replace("Add a", "Add ☃ a")
    shop.write_text(text, "utf-8")
    words = ["list", "scenarios", "shop"] if command == "list" else [command, "shop:NAIVE"]
    done = start(*words, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.code == (1 if command == "explore" else 0), done.err
    assert r"\u2603" in done.out


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("name", "code"), [("NAIVE", 1), ("HARDENED", 0)])
def test_a_reader_that_goes_away_changes_no_exit_code(name: str, code: int) -> None:
    command = [sys.executable, "-m", "pileup.cli", "explore", f"shop:{name}", *FEW]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("pileup: 200 runs clean. And more.", "\x1b[32m"),
        ("pileup: 2 distinct findings in 200 runs", "\x1b[31m"),
        ("1. torn_read (high): half of it", "\x1b[35m"),
        ("                   445  budget_overrun (medium)", "\x1b[33m"),
        ("STILL FAILING: lost_write: x", "\x1b[31m"),
        ("FIXED: lost_write: x", "\x1b[32m"),
        ("warning: this search", "\x1b[33m"),
        ("   what helps: a lock", "\x1b[32m"),
    ],
)
def test_colours_say_how_it_stands_and_change_no_letter(line: str, sign: str) -> None:
    assert sign in coloured(line)
    assert ESCAPE.sub("", coloured(line)) == line


def test_what_means_nothing_has_no_colour() -> None:
    text = "replay: pileup.replay(...)\n\n   1  add_entry-0  read\nnothing (high) here"
    assert coloured(text) == text
