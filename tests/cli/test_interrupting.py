"""Ctrl-C keeps what has been found: tried on a real process, with a real signal."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

WAITS = """

import sys

count = []


def counted(sim):
    count.append(1)
    if len(count) == 60:
        sys.stderr.write("now\\n")
        sys.stderr.flush()
    return World(sim)
"""


def interrupted(shop: Path, *words: str) -> tuple[int, str, str]:
    """Press Ctrl-C when the sixtieth run begins."""
    shop.write_text(shop.read_text("utf-8") + WAITS, "utf-8")
    command = [sys.executable, "-m", "pileup.cli", *words, "--setup", "shop:counted"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as going:
        assert going.stderr is not None
        assert going.stderr.readline() == "now\n"
        going.send_signal(signal.SIGINT)
        try:
            out, err = going.communicate(timeout=60)
        finally:
            going.kill()  # who has not heard it would go on for an hour
    return going.returncode, out, err


ENDLESS = ("--no-saved", "--runs", "9000000")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_was_found_is_told_and_the_code_is_1(workers: str, shop: Path) -> None:
    code, out, err = interrupted(shop, "explore", "shop:NAIVE", "--workers", workers, *ENDLESS)
    assert code == 1, err
    assert "1. lost_write (critical)" in out
    assert "\nwarning: Interrupted after " in out
    assert "Traceback" not in err


def test_with_nothing_found_it_says_how_far_it_came_and_the_code_is_130(shop: Path) -> None:
    code, out, err = interrupted(shop, "explore", "shop:HARDENED", *ENDLESS)
    assert code == 130, err
    assert " runs clean" in out
    assert "\nwarning: Interrupted after " in out
    assert err == ""


def test_a_comparison_ends_with_the_one_that_was_at_it(shop: Path) -> None:
    words = ("shop:HARDENED", "shop:NAIVE", "--runs", "9000000")
    code, out, err = interrupted(shop, "compare", *words)
    assert code == 130, err
    assert "shop:HARDENED" in out
    assert "shop:NAIVE" not in out
    assert "interrupted; what comes after is left out" in err


def test_before_anything_has_run_it_is_130_as_well(shop: Path) -> None:
    text = shop.read_text("utf-8")
    raised = "raise KeyboardInterrupt"
    shop.write_text(text.replace("import pileup\n", f"import pileup\n\n{raised}\n", 1), "utf-8")
    command = [sys.executable, "-m", "pileup.cli", "explore", "shop:NAIVE"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
