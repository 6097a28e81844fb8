"""What a Lua script may touch beside the keys that it was given, as far as its text tells.

Redis lets a script reach for any key. The keys that are handed to it are
declared; a script that may go further declares the whole keyspace, because
what it will do is only known when it is too late to say so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pileup.fakes.cache.commands import PRIVATE, plan_of

CALL: Final = re.compile(rb"redis\s*\.\s*p?call\b")
PLAIN_CALL: Final = re.compile(
    rb"redis\.p?call\s*\(\s*(?:'(\w+)'|\"(\w+)\")\s*(?:\)|,\s*([A-Za-z_]\w*(?:\[\s*\d+\s*\])?)\s*[,)])"
)
ALIAS: Final = re.compile(rb"\blocal\s+(\w+)\s*=\s*KEYS\[\s*\d+\s*\]\s*(?:;|\n|$)")
GIVEN: Final = re.compile(rb"KEYS\[\s*\d+\s*\]")


@lru_cache(maxsize=256)
def reaches_out(script: bytes) -> bool:
    """Whether a script may touch keys that it was not given."""
    calls = PLAIN_CALL.findall(script)
    if len(calls) != len(CALL.findall(script)) or script.count(b"redis") != len(calls):
        return True
    aliases = {each for each in ALIAS.findall(script) if _is_set_once(each, script)}
    return not all(_stays(one or two, key, aliases) for one, two, key in calls)


def _is_set_once(name: bytes, script: bytes) -> bool:
    return len(re.findall(rb"\b%b\s*=[^=]" % name, script)) == 1


def _stays(command: bytes, key: bytes, aliases: set[bytes]) -> bool:
    name = command.decode().lower()
    if name in PRIVATE:
        return True
    plan = plan_of(name)
    is_given = key in aliases or GIVEN.fullmatch(key) is not None
    return is_given and all(use.place == "0" for use in plan.uses)
