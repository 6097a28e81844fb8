"""Histories in a few words, for tests of detectors: `a:r x1, b:r x1, a:w x2, b:w x3`.

An event is `who:deed`, and events are parted by commas, semicolons or lines.

who     `a`; `a.1` its task number 1; `a/draft` within a unit of work: what has
        one name is one unit. Where it is met first more can be said of it:
        `a(alice)` its session, `b<a` that a started it.
deed    `r x1` read, `w x2` write over, `c x2` change in view of what is there,
        `u x2` update (which commutes), each with the version that it had or
        made. Any other operation is its name and what it touches:
        `commit(w x2 w y2)`, `POST(u charges)`, `end`.
item    `x` or `files[a.json]`; the version behind it may be left out: then a
        read has the present one, and a write makes the next.
and     `=5` or `="a b"` is the value, `!` it failed, `?` its outcome is not
        known, `??` its agent gave up before it took effect, `~lost` a fault
        befell it, `@3.5` the time from now on, `{intent=a key=k1}` what its
        note says.

The version that is met first is there from the start: `r x1` begins at 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from pileup.errors import UsageError
from pileup.history import FAIL, INFO, OK, Event, History, Outcome, Row, Who
from pileup.notes import Note, Step
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Access, Item, Touch
from pileup.spelling import Brief

LETTERS: Final[dict[str, Access]] = {"r": READ, "w": WRITE, "c": CHANGE, "u": UPDATE}
OUTCOMES: Final[dict[str, Outcome]] = {"": OK, "!": FAIL, "?": INFO, "??": INFO}
GIVEN_UP: Final = "??"

ITEM: Final = (
    r"(?P<resource>[A-Za-z_](?:[\w.-]*[A-Za-z_.-])?)(?:\[(?P<key>[^\]]*)\])?(?P<version>\d*)"
)
VALUE: Final = r'(?:=(?P<value>"[^"]*"|[^\s!?~@{}(),;]+))?'
EVENT: Final = re.compile(
    r"(?P<agent>[A-Za-z][\w-]*)(?:\((?P<session>[^)]*)\))?(?:<(?P<parent>[\w-]+))?"
    r"(?:\.(?P<task>\d+))?(?:/(?P<step>[\w-]+))?"
    r"\s*:\s*(?P<deed>.+)",
    re.DOTALL,
)
SHORT: Final = re.compile(rf"(?P<letter>[rwcu])\s+{ITEM}{VALUE}(?P<rest>.*)", re.DOTALL)
LONG: Final = re.compile(
    rf"(?P<name>[A-Za-z_][A-Za-z_][\w -]*?)\s*(?:\((?P<touches>[^)]*)\))?{VALUE}"
    r"(?P<rest>(?:\s*[!?~@{].*)?)",
    re.DOTALL,
)
TOUCH: Final = re.compile(rf"(?P<letter>[rwcu])\s+{ITEM}(?=\s|$)")
REST: Final = re.compile(
    r"(?P<outcome>\?\?|[!?]?)\s*(?:~(?P<fault>\w+))?\s*(?:@(?P<time>[\d.]+))?\s*(?:\{(?P<note>[^}]*)\})?"
)
PART: Final = re.compile(r'(?:"[^"]*"|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|[^,;\n])+')
NAMES: Final = {READ: "read", WRITE: "write", CHANGE: "change", UPDATE: "update"}


@dataclass
class _Telling:
    """A history that is being told."""

    agents: dict[str, Who] = field(default_factory=dict)
    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    parents: dict[tuple[int, int], int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    time: float = 0.0


def told(text: str) -> History:
    """Return the history that a few words tell."""
    telling = _Telling()
    for part in PART.findall(text):
        if part.strip():
            _tell(telling, part.strip())
    return History(telling.agents.values(), telling.rows, telling.parents)


def _tell(telling: _Telling, text: str) -> None:
    event = EVENT.fullmatch(text)
    if event is None:
        _refuse(text, "it should be `who:deed`, as in `a:r x1`")
    agent = _agent(telling, event)
    short = SHORT.fullmatch(event["deed"])
    if short is not None:
        access = LETTERS[short["letter"]]
        name, touched, deed = NAMES[access], [_touch(telling, short, text)], short
    else:
        long = LONG.fullmatch(event["deed"])
        if long is None:
            _refuse(text, "its deed should be `r x1`, `w x2`, or `name(w x2 r y1)`")
        name, deed = long["name"], long
        touched = [_touch(telling, each, text) for each in _touches(long["touches"] or "", text)]
    rest = REST.fullmatch(deed["rest"].strip())
    if rest is None:
        _refuse(text, f"what follows the deed, {deed['rest'].strip()!r}, cannot be read")
    telling.time = float(rest["time"] or telling.time)
    outcome = OUTCOMES[rest["outcome"]]
    given_up = rest["outcome"] == GIVEN_UP
    versions = () if given_up else tuple(version for _, version in touched)
    if outcome != FAIL and not given_up:
        for (item, access), version in touched:
            item.version = max(item.version, version) if access == READ else version
    telling.rows.append(
        Row(
            name,
            tuple(touch for touch, _ in touched),
            versions,
            agent,
            int(event["task"] or 0),
            _step(telling, event),
            len(telling.rows),
            telling.time,
            outcome,
            _value(deed["value"]),
            rest["fault"],
            _note(rest["note"], text),
        )
    )


def _agent(telling: _Telling, event: re.Match[str]) -> int:
    name, session, parent = event["agent"], event["session"], event["parent"]
    if name not in telling.agents:
        whose = telling.agents.get(parent or "")
        inherited = whose.session if whose is not None else name
        role = name.rstrip("0123456789").rstrip("-") or name
        telling.agents[name] = Who(name, inherited if session is None else session, role, parent)
    number = list(telling.agents).index(name)
    if event["task"] is not None:
        telling.parents.setdefault((number, int(event["task"])), 0)
    return number


def _step(telling: _Telling, event: re.Match[str]) -> Step | None:
    name = event["step"]
    if name is None:
        return None
    label = f"{event['agent']}/{name}"
    return telling.steps.setdefault(label, Step(name, len(telling.steps)))


def _touches(text: str, whole: str) -> Iterator[re.Match[str]]:
    at = 0
    for each in TOUCH.finditer(text):
        if text[at : each.start()].strip():
            break
        at = each.end()
        yield each
    if text[at:].strip():
        _refuse(whole, f"what it touches, {text[at:].strip()!r}, should be as in `w x2 r y1`")


def _touch(telling: _Telling, part: re.Match[str], whole: str) -> tuple[Touch, int]:
    """Return what is touched, and the version that it had or gets."""
    access, name = LETTERS[part["letter"]], (part["resource"], part["key"] or "")
    given = int(part["version"]) if part["version"] else None
    item = telling.items.get(name)
    if item is None:
        item = telling.items[name] = Item(*name)
        item.version = (given or 0) if access == READ else (given or 1) - 1
    if access == READ:
        version = item.version if given is None else given
        if version > item.version:
            _refuse(whole, f"{item.name} is at version {item.version}, and nobody has made a later")
    else:
        version = item.version + 1
        if given not in (None, version):
            _refuse(whole, f"{item.name} is at version {item.version}, so this makes {version}")
    return Touch(item, access), version


def _value(text: str | None) -> Brief:
    if text is None:
        return None
    if text.startswith('"'):
        return text[1:-1]
    return int(text) if text.lstrip("-").isdigit() else text


def _note(text: str | None, whole: str) -> Note | None:
    if text is None:
        return None
    facts: dict[str, Any] = {}  # Any: each fact has its own type
    for part in text.split():
        name, _, value = part.partition("=")
        facts[name] = _fact(name, value)
    try:
        return Note.parse(facts)
    except ValueError as error:
        _refuse(whole, str(error))


def _fact(name: str, value: str) -> object:
    """Read one fact: `path=1>client,2>loop` and `sent=m1,m2` are lists."""
    if name == "path":
        pairs = (each.partition(">") for each in value.split("+"))
        return [(int(number), place) for number, _, place in pairs]
    if name in ("sent", "got", "caps"):
        return value.split("+")
    if name in ("effect", "unheard", "whole", "skips", "partial"):
        return value in ("", "yes")
    if name in ("intent", "key", "message", "refused"):
        return value
    return float(value) if re.fullmatch(r"\d+\.\d+", value) else _value(value)


def _refuse(event: str, why: str) -> NoReturn:
    raise UsageError(
        f"The event {event!r} cannot be read: {why}. A history is told as in "
        '"a:r x1, b:r x1, a:w x2, b:w x3"; pileup.detectors.notation says more.'
    )


def spelled(history: History) -> str:
    """Write a history down as `told` reads it: agents, deeds, versions and outcomes."""
    return ", ".join(_spell(event) for event in history)


def _spell(event: Event) -> str:
    letters = {access: letter for letter, access in LETTERS.items()}
    items = " ".join(
        f"{letters[seen.access]} {seen.name}{'' if seen.version is None else seen.version}"
        for seen in event.items
    )
    short = len(event.items) == 1 and NAMES[event.items[0].access] == event.name
    deed = items if short else f"{event.name}({items})" if items else event.name
    task = f".{event.strand}" if event.strand else ""
    step = f"/{event.step}" if event.step is not None else ""
    mark = next(mark for mark, outcome in OUTCOMES.items() if outcome == event.outcome)
    if mark == "?" and any(seen.version is None for seen in event.items):
        mark = GIVEN_UP
    return f"{event.agent}{task}{step}:{deed}{mark}"
