"""Marks: texts that can be recognised wherever they turn up again.

Each session has a canary (`me.secret`); what a faulty answer makes up is marked
as well, and where a rule names the wrong answer itself, that is watched from
then on. So a rule that repeats parts of its prompt carries them on, and the log
and the history show where they went.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from pileup.fakes.model.answers import Reply

CANARY: Final = "canary"
KINDS: Final = ("wrong", "invented")
SHORTEST: Final = 5
"""Given wrong answers below this length are not looked for: they are in every text."""


def mark(kind: str, text: str) -> str:
    """Make the mark of a faulty answer: the same for the same mistake about the same thing."""
    return f"{kind}-{blake2b(text.encode(errors='backslashreplace'), digest_size=3).hexdigest()}"


def made_up(told: Reply, right: Reply, asked: str) -> Iterator[str]:
    """Return what can be recognised in a wrong answer that a rule names.

    Of one that is JSON its texts, because callers take it apart. Not what the
    right answer says as well, nor what was in the prompt: whoever is given the
    same choice would seem to repeat it.
    """
    known = f"{asked}\n{right.spoken}"
    for spoken in (told.text, *(call.arguments for call in told.tool_calls)):
        for text in _texts(spoken):
            if len(text) >= SHORTEST and text not in known:
                yield text


def _texts(spoken: str) -> list[str]:
    try:
        value = json.loads(spoken)
    except (ValueError, RecursionError):
        return [spoken.strip()]
    found: list[str] = []
    layer = [value]
    while layer:
        part = layer.pop(0)
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, list | dict):
            layer += part.values() if isinstance(part, dict) else part
    return found
