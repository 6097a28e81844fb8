"""A log with vector clocks, for ShiViz: who could have known of what.

A host is an agent, or one of its tasks. An event knows of all that its task
did before, of whoever made what it read or changed, of its sender if it takes
a message, and of what its agent was started by. The first line of the file is
the expression that ShiViz takes the log apart with, the second one would part
several runs and is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

from pileup.events import OK, Event
from pileup.history import History
from pileup.reports.exports import ties
from pileup.reports.exports.texts import dump, line, plain

PARSER: Final = r"(?<number>\d+) (?<host>\S+) (?<clock>{\S+}) (?<event>.*)"

NOT_IN_A_NAME: Final = '"\\'
LONGEST_NAME: Final = 40
TAKEN: Final = frozenset(
    (
        *("__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__"),
        *("__lookupSetter__", "constructor", "hasOwnProperty", "isPrototypeOf"),
        *("propertyIsEnumerable", "toLocaleString", "toString", "valueOf"),
    )
)
"""What every object of JavaScript has, so that ShiViz would take it for a host it knows."""

Clock = dict[str, int]


def write(history: History) -> str:
    """Write a history as a log with vector clocks."""
    events = list(history)
    sources = _sources(history, events)
    hosts, now, clocks = _Hosts(), dict[str, Clock](), list[Clock]()
    lines = [PARSER, ""]
    for event in events:
        host = hosts.of(event)
        clock = now.setdefault(host, {host: 0})
        for source in sources.get(event.number, ()):
            _learn(clock, clocks[source])
        clock[host] += 1
        clocks.append(dict(clock))
        lines.append(f"{event.number} {host} {dump(clock)} {_told(event)}")
    return "\n".join(lines)


def _sources(history: History, events: list[Event]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for tie in (*ties.started(history, events), *ties.read(events), *ties.messages(events)):
        found.setdefault(tie.target, []).append(tie.source)
    return found


def _learn(clock: Clock, other: Clock) -> None:
    for host, time in other.items():
        if clock.get(host, 0) < time:
            clock[host] = time


def _told(event: Event) -> str:
    return line(" ".join(filter(None, _parts(event)))) or "?"


def _parts(event: Event) -> Iterator[str]:
    yield event.name
    yield ", ".join(_items(event))
    if event.detail is not None:
        yield repr(plain(event.detail))
    if event.outcome != OK:
        yield f"({event.outcome})"
    if event.fault is not None:
        yield f"<- fault: {event.fault}"


def _items(event: Event) -> Iterable[str]:
    for seen in event.items:
        yield seen.name if seen.version is None else f"{seen.name} v{seen.version}"


class _Hosts:
    """Names without spaces, of which no two are alike."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, int], str] = {}
        self._given: dict[str, None] = {}

    def of(self, event: Event) -> str:
        """Name the task that did something."""
        who = (event.agent, event.strand)
        if who not in self._names:
            self._names[who] = self._fresh(*who)
        return self._names[who]

    def _fresh(self, agent: str, task: int) -> str:
        name = "".join(map(_spelled, agent)) or "agent"
        if len(name) > LONGEST_NAME or name in TAKEN:
            text = agent.encode("utf-8", "backslashreplace")
            name = f"{name[:LONGEST_NAME]}~{blake2b(text, digest_size=4).hexdigest()}"
        name = f"{name}.{task}" if task else name
        while name in self._given:
            name = f"{name}~"
        self._given[name] = None
        return name


def _spelled(letter: str) -> str:
    if letter.isprintable() and not letter.isspace() and letter not in NOT_IN_A_NAME:
        return letter
    return f"%{ord(letter):02x}"
