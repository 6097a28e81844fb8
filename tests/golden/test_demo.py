"""What a newcomer sees first: the demo, word for word (a new token aside)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.markdown import resembles

from pileup.cli import main

SHOWN = Path(__file__).parent / "demo.txt"


def demo(hash_seed: str) -> str:
    command = [sys.executable, "-c", "from pileup.cli import main; main(['demo'])"]
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_the_demo_tells_its_story_the_same_in_every_process() -> None:
    told = demo("1")
    assert resembles(SHOWN.read_text("utf-8"), told), told
    assert demo("2") == told


def test_a_wrong_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dmeo"]) == 2
    assert "No such command 'dmeo'" in capsys.readouterr().err
