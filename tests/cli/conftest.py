"""A shop in a folder of its own, and a way to call `pileup` on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import SHOP, Call, Done, Start

from pileup.cli import main


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a folder with a shop."""
    file = tmp_path / "shop.py"
    file.write_text(SHOP, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("shop", None)
    yield file
    sys.modules.pop("shop", None)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call `pileup` in this process."""

    def called(*words: str) -> Done:
        code = main(words)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return called


@pytest.fixture
def start() -> Start:
    """Call `pileup` in a process of its own."""

    def started(*words: str, **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "pileup.cli", *words],
            capture_output=True,
            env={"PATH": "", **environment},
            check=False,
        )
        out, err = (each.decode("utf-8", "replace") for each in (done.stdout, done.stderr))
        return Done(done.returncode, out.replace("\r\n", "\n"), err.replace("\r\n", "\n"))

    return started
