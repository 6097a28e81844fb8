"""Stolen leases: named when a former holder takes one from the next, and never otherwise."""

from __future__ import annotations

import pytest

from pileup.detectors import detect, told

HELD = "a:set(c l1) {lease=10.0}"
LOST = f"{HELD}, world():expire(c l2) @11, b:set(c l3) {{lease=10.0}}"

STOLEN = {
    "deleted": f"{LOST}, a:delete(w l4)",
    "overwritten": f"{LOST}, a:set(w l4) {{lease=10.0}}",
    "after it was taken by force": f"{HELD}, b:set(w l2) {{lease=10.0}}, a:delete(w l3)",
    "from the one after the next": (
        f"{LOST}, world:expire(c l4), c:set(c l5) {{lease=10.0}}, a:delete(w l6)"
    ),
    "by the heartbeat's task": f"{LOST}, a.1:expire at(c l4) {{lease=10.0}}",
}

RIGHT = {
    "given back in time": f"{HELD}, a:delete(w l2), b:set(c l3) {{lease=10.0}}, b:delete(w l4)",
    "made longer": (
        f"{HELD}, a:extend(c l2) {{lease=10.0}}, a:delete(w l3), b:set(c l4) {{lease=1.0}}"
    ),
    "compared first": f"{LOST}, a:eval(r l3), b:eval(c l4)",
    "run out, but free": (
        f"{HELD}, world():expire(c l2), a:delete(w l3), b:set(c l4) {{lease=10.0}}"
    ),
    "taken anew when free": f"{LOST}, b:delete(w l4), a:set(c l5) {{lease=10.0}}, a:delete(w l6)",
    "given back twice": f"{LOST}, b:delete(w l4), a:delete(w l5)",
    "it was refused": f"{LOST}, a:delete(w l)!",
    "another lease": f"{LOST}, a:set(c k1) {{lease=10.0}}, a:delete(w k2)",
    "a message that ran out is taken with another": (
        "a:claim(c q1 c m[m#1]) {message=m#1 lease=30.0}, "
        "b:claim(c q c m[m#1]) {message=m#1 lease=30.0}, "
        "a:claim(c q c m[m#2] c m[m#1]) {message=m#2 lease=30.0}, "
        "a:claim(c q c m[m#1]) {message=m#1 lease=30.0}"
    ),
    "taken when it was free, and nobody saw it run out": (
        f"{LOST}, a:set(c l4) {{lease=10.0}}, a:delete(w l5)"
    ),
    "a message comes back": (
        "a:claim(c q1 c m[m#1]) {message=m#1 lease=30.0}, "
        "world():expire(c q c m[m#1]) {message=m#1}, "
        "b:claim(c q c m[m#1]) {message=m#1 lease=30.0}, a:ack(r m[m#1]) {message=m#1}, "
        "b:ack(c q c m[m#1]) {message=m#1}"
    ),
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", STOLEN.values(), ids=STOLEN)
def test_a_lease_that_is_taken_from_its_holder_is_named(text: str) -> None:
    assert kinds(text) == ["stolen_lease"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_a_holder_may_do_is_not(text: str) -> None:
    assert kinds(text) == []


def test_it_says_whose_it_was() -> None:
    (finding,) = detect(told(STOLEN["deleted"]))
    assert finding.title == "a took the lease l away from b, to whom it belonged by then"
    assert finding.explanation == (
        "a took l for 10 s (event 0).\n"
        "It worked on for longer than that, and b took the lease (event 2).\n"
        "a did not notice: it did 'delete' on it (event 3).\n"
        "So b works on without the lease, and others may come in."
    )
    assert finding.evidence == (0, 2, 3)
    assert finding.receipt == {"former": "a", "holder": "b", "lease": 10.0, "did": "delete"}
