"""What the shell completes, asked as a shell asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import Start

SAVED = ".pileup/add_entry-f2cc9eff-lost_write-802315315332.json"


def completed(start: Start, line: str, shell: str = "bash") -> list[str]:
    """Complete the last word of a line."""
    words = line.split(" ")
    asked = {
        "_PILEUP_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
    }
    done = start(**asked)
    assert (done.code, done.err) == (0, "")
    return done.out.splitlines()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pileup re", ["plain,replay", "plain,report"]),
        ("pileup explore --no-s", ["plain,--no-saved", "plain,--no-shrink"]),
        ("pileup explore shop:x --strategy s", ["plain,surw", "plain,systematic"]),
        ("pileup run shop:x --strategy ro", ["plain,round_robin"]),
        ("pileup explore shop:x --faults l", ["plain,lossy-acks"]),
        ("pileup explore shop:x --backend t", ["plain,trio"]),
        ("pileup list s", ["plain,scenarios", "plain,strategies", "plain,saved"]),
        ("pileup explore sh", ["file,sh"]),
        ("pileup report sh", ["file,sh"]),
    ],
)
def test_bash_is_offered_what_fits(line: str, offered: list[str], start: Start) -> None:
    assert completed(start, line) == offered


@pytest.mark.parametrize("command", ["replay", "export"])
def test_saved_failures_are_offered(command: str, shop: Path, start: Start) -> None:
    (shop.parent / ".pileup").mkdir()
    (shop.parent / SAVED).touch()
    assert completed(start, f"pileup {command} .pi") == [f"plain,{SAVED}"]
    assert completed(start, f"pileup {command} ") == [f"plain,{SAVED}"]
    assert completed(start, f"pileup {command} tok") == ["file,tok"]


def test_zsh_and_fish_are_told_what_each_means(start: Start) -> None:
    assert completed(start, "pileup explore a:b --faults non", "zsh") == [
        *("plain", "none", "nothing goes wrong"),
    ]
    offered = completed(start, "pileup explore a:b --faults non", "fish")
    assert offered == ["plain,none\tnothing goes wrong"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_given_its_script(shell: str, start: Start) -> None:
    done = start(_PILEUP_COMPLETE=f"{shell}_source", PATH="/usr/bin:/bin")
    if shell == "bash" and done.code:  # click asks bash for its version, where there is one
        pytest.skip(f"no bash that click can use: {done.err}")
    assert "_PILEUP_COMPLETE" in done.out
