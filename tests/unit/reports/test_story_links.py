"""Which moments belong together, and which is the first wrong one."""

from __future__ import annotations

from support.stories import event, history

from pileup.reports.story.diagram import diagram
from pileup.reports.story.model import Diagram, Link, Moment

Made = list[dict[str, object]]


def drawn(events: Made, evidence: tuple[int, ...]) -> Diagram:
    return diagram(history(events), evidence)


def at(found: Diagram, number: int) -> Moment:
    return next(each for each in found.moments if each.number == number)


def said(found: Diagram, number: int) -> list[str]:
    return [each.told for each in at(found, number).remarks]


def read(number: int, agent: str, version: int, thing: str = "x") -> dict[str, object]:
    return event(number, agent, "read", items=[[thing, "", "read", version]])


def write(number: int, agent: str, version: int, thing: str = "x") -> dict[str, object]:
    return event(number, agent, "write", items=[[thing, "", "write", version]])


LOST = [read(0, "a", 0), read(1, "b", 0), write(2, "b", 1), write(3, "a", 2)]


def test_a_lost_write_is_joined_to_what_was_read_and_to_what_erased_it() -> None:
    found = drawn(LOST, (0, 2, 3))
    assert found.links == (Link("stale", 0, 2), Link("lost", 2, 3))
    assert said(found, 0) == ["stale from 2 on: b has made v1 since"]
    assert said(found, 2) == [
        "makes v0 old, which a read in 0",
        "lost: a writes over it in 3, unseen",
    ]
    assert said(found, 3) == [
        "writes over v1 of x, by b in 2, which it had not seen: it went by v0"
    ]
    assert [each.number for each in found.moments if each.is_lost] == [2]
    assert found.wrong == 3


def test_a_write_by_who_has_looked_again_loses_nothing() -> None:
    events = [read(0, "a", 0), write(1, "b", 1), read(2, "a", 1), write(3, "a", 2)]
    found = drawn(events, (0, 1, 2, 3))
    assert Link("seen", 1, 2) in found.links
    assert not [each for each in found.links if each.sort in ("lost", "over")]


def test_a_write_by_who_has_never_looked_is_over_anothers() -> None:
    found = drawn([write(0, "a", 1), write(1, "b", 2)], (0, 1))
    assert found.links == (Link("over", 0, 1),)
    assert said(found, 0) == ["written over by b in 1"]
    assert found.wrong == 1


def test_what_proves_nothing_is_joined_to_nothing() -> None:
    assert drawn(LOST, ()).links == ()
    assert drawn(LOST, ()).wrong is None


def test_a_change_that_looks_itself_loses_nothing() -> None:
    change = event(3, "a", "swap", items=[["x", "", "change", 2]])
    found = drawn([*LOST[:3], change], (0, 2, 3))
    assert [each.sort for each in found.links] == ["stale", "seen"]


def test_what_was_refused_has_made_no_version() -> None:
    refused = write(3, "a", 2) | {"end": "fail"}
    found = drawn([*LOST[:3], refused], (0, 2, 3))
    assert found.links == (Link("stale", 0, 2),)


def post(number: int, agent: str, *, effect: bool, end: str = "ok") -> dict[str, object]:
    note = {"intent": "POST /charges", **({"effect": True} if effect else {})}
    return event(number, agent, "POST", end=end, note=note, items=[["http", "", "update", number]])


def test_what_happened_twice_is_told_at_both() -> None:
    found = drawn([post(0, "a", effect=True, end="info"), post(1, "a", effect=True)], (0, 1))
    assert found.links == (Link("again", 0, 1),)
    assert said(found, 1) == ["does again what it did in 0"]
    assert found.wrong == 1


def test_what_another_did_again_names_it() -> None:
    found = drawn([post(0, "a", effect=True), post(1, "b", effect=True)], (0, 1))
    assert said(found, 1) == ["does again what a did in 0"]


def test_a_retry_of_what_failed_is_no_repetition() -> None:
    found = drawn([post(0, "a", effect=False, end="fail"), post(1, "a", effect=True)], (0, 1))
    assert found.links == (Link("retry", 0, 1),)
    assert said(found, 1) == ["asks again what it asked in 0"]


def take(number: int, agent: str, lock: str, version: int | None) -> dict[str, object]:
    end = "ok" if version is not None else "info"
    return event(number, agent, "acquire", end=end, items=[[lock, "", "change", version]])


def test_who_waits_for_ever_is_joined_to_who_has_it() -> None:
    events = [take(0, "a", "l", 1), take(1, "b", "m", 1)]
    found = drawn([*events, take(2, "a", "m", None), take(3, "b", "l", None)], (2, 3))
    assert found.links == (Link("waits", 1, 2), Link("waits", 0, 3))
    assert said(found, 2) == ["waits and never gets it: b has had it since 1"]
    assert found.wrong == 3
    assert at(found, 3).fate == ""


def test_what_was_given_back_is_not_held() -> None:
    back = event(1, "a", "release", items=[["l", "", "change", 2]])
    assert drawn([take(0, "a", "l", 1), back, take(2, "b", "l", None)], (2,)).links == ()


def test_who_went_on_afterwards_does_not_wait() -> None:
    events = [take(0, "a", "l", 1), take(1, "b", "l", None), read(2, "b", 0)]
    found = drawn(events, (0, 1))
    assert found.links == ()
    assert at(found, 1).fate == "its agent gave up before it happened"


def marked(number: int, **note: list[str]) -> dict[str, object]:
    return write(number, "a", number + 1) | {"note": note}


def test_a_secret_is_followed_from_hand_to_hand() -> None:
    events = [marked(0, got=["canary-1"]), marked(1, sent=["other"]), marked(2, sent=["canary-1"])]
    found = drawn(events, (0, 2))
    assert found.links == (Link("carried", 0, 2),)
    assert said(found, 2) == ["carries on canary-1 from 0"]


def test_a_leak_is_wrong_where_it_ends() -> None:
    events = [marked(0, sent=["c-1"]), read(1, "b", 1) | {"note": {"got": ["c-1"]}}]
    last = event(2, "b", "complete", note={"sent": ["c-1"]})
    assert drawn([*events, last], (0, 1, 2)).wrong == 2


def test_a_message_is_joined_to_where_it_came_from() -> None:
    sent = event(0, "a", "publish", items=[["bus", "j", "change", 1]], note={"message": "j#1"})
    taken = event(1, "b", "claim", items=[["bus", "j", "change", 2]], note={"message": "j#1"})
    found = drawn([sent, taken], ())
    assert found.links == (Link("sent", 0, 1),)
    assert said(found, 1) == ["j#1 was sent by a in 0"]


def test_the_first_wrong_moment_is_a_fault_if_nothing_is_more_certain() -> None:
    events = [read(0, "a", 0), write(1, "a", 1) | {"fault": "torn"}, read(2, "b", 1)]
    assert drawn(events, (0, 1, 2)).wrong == 1


def test_the_first_wrong_moment_is_where_half_of_it_was_seen() -> None:
    events = [write(0, "a", 1), read(1, "b", 1), write(2, "a", 2)]
    assert drawn(events, (0, 1, 2)).wrong == 1


def test_the_last_that_proves_it_is_wrong_if_nothing_else_is() -> None:
    events = [read(0, "a", 0), read(1, "b", 0, "y"), write(2, "a", 1, "y"), write(3, "b", 1)]
    found = drawn(events, (0, 1, 2, 3))
    assert [each.sort for each in found.links] == ["stale", "stale"]
    assert found.wrong == 3
