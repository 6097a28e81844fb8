r"""Names and values as they may be shown: agents and models may call themselves anything.

What a terminal would take as an order, what turns the direction of reading and
what cannot be seen is spelled out (`\x1b`); what is too long says how much of
it is left out.
"""

from __future__ import annotations

import re
from typing import Final

UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
    # It joins emoji into one, and is to be seen only where it joins something else.
    "|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
)
"""Controls, turns of direction, halves of letters, and what has no width."""

LINES: Final = re.compile("[\t\n]")
NAME: Final = 160
SENTENCE: Final = 2_000


def plain(text: str) -> str:
    """Spell out what would give an order or not be seen; lines stay lines."""
    return UNSEEN.sub(_spelled, text)


def name(text: str, most: int = NAME) -> str:
    """Make one line of it, short enough to stand among others."""
    if len(text) <= most and text.isascii() and text.isprintable():
        return text  # because nearly all are, and a run has a million of them
    return LINES.sub(_spelled, plain(shortened(text, most)))


def sentence(text: str) -> str:
    """Make a line or more of it that somebody may still read."""
    return plain(shortened(text, SENTENCE))


def shortened(text: str, most: int) -> str:
    """Leave the end out of what is too long, and say how much that is."""
    left = len(text) - most
    return text if left <= 0 else f"{text[:most]}... ({left:,} more letters)"


def _spelled(found: re.Match[str]) -> str:
    return repr(found.group())[1:-1]
