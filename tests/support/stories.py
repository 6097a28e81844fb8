"""Explorations made by hand: with names that nobody would choose, and longer than anybody reads."""

from __future__ import annotations

import json
from functools import cache
from typing import Final

import pileup
from pileup.choices import Tape
from pileup.findings import Finding
from pileup.history import History
from pileup.results import Exploration, Run, Sighting, Stats, Tally
from pileup.scenarios.config_race import RACE
from pileup.tokens import Ticket, encode

TOKEN: Final = encode(Ticket(Tape(), program="made by hand", agents=2))

HOSTILE: Final = {
    "a script": "</script><script>window.hacked = 1</script>",
    "a broken image": "<img src=x onerror='window.hacked = 1'>",
    "an attribute": '" onmouseover="window.hacked = 1" x=\'',
    "a style": "</style><style>*{display:none}",
    "a template": "{{ 7 * 7 }}{% raw %}",
    "Markdown": "| a | ``` ~~~ </details> [x](javascript:window.hacked=1) **b** @all #1",
    "backticks": "`" * 7,
    "a turn": "\u202edesrever\u2066x\u2069",
    "no width": "a\u200bb\u200dc\ufeff\u00add",
    "emoji": "👩\u200d👩\u200d👧 🎉 ﷽",
    "half a letter": "half \ud83d of \udc80 it",
    "controls": "bell\x07 nul\x00 del\x7f csi\x9b2J",
    "an escape": "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
    "lines": "one\n1. lost_write (critical): two\r\nthree\u2028four",
    "much": "m" * 1_000_000,
    "a formula": "=cmd|'/c calc'!A1",
    "braces": "{} {0} %s %(x)s \\",
    "nothing": " ",
}


@cache
def raced() -> Exploration:
    """Return what the demo finds."""
    return pileup.explore(RACE, runs=100)


def event(number: int, agent: str, do: str, /, **more: object) -> dict[str, object]:
    """Return an event as a history has it in JSON."""
    base = {"n": number, "agent": agent, "do": do, "end": "ok", "asked": number, "at": 0.0}
    return base | more


def history(events: list[dict[str, object]], sites: str = "") -> History:
    """Return a history of such events; every agent serves its own session."""
    names = dict.fromkeys(str(each["agent"]) for each in events)
    agents = [
        {"name": name, "session": f"of {name}", "role": f"role of {name}", "parent": None}
        for name in names
    ]
    head: dict[str, object] = {"pileup_history": 1, "agents": agents}
    told = History.parse(json.dumps(each) for each in (head, *events))
    places = dict.fromkeys(range(len(events)), sites) if sites else {}
    return History(told.agents, told.rows, told.parents, places)


def lost(one: str, other: str, thing: str, detail: str = "x") -> list[dict[str, object]]:
    """Return the shortest lost write."""
    return [
        event(0, one, "read", items=[[thing, thing, "read", 0]], detail=detail),
        event(1, other, "read", items=[[thing, thing, "read", 0]]),
        event(2, other, "write", items=[[thing, thing, "write", 1]], detail=detail),
        event(3, one, "write", items=[[thing, thing, "write", 2]], end="info", fault="lost"),
    ]


def explored(run_history: History, finding: Finding, **more: object) -> Exploration:
    """Return an exploration that has found one thing, in this run."""
    run = Run((finding,), run_history, Tape(), {}, 0.0, len(run_history), token=TOKEN)
    seen = {finding.fingerprint: Sighting(0, "random", 3)}
    stats = Stats("native", 42, seen, kinds={finding.kind: 3})
    found = Exploration((finding,), 10, stats, counterexample=run)
    return found if not more else Exploration(**(vars(found) | more))


@cache
def hostile(text: str) -> Exploration:
    """Return an exploration in which everything is called like this."""
    finding = Finding(
        kind="lost_write",
        severity="critical",
        title=f"{text} wrote",
        explanation=f"{text} read (event 0).\n{text} wrote (event 3).",
        resource=text,
        key=text,
        agents=(text, f"{text}2"),
        evidence=(0, 2, 3),
        receipt={"attempts": 9, "layer_1": text, "factor_1": 3, "layer_2": text, "factor_2": 3},
        advice=text,
        replay=TOKEN,
    )
    told = history(lost(text, f"{text}2", text, text), text)
    stats = Stats(text, 42, {finding.fingerprint: Sighting(0, text, 3)}, {text: Tally(3, 1)})
    return explored(told, finding, saved=(text,), warnings=(text,), stats=stats, compared=text)


@cache
def long(count: int) -> Exploration:
    """Return an exploration whose run has so many events, of which few matter."""
    events = [
        event(
            number,
            f"agent-{number % 8}",
            ("read", "write")[number // 8 % 2],
            items=[[f"files[{number % 5}]", "", ("read", "update")[number // 8 % 2], number]],
            detail=f"value {number}",
            at=number / 10,
        )
        for number in range(count - 4)
    ]
    last = [each | {"n": count - 4 + place} for place, each in enumerate(lost("a", "b", "sum"))]
    finding = Finding(
        kind="lost_write",
        severity="critical",
        title="a wrote over a change of sum by b",
        explanation=f"a read it (event {count - 4}).",
        evidence=(count - 4, count - 2, count - 1),
        replay=TOKEN,
    )
    return explored(history([*events, *last], "shop.py:12 in pay"), finding)
