r"""Texts and values that any reader takes, whatever agents are called and wherever they write.

JSON can spell half of a surrogate pair, and many readers refuse it; it has no
NaN, and numbers that do not fit in a float are changed by some. So halves are
spelled out (`\ud800`), and such numbers are texts.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Final

from pileup.spelling import Brief

HALF: Final = re.compile("[\ud800-\udfff]")
NO_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What ends a line somewhere, or cannot be shown."""

EXACT: Final = 1 << 53
"""Up to here every whole number is a float as well."""


def dump(page: object) -> str:
    """Write JSON on one line, in ASCII."""
    text = json.dumps(page, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if text.isascii():
        return text
    whole = HALF.sub(lambda half: f"\\\\u{ord(half.group()):04x}", text)
    return json.dumps(json.loads(whole), separators=(",", ":"))


def line(text: str) -> str:
    """Spell out what cannot stand in a line of text."""
    return NO_LINE.sub(lambda found: repr(found.group())[1:-1], text)


def plain(value: Brief) -> Brief:
    """Return a value as each reader of JSON takes it."""
    if isinstance(value, float) and not isfinite(value):
        return repr(value)
    if isinstance(value, int) and abs(value) > EXACT:
        return str(value)
    return value
