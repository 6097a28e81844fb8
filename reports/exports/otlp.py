"""Spans of OpenTelemetry as OTLP/JSON, on one line, as collectors read it from a file.

A trace is a session: one user's task, through all agents. A span is an agent,
a step of its work, or an operation; a helper's span lies below the step, or
the agent, that started it. Numbers are made of the history's digest, so that
the same run has the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, TypeAlias

from pileup.events import FAIL, Event, Who
from pileup.history import History
from pileup.reports.exports import ties
from pileup.reports.exports.lineage import Lineage
from pileup.reports.exports.moments import TOLD, Moments
from pileup.reports.exports.texts import dump, plain
from pileup.reports.exports.units import Unit, keys_of
from pileup.spelling import Brief

Page: TypeAlias = dict[str, object]
Facts: TypeAlias = dict[str, Brief]

INTERNAL: Final = 1
CLIENT: Final = 3
PRODUCER: Final = 4
CONSUMER: Final = 5

ERROR: Final = 2
"""The status of a span; without one nothing is said."""

MODEL: Final = "model"
CRASH: Final = "crash"


class Spans:
    """Makes the spans of one history."""

    def __init__(self, history: History) -> None:
        self.events = list(history)
        self.moments = Moments(self.events)
        self.lineage = Lineage(history, self.events)
        self.digest = history.digest
        self._who = {who.name: who for who in history.agents}
        self._links = _links(self.events)

    def number(self, text: str, size: int) -> str:
        """Make a number of so many bytes, in hex."""
        named = f"{self.digest} {text}".encode("utf-8", "backslashreplace")
        return blake2b(named, digest_size=size).hexdigest()

    def of_agent(self, name: str) -> Page:
        """Tell of an agent, from its first event to its last."""
        mine = self.lineage.agents[name]
        above = self.lineage.above(name)
        facts: Facts = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}
        span = self._span(f"agent {name}", name, above, f"invoke_agent {name}", mine)
        ends = [each for each in mine if each.name in ("end", CRASH)]
        return span | _told(self._of(name) | facts, ends[-1] if ends else None)

    def of_step(self, label: str, unit: Unit) -> Page:
        """Tell of a step of an agent's work."""
        agent = self.lineage.owner(unit)
        span = self._span(label, agent, self.lineage.outside(unit), unit.name, unit.events)
        facts: Facts = {"pileup.step": unit.name, "pileup.ended": unit.state}
        failed = {"status": {"code": ERROR}} if unit.state == "undone" else {}
        return span | {"attributes": _attributes(self._of(agent) | facts)} | failed

    def of_event(self, event: Event) -> Page:
        """Tell of an operation."""
        label = f"event {event.number}"
        span = self._span(label, event.agent, self.lineage.around(event), _name(event), [event])
        links = [self._link(tie) for tie in self._links.get(event.number, ())]
        told = _told(self._of(event.agent) | _facts(event), event)
        return span | {"kind": _kind(event)} | told | ({"links": links} if links else {})

    def _span(self, label: str, agent: str, above: str, name: str, events: list[Event]) -> Page:
        page: Page = {"traceId": self._trace(agent), "spanId": self.number(label, 8)}
        if above:
            page["parentSpanId"] = self.number(above, 8)
        begun = min(self.moments.asked(each) for each in events)
        return page | {
            "name": name,
            "kind": INTERNAL,
            "startTimeUnixNano": str(begun * 1000),
            "endTimeUnixNano": str(self.moments.end(events[-1]) * 1000),
        }

    def _trace(self, agent: str) -> str:
        return self.number(f"session {self._who[agent].session}", 16)

    def _of(self, agent: str) -> Facts:
        return _whose(self._who[agent])

    def _link(self, tie: ties.Tie) -> Page:
        source = self.events[tie.source]
        return {
            "traceId": self._trace(source.agent),
            "spanId": self.number(f"event {tie.source}", 8),
            "attributes": _attributes({"pileup.because": tie.sort}),
        }


def write(history: History) -> str:
    """Write a history as spans."""
    spans = Spans(history)
    told = [
        *(spans.of_agent(name) for name in spans.lineage.agents),
        *(spans.of_step(label, unit) for label, unit in spans.lineage.steps.items()),
        *(spans.of_event(event) for event in spans.events),
    ]
    about: Facts = {"service.name": "pileup", "pileup.time": TOLD, "pileup.digest": spans.digest}
    scope = {"scope": {"name": "pileup"}, "spans": told}
    resource = {"attributes": _attributes(about)}
    return dump({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]})


def _links(events: list[Event]) -> dict[int, list[ties.Tie]]:
    found: dict[int, list[ties.Tie]] = {}
    for tie in (*ties.messages(events), *ties.stale(events)):
        found.setdefault(tie.target, []).append(tie)
    return found


def _whose(who: Who) -> Facts:
    facts: Facts = {"user_task_id": who.session, "agent_id": who.name}
    facts["agent_role"] = who.role
    return facts | ({"parent_agent_id": who.parent} if who.parent is not None else {})


def _name(event: Event) -> str:
    """Name a span by its sort, because what differs from one to the next is an attribute."""
    if _is_model_call(event):
        return f"chat {event.items[0].key}".strip()
    return " ".join([event.name, *(seen.resource for seen in event.items[:1])])


def _is_model_call(event: Event) -> bool:
    return event.name == "complete" and any(_is_model(seen.resource) for seen in event.items[:1])


def _is_model(resource: str) -> bool:
    return resource.rpartition(".")[2] == MODEL


def _kind(event: Event) -> int:
    if event.note is not None and event.note.message is not None:
        return PRODUCER if event.name == ties.PUBLISH else CONSUMER
    return CLIENT if _is_model_call(event) else INTERNAL


def _facts(event: Event) -> Facts:
    note = event.note
    facts: Facts = {
        "pileup.event": event.number,
        "pileup.virtual_seconds": event.time,
        "pileup.outcome": event.outcome,
        "pileup.value": event.detail,
        "pileup.fault": event.fault,
        "pileup.line": event.site or None,
        "pileup.items": ", ".join(_items(event)) or None,
    }
    if _is_model_call(event):
        facts |= {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "pileup"}
        facts["gen_ai.request.model"] = event.items[0].key
    if note is not None:
        facts |= {"pileup.tokens": note.tokens or None, "pileup.cost": note.cost or None}
        facts["messaging.message.id"] = note.message
    facts |= {f"pileup.{kind}": name for kind, name in keys_of(event)}
    return {name: fact for name, fact in facts.items() if fact is not None}


def _items(event: Event) -> Iterator[str]:
    for seen in event.items:
        version = "" if seen.version is None else f" v{seen.version}"
        yield f"{seen.access} {seen.name}{version}"


def _told(facts: Facts, event: Event | None) -> Page:
    """Add to a span what it says, and that it failed if its event did."""
    what = None if event is None else _error(event)
    if what is None:
        return {"attributes": _attributes(facts)}
    return {"attributes": _attributes(facts | {"error.type": what}), "status": {"code": ERROR}}


def _error(event: Event) -> str | None:
    """Say what went wrong; an agent that was refused has not failed, but its call has."""
    if event.note is not None and event.note.refused is not None:
        return event.note.refused
    if event.outcome == FAIL:
        return event.detail if isinstance(event.detail, str) and event.detail else event.outcome
    return CRASH if event.name == CRASH else None


def _attributes(facts: Facts) -> list[Page]:
    return [{"key": name, "value": _value(plain(fact))} for name, fact in facts.items()]


def _value(value: Brief) -> Page:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}
