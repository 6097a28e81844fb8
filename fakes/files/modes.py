"""What the mode of `open` means: `"r+"`, `"wb"`, `"x"`."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

LETTERS: Final = frozenset("rwxabt+")
FLAGS: Final = {
    "r": 0,
    "w": os.O_CREAT | os.O_TRUNC,
    "x": os.O_CREAT | os.O_EXCL,
    "a": os.O_CREAT | os.O_APPEND,
}


class Mode(NamedTuple):
    """How a file is to be opened."""

    flags: int
    text: bool
    raw: str
    """How `FileIO` calls it."""

    @property
    def updating(self) -> bool:
        """Whether it is for reading and writing."""
        return "+" in self.raw

    @property
    def reads(self) -> bool:
        """Whether it begins by reading."""
        return "r" in self.raw


def parse(mode: str) -> Mode:
    """Read a mode; refuse what the real `open` refuses, in its words."""
    letters = set(mode)
    if letters - LETTERS or len(mode) > len(letters):
        raise ValueError(f"invalid mode: {mode!r}")
    if "t" in letters and "b" in letters:
        raise ValueError("can't have text and binary mode at once")
    kinds = [each for each in FLAGS if each in letters]
    if len(kinds) != 1:
        raise ValueError("must have exactly one of create/read/write/append mode")
    kind, plus = kinds[0], "+" in letters
    access = os.O_RDWR if plus else os.O_RDONLY if kind == "r" else os.O_WRONLY
    raw = "rb+" if plus and kind in "rw" else f"{kind}b{'+' if plus else ''}"
    return Mode(FLAGS[kind] | access, "b" not in letters, raw)
