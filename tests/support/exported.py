"""What each form of an exported history must be like, by the rules of those who read it."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import jsonschema
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

TEXT: Final = {"type": "string"}
FACTS: Final = {"type": "object"}
NUMBER: Final = {"type": "integer", "minimum": 1}
TIME: Final = {"type": "integer", "minimum": 0, "maximum": 2**53}


def _phase(required: str, **fields: object) -> jsonschema.Draft202012Validator:
    place = {"pid": NUMBER, "tid": NUMBER, "ts": TIME}
    known = {"ph": TEXT, "name": TEXT, **place, **fields}
    needed = ["ph", "name", *place, *required.split()]
    schema = {"properties": known, "required": needed, "additionalProperties": False}
    return jsonschema.Draft202012Validator(schema)


PHASES: Final = {
    "M": _phase("args", args=FACTS),
    "X": _phase("dur", cat=TEXT, dur=NUMBER, args=FACTS),
    "b": _phase("cat id", cat=TEXT, id=NUMBER, args=FACTS),
    "e": _phase("cat id", cat=TEXT, id=NUMBER),
    "i": _phase("s", cat=TEXT, s={"enum": ["g", "p", "t"]}, args=FACTS),
    "s": _phase("cat id", cat=TEXT, id=NUMBER),
    "f": _phase("cat id bp", cat=TEXT, id=NUMBER, bp={"const": "e"}),
}
"""Chrome's Trace Event Format, as far as it is used."""


def strict(text: str) -> Any:  # Any: JSON
    """Read JSON as the strictest of readers do."""
    text.encode()
    page = json.loads(text, parse_constant=_refuse)
    json.dumps(page, ensure_ascii=False).encode()  # no half of a surrogate pair
    return page


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def expect_trace(text: str) -> list[dict[str, Any]]:
    """Hold a trace against the format's schema, and against what viewers take for granted."""
    told: list[dict[str, Any]] = strict(text)["traceEvents"]
    for each in told:
        PHASES[each["ph"]].validate(each)
    of = {phase: [each for each in told if each["ph"] == phase] for phase in "MXbeisf"}
    _expect_side_by_side(of["X"])
    _expect_named(told, of["M"])
    spans = [{_span(each): each["ts"] for each in of[phase]} for phase in "be"]
    assert spans[0].keys() == spans[1].keys()
    assert all(begun < spans[1][span] for span, begun in spans[0].items())
    _expect_arrows(of["s"], of["f"], of["X"])
    return told


def _span(page: dict[str, Any]) -> tuple[object, ...]:
    return page["cat"], page["id"], page["pid"], page["name"]


def _thread(page: dict[str, Any]) -> tuple[int, int]:
    return page["pid"], page["tid"]


def _expect_side_by_side(slices: Iterable[dict[str, Any]]) -> None:
    ends: dict[tuple[int, int], int] = {}
    for each in slices:
        assert each["ts"] >= ends.get(_thread(each), 0)
        ends[_thread(each)] = each["ts"] + each["dur"]


def _expect_named(told: list[dict[str, Any]], names: list[dict[str, Any]]) -> None:
    processes = {each["pid"] for each in names if each["name"] == "process_name"}
    threads = {_thread(each) for each in names if each["name"] == "thread_name"}
    assert {each["pid"] for each in told} <= processes
    assert {_thread(each) for each in told if each["ph"] != "M"} <= threads


def _expect_arrows(
    starts: list[dict[str, Any]], ends: list[dict[str, Any]], slices: list[dict[str, Any]]
) -> None:
    moments = {
        (*_thread(each), moment)
        for each in slices
        for moment in (each["ts"], each["ts"] + each["dur"] - 1)
    }
    begun = {each["id"]: each["ts"] for each in starts}
    assert len(begun) == len(starts) == len(ends)
    assert all(begun[each["id"]] < each["ts"] for each in ends)
    assert all((*_thread(each), each["ts"]) in moments for each in (*starts, *ends))


def expect_spans(text: str) -> list[Span]:
    """Let OpenTelemetry's own classes read spans, and look at what those leave open."""
    assert "\n" not in text
    page = strict(text)
    for span in page["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for each in (span, *span.get("links", ())):
            _as_bytes(each)
    told = json_format.Parse(json.dumps(page), TracesData())
    spans = [span for each in told.resource_spans[0].scope_spans for span in each.spans]
    places = {span.span_id: place for place, span in enumerate(spans)}
    assert len(places) == len(spans)
    for span in spans:
        assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano < 2**63
        assert len({each.key for each in span.attributes}) == len(span.attributes)
        assert all(link.span_id in places for link in span.links)
        _expect_root(span, spans, places)
    return spans


def _expect_root(span: Span, spans: list[Span], places: dict[bytes, int]) -> None:
    """Follow the parents up: they are of one trace, and lead somewhere."""
    for _ in spans:
        if not span.parent_span_id:
            return
        above = spans[places[span.parent_span_id]]
        assert above.trace_id == span.trace_id
        span = above
    raise AssertionError(f"{span.name} is inside of itself")


def _as_bytes(page: dict[str, str]) -> None:
    """Turn hex, which OTLP/JSON has, to what protobuf's JSON has in its place."""
    for name, size in (("traceId", 16), ("spanId", 8), ("parentSpanId", 8)):
        if name in page:
            assert re.fullmatch(rf"[0-9a-f]{{{2 * size}}}", page[name])
            page[name] = base64.b64encode(bytes.fromhex(page[name])).decode()


def expect_log(text: str) -> dict[int, dict[str, int]]:
    """Read a log as ShiViz does, refuse what it refuses, and return each event's clock."""
    text.encode()
    parser, delimiter, log = (
        text.split("\n", 2) if text.count("\n") > 1 else (*text.split("\n"), "")
    )
    assert delimiter == ""
    found = list(re.finditer(parser.replace("(?<", "(?P<"), log.strip()))
    assert [each.group() for each in found] == log.strip().splitlines()
    times: defaultdict[str, int] = defaultdict(int)
    clocks: dict[int, dict[str, int]] = {}
    for each in found:
        host, clock = each["host"], json.loads(each["clock"])
        times[host] += 1
        assert clock[host] == times[host]
        clocks[int(each["number"])] = clock
    assert all(0 < time <= times[host] for clock in clocks.values() for host, time in clock.items())
    return clocks
