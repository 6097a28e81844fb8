"""Tapes as short text, safe to paste into a terminal, an issue or a test.

A token is `pileup1-<checksum>-<text>`: a version, eight hex digits that catch
damage before anything is parsed, and the tape as compressed JSON. There is no
pickle in it: opening someone else's token runs nothing. Sizes are checked
before anything is unpacked, because a token may come from anywhere.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any, Final

from pileup.choices import STREAMS, Stream, Tape
from pileup.errors import BadToken
from pileup.settings import Limits

PREFIX: Final = "pileup1"
LONGEST_TOKEN: Final = 4_000_000
LONGEST_TEXT: Final = 64_000_000
PAIR: Final = 2


@dataclass(frozen=True)
class Ticket:
    """A tape together with what it belongs to.

    `program` names the agents and how many there were; `backend` the runtime
    it was recorded under; `digest` is the fingerprint of the history, by which
    a replay knows that it saw the same thing; `faults` the plan that was in
    force, as JSON, without which its choices mean nothing; `timed` says whether
    calls took time; `oracle` is the seed of the serial oracle, if it was asked;
    `limits` say which agents stood by after how many operations.
    """

    tape: Tape
    program: str = ""
    agents: int = 0
    backend: str = "native"
    digest: str = ""
    faults: str = ""
    timed: bool = False
    oracle: int | None = None
    limits: Limits | None = None


def encode(ticket: Ticket) -> str:
    """Write a ticket as a token."""
    tape = ticket.tape.trimmed()
    names = list(dict.fromkeys(label for each in tape.labels.values() for label in each))
    numbers = {name: number for number, name in enumerate(names)}
    page = {
        "program": ticket.program,
        "agents": ticket.agents,
        "backend": ticket.backend,
        "digest": ticket.digest,
        **({"faults": ticket.faults} if ticket.faults else {}),
        **({"timed": True} if ticket.timed else {}),
        **({"oracle": ticket.oracle} if ticket.oracle is not None else {}),
        **({"limits": _limits_page(ticket.limits)} if ticket.limits is not None else {}),
        "names": names,
        "choices": {name: tape.stream(name) for name in STREAMS if tape.stream(name)},
        "labels": {key: [numbers[each] for each in value] for key, value in tape.labels.items()},
    }
    packed = zlib.compress(json.dumps(page, separators=(",", ":")).encode(), 9)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return f"{PREFIX}-{zlib.crc32(text.encode()):08x}-{text}"


def decode(token: str) -> Ticket:
    """Read a token, or say what is wrong with it."""
    page = _unpack(_checked(token))
    try:
        return _read(page)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadToken(
            f"The replay token is intact but does not hold a tape ({type(error).__name__}: "
            f"{error}). It was probably not written by pileup; copy the token that the report "
            "printed after 'replay:'."
        ) from None


def _checked(token: object) -> str:
    if not isinstance(token, str):
        raise BadToken(
            f"A replay token is a text; {type(token).__name__} was given. Copy the whole token "
            "that the report printed after 'replay:', in quotes."
        )
    text = token.strip()
    if len(text) > LONGEST_TOKEN:
        raise BadToken(
            f"The replay token is {len(text):,} characters long; the longest that pileup writes "
            f"has {LONGEST_TOKEN:,}. Something else was probably pasted with it."
        )
    version, _, rest = text.partition("-")
    if version != PREFIX:
        raise BadToken(
            f"This is not a replay token of this version of pileup: it begins with "
            f"{text[:12]!r}, and a token begins with '{PREFIX}-'. Copy the whole token that the "
            "report printed after 'replay:'."
        )
    checksum, _, body = rest.partition("-")
    if f"{zlib.crc32(body.encode('utf-8', 'replace')):08x}" != checksum:
        raise BadToken(
            f"The replay token is damaged: its checksum does not fit its {len(body)} characters. "
            "It was probably cut or wrapped when it was copied; copy it again in one piece."
        )
    return body


def _unpack(body: str) -> dict[str, Any]:  # Any: JSON, typed by _read
    try:
        packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        inflate = zlib.decompressobj()
        text = inflate.decompress(packed, LONGEST_TEXT)
        if inflate.unconsumed_tail:
            raise BadToken(f"The replay token unpacks to more than {LONGEST_TEXT:,} bytes.")
        page = json.loads(text)
    except (binascii.Error, zlib.error, ValueError, RecursionError) as error:
        raise BadToken(
            f"The replay token cannot be unpacked ({type(error).__name__}: {error}). "
            "It was probably not written by pileup."
        ) from None
    if not isinstance(page, dict):
        raise BadToken("The replay token holds no tape. It was probably not written by pileup.")
    return page


def _read(page: dict[str, Any]) -> Ticket:
    names = [str(name) for name in page["names"]]
    choices = {key: _naturals(page["choices"].get(key, [])) for key in STREAMS}
    labels: dict[Stream, tuple[str, ...]] = {
        key: tuple(names[number] for number in _naturals(page["labels"][key]))
        for key in STREAMS
        if key in page["labels"]
    }
    for key, each in labels.items():
        if len(each) != len(choices[key]):
            raise ValueError(f"{len(each)} labels for {len(choices[key])} choices")
    tape = Tape(choices["schedule"], choices["faults"], choices["data"], labels)
    (agents,) = _naturals([page["agents"]])
    program, backend, digest = (str(page[name]) for name in ("program", "backend", "digest"))
    faults, timed = str(page.get("faults", "")), page.get("timed") is True
    oracle = int(page["oracle"]) if "oracle" in page else None
    limits = _limits(page["limits"]) if "limits" in page else None
    return Ticket(tape, program, agents, backend, digest, faults, timed, oracle, limits)


def _limits_page(limits: Limits) -> dict[str, object]:
    return {"agents": limits.agents, "most": limits.most, "stops": limits.stops}


def _limits(page: dict[str, Any]) -> Limits:  # Any: JSON, looked at here
    (agents,) = _naturals([page["agents"]])
    pairs = [_naturals(pair) for pair in page["most"]]
    if any(len(pair) != PAIR for pair in pairs):
        raise ValueError("a limit is an agent and a number")
    return Limits(agents, tuple((who, most) for who, most in pairs), page["stops"] is True)


def _naturals(numbers: list[object]) -> tuple[int, ...]:
    for number in numbers:
        if type(number) is not int or number < 0:
            raise ValueError(f"{number!r:.60} is not a choice")
    return tuple(number for number in numbers if isinstance(number, int))
