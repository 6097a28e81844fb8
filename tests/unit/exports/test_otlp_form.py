"""Spans for OpenTelemetry: one trace a task, helpers below what started them."""

from __future__ import annotations

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.exported import expect_spans

from pileup.detectors import told
from pileup.history import History, Row
from pileup.reports.exports import write


def spans(text: str) -> list[Span]:
    return expect_spans(write(told(text), "otlp"))


def tree(text: str) -> dict[str, str]:
    """Say of each span what it is in, by name."""
    found = spans(text)
    names = {span.span_id: span.name for span in found}
    return {span.name: names.get(span.parent_span_id, "") for span in found}


def facts(span: Span) -> dict[str, object]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value") or "") or 0
        for each in span.attributes
    }


def one(text: str) -> Span:
    """Return the span of the last event."""
    return spans(text)[-1]


def test_operations_are_in_steps_and_steps_in_agents() -> None:
    assert tree("a:start, a/draft:r x, a:w x1") == {
        "invoke_agent a": "",
        "draft": "invoke_agent a",
        "start": "invoke_agent a",
        "read x": "draft",
        "write x": "invoke_agent a",
    }


def test_a_step_within_a_step_is_in_it() -> None:
    found = tree("a/outer:r x, a/inner:r y, a/outer:r z, a/later:r w")
    assert found["inner"] == "outer"
    assert found["later"] == "invoke_agent a"
    assert found["read y"] == "inner"


def test_a_helper_is_in_what_its_parent_was_at_when_it_began() -> None:
    found = tree("a:start, a/draft:r x, b<a:start, a/draft:w x1, a:w y1, c<a:begin")
    assert found["invoke_agent b"] == "draft"
    assert found["invoke_agent c"] == "invoke_agent a"
    assert found["begin"] == "invoke_agent c"


def test_a_helper_that_works_on_its_parent_s_step_is_in_it_even_if_it_acts_first() -> None:
    history = told("a:start, b<a:r x, a/s:w x1")
    rows = [Row._make(row) for row in history.rows]
    rows[1] = rows[1]._replace(step=rows[2].step)
    found = expect_spans(write(History(history.agents, rows), "otlp"))
    names = {span.span_id: span.name for span in found}
    inside = {span.name: names.get(span.parent_span_id) for span in found}
    assert inside["s"] == "invoke_agent a"
    assert inside["invoke_agent b"] == "s"
    assert inside["read x"] == "invoke_agent b"


def test_a_session_is_a_trace_and_says_whose_it_is() -> None:
    found = spans("a(alice):start, b<a:start, c(carol):start")
    traces = {span.name: span.trace_id for span in found if span.name.startswith("invoke")}
    assert traces["invoke_agent a"] == traces["invoke_agent b"] != traces["invoke_agent c"]
    whose = {"user_task_id": "alice", "agent_id": "b", "agent_role": "b", "parent_agent_id": "a"}
    assert [facts(span) | whose == facts(span) for span in found[:3]] == [False, True, False]
    assert "parent_agent_id" not in facts(found[0])


def test_a_helper_of_another_session_has_a_trace_of_its_own() -> None:
    assert tree("a(alice):start, b(bob)<a:start")["invoke_agent b"] == ""


def test_a_model_call_says_so_by_the_conventions() -> None:
    span = one("a:complete(u model[sonnet]1)=hello {tokens=12 cost=0.5}")
    assert (span.name, span.kind) == ("chat sonnet", Span.SPAN_KIND_CLIENT)
    assert facts(span).items() >= {
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.request.model", "sonnet"),
        ("gen_ai.provider.name", "pileup"),
        ("pileup.tokens", 12),
        ("pileup.cost", 0.5),
    }
    assert not any(name.startswith("gen_ai") for name in facts(one("a:r model")))


def test_an_agent_is_an_agent_by_the_conventions() -> None:
    span = spans("a:start")[0]
    assert facts(span)["gen_ai.operation.name"] == "invoke_agent"
    assert facts(span)["gen_ai.agent.name"] == "a"


def test_what_failed_is_an_error_with_its_type() -> None:
    for text, error in (
        ("a:end=ValueError!", "ValueError"),
        ("a:w x1!", "fail"),
        ("a:POST(u c1) {refused=503}", "503"),
        ("a:crash", "crash"),
    ):
        span = one(text)
        assert span.status.code == Status.STATUS_CODE_ERROR
        assert facts(span)["error.type"] == error
    assert spans("a:end=ValueError!")[0].status.code == Status.STATUS_CODE_ERROR
    assert spans("a:w x1!")[0].status.code == Status.STATUS_CODE_UNSET


def test_what_is_not_known_is_no_error() -> None:
    span = one("a:w x1? ~lost")
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert facts(span)["pileup.outcome"] == "info"
    assert facts(span)["pileup.fault"] == "lost"


def test_messages_and_stale_looks_are_links() -> None:
    found = spans("a:publish{message=m}, a:r x, b:w x1, a:w x2, b:claim{message=m}")
    numbers = {span.span_id: place for place, span in enumerate(found[2:])}
    links = [
        (numbers[link.span_id], place, link.attributes[0].value.string_value)
        for place, span in enumerate(found[2:])
        for link in span.links
    ]
    assert links == [(1, 3, "stale"), (0, 4, "message")]
    assert [span.kind for span in found[2::4]] == [
        Span.SPAN_KIND_PRODUCER,
        Span.SPAN_KIND_CONSUMER,
    ]


def test_times_are_virtual_with_a_microsecond_for_each_event() -> None:
    found = spans("a:r x, a:r x @2")[1:]
    assert [span.start_time_unix_nano for span in found] == [1_000, 2_000]
    assert [span.end_time_unix_nano for span in found] == [2_000, 2_000_003_000]


def test_other_histories_have_other_numbers() -> None:
    one, other, again = (spans(text) for text in ("a:r x", "a:r y", "a:r x"))
    assert [span.span_id for span in one] == [span.span_id for span in again]
    assert not {span.span_id for span in one} & {span.span_id for span in other}
    assert one[0].trace_id != other[0].trace_id


def test_a_history_without_events_has_no_spans() -> None:
    assert expect_spans(write(History([], []), "otlp")) == []
