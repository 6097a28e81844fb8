"""The anomalies of the literature, told in a few words, each under the name that it has there.

Sources: Atul Adya, "Weak Consistency: A Generalized Theory and Optimistic
Implementations for Distributed Transactions" (1999), for G0 to G2 and
G-single; Berenson et al., "A Critique of ANSI SQL Isolation Levels" (1995),
for P4 and the skews; Martin Kleppmann's Hermitage for its list of cases, OTV
and PMP among them; Kyle Kingsbury and Peter Alvaro, "Elle: Inferring Isolation
Anomalies from Experimental Observations" (2020), for what can be recovered
from versions, and the long fork from the literature on snapshot isolation.

`1:r x1` is a read by transaction 1; `1:commit` and `1:rollback` end it. A
version that a rollback takes back is not made again.
"""

from __future__ import annotations

import re

import pytest

from pileup.detectors import detect, told
from pileup.findings import Finding
from pileup.history import History

EVENT = re.compile(r"(\d+):([^,]+)")


def transactions(text: str) -> History:
    """Tell of transactions: each number is a transaction, of an agent of its own."""
    return told(
        ", ".join(
            f"t{number}:{deed.strip()} {{unit={number}}}" for number, deed in EVENT.findall(text)
        )
    )


def steps(text: str) -> History:
    """Tell the same of steps: they end without a word."""
    deeds = [(who, deed) for who, deed in EVENT.findall(text) if deed.strip() != "commit"]
    return told(", ".join(f"t{who}/unit:{deed.strip()}" for who, deed in deeds))


def named(found: list[Finding]) -> list[tuple[str, object]]:
    return [(finding.kind, finding.receipt.get("adya", "P4")) for finding in found]


ANOMALIES = {
    # Adya's thesis
    "G0, two writes each": (
        "1:w x1, 2:w x2, 2:w y1, 2:commit, 1:w y2, 1:commit",
        ("dirty_write", "G0"),
    ),
    "G0, three transactions": (
        "1:w x1, 2:w x2, 2:w y1, 3:w y2, 3:w z1, 1:w z2, 1:commit, 2:commit, 3:commit",
        ("dirty_write", "G0"),
    ),
    "G1a, aborted read": (
        "1:w x1=101, 2:r x1=101, 1:rollback, 2:commit",
        ("aborted_read", "G1a"),
    ),
    "G1b, intermediate read": (
        "1:w x1=101, 2:r x1=101, 1:w x2=11, 1:commit, 2:commit",
        ("intermediate_read", "G1b"),
    ),
    "G1c, circular information flow": (
        "1:w x1=11, 2:w y1=22, 1:r y1=22, 2:r x1=11, 1:commit, 2:commit",
        ("circular_flow", "G1c"),
    ),
    "G1c, one of its edges overwrites": (
        "1:w x1, 2:w x2, 2:w y1, 1:r y1, 1:commit, 2:commit",
        ("circular_flow", "G1c"),
    ),
    "G-single, read skew": (
        "1:r x1=10, 2:r x1=10, 2:r y1=20, 2:w x2=12, 2:w y2=18, 2:commit, 1:r y2=18, 1:commit",
        ("read_skew", "G-single"),
    ),
    "G-single, it began with a write": (
        "1:r x1, 2:w x2, 2:w y1, 2:commit, 1:w y2, 1:commit",
        ("read_skew", "G-single"),
    ),
    "G2-item, write skew": (
        "1:r x1=10, 1:r y1=20, 2:r x1=10, 2:r y1=20, 1:w x2=11, 2:w y2=21, 1:commit, 2:commit",
        ("write_skew", "G2-item"),
    ),
    "G2-item, a ring of three": (
        "1:r x1, 2:r y1, 3:r z1, 1:w y2, 2:w z2, 3:w x2, 1:commit, 2:commit, 3:commit",
        ("write_skew", "G2-item"),
    ),
    "P2, fuzzy read": (
        "1:r x1=1, 2:w x2=2, 2:commit, 1:r x2=2, 1:commit",
        ("read_skew", "G-single"),
    ),
    # Hermitage
    "OTV, an observed transaction vanishes": (
        "1:commit(w x1 w y1), 3:r x1=11, 2:commit(w x2 w y2), 3:r y2=18, 3:commit",
        ("read_skew", "G-single"),
    ),
    "OTV, and is seen to come back": (
        (
            "1:w x1=11, 1:w y1=19, 2:w x2=12, 3:r x2=12, "
            "3:r y1=19, 2:w y2=18, 1:commit, 2:commit, 3:commit"
        ),
        ("read_skew", "G-single"),
    ),
    "PMP, a predicate that comes to hold": (
        "1:select(r table1)=0, 2:insert(w table2)=30, 2:commit, 1:select(r table2)=30, 1:commit",
        ("read_skew", "G-single"),
    ),
    "PMP for write predicates": (
        "1:r table1, 2:w table2, 2:w other1, 2:commit, 1:w other2, 1:commit",
        ("read_skew", "G-single"),
    ),
    "P4, lost update": (
        "1:r x1=10, 2:r x1=10, 1:w x2=11, 2:w x3=11, 1:commit, 2:commit",
        ("lost_write", "P4"),
    ),
    "G-single, predicate dependencies": (
        "1:select(r table1)=10, 2:commit(w table2 w row2), 1:select(r row2)=12, 1:commit",
        ("read_skew", "G-single"),
    ),
    "G-single, interleaved with its own write": (
        "1:r x1=10, 2:r x1=10, 2:r y1=20, 2:w x2=12, 2:w y2=18, 2:commit, 1:w y3=0, 1:commit",
        ("read_skew", "G-single"),
    ),
    "G2, two predicates, each broken by the other": (
        "1:r evens1=0, 2:r odds1=0, 1:w odds2=3, 2:w evens2=4, 1:commit, 2:commit",
        ("write_skew", "G2-item"),
    ),
    "G2, a predicate that both break": (
        (
            "1:select(r table1)=0, 2:select(r table1)=0, 1:insert(u table2), "
            "2:insert(u table3), 1:commit, 2:commit"
        ),
        ("write_skew", "G2-item"),
    ),
    "G2, with a read-only transaction in the circle": (
        (
            "1:r x1=0, 1:r y1=0, 2:r y1=0, 2:w y2=20, 2:commit, "
            "3:r x1=0, 3:r y2=20, 3:commit, 1:w x2=-11, 1:commit"
        ),
        ("write_skew", "G2-item"),
    ),
    # Elle
    "Elle, write skew on two lists": (
        "1:r x1, 2:r y1, 1:append(c y2), 2:append(c x2), 1:commit, 2:commit",
        ("write_skew", "G2-item"),
    ),
    "Elle, a fractured read": (
        "2:w x1, 1:r x1, 1:r y0, 2:w y1, 2:commit, 1:commit",
        ("read_skew", "G-single"),
    ),
    "Elle, a long fork": (
        "1:w x1, 3:r x1, 3:r y0, 2:w y1, 4:r y1, 4:r x0, 1:commit, 2:commit, 3:commit, 4:commit",
        ("write_skew", "G2-item"),
    ),
    "Elle, a causal circle by appends": (
        "1:append(c x1), 2:append(c y1), 1:r y1, 2:r x1, 1:commit, 2:commit",
        ("circular_flow", "G1c"),
    ),
    "Elle, an intermediate append": (
        "1:append(c x1), 2:r x1, 1:append(c x2), 1:commit, 2:commit",
        ("intermediate_read", "G1b"),
    ),
    "Elle, a read of what was aborted": (
        "1:append(c x1), 2:r x1, 2:commit, 1:abort",
        ("aborted_read", "G1a"),
    ),
    "Elle, a counter checked twice and raised twice": (
        "1:r n1=0, 2:r n1=0, 1:u n2, 2:u n3, 1:commit, 2:commit",
        ("write_skew", "G2-item"),
    ),
}

SERIALISABLE = {
    "one after another": "1:r x1, 1:w x2, 1:commit, 2:r x2, 2:w x3, 2:commit",
    "interleaved on other items": "1:r x1, 2:r y1, 1:w x2, 2:w y2, 1:commit, 2:commit",
    "they write in one order": "1:w x1, 2:w x2, 1:w y1, 2:w y2, 1:commit, 2:commit",
    "three write in one order": (
        "1:w x1, 2:w x2, 2:w y1, 3:w y2, 1:w z1, 3:w z2, 1:commit, 2:commit, 3:commit"
    ),
    "the write was rolled back, and nobody had seen it": "1:w x1, 1:rollback, 2:r x0, 2:commit",
    "the reader was rolled back as well": "1:w x1, 2:r x1, 1:rollback, 2:rollback",
    "it read the last of its writes": "1:w x1, 1:w x2, 2:r x2, 1:commit, 2:commit",
    "it read its own intermediate value": "1:w x1, 1:r x1, 1:w x2, 1:commit, 2:r x2, 2:commit",
    "information flows one way": "1:w x1, 1:w y1, 2:r x1, 2:r y1, 1:commit, 2:commit",
    "both were seen as they were before": "1:r x1, 2:w x2, 2:w y2, 2:commit, 1:r y1, 1:commit",
    "both were seen as they were after": "2:w x2, 2:w y2, 1:r x2, 1:r y2, 2:commit, 1:commit",
    "one of two looked at both, and the other at none": (
        "1:r x1, 1:r y1, 2:w x2, 1:w y2, 1:commit, 2:commit"
    ),
    "the skew was refused": "1:r x1, 1:r y1, 2:r x1, 2:r y1, 1:w x2, 1:commit, 2:w y2!, 2:rollback",
    "the skew's second one never committed": "1:r x1, 2:r y1, 1:w y2, 1:commit, 2:draft(r x1)",
    "a snapshot of long ago": "2:w x2, 2:w y2, 2:commit, 1:r x1, 1:r y1, 1:commit",
    "the observed transaction stays": (
        "1:commit(w x1 w y1), 3:r x1, 3:r y1, 2:commit(w x2 w y2), 3:commit"
    ),
    "the same rows again": "1:r table1, 2:r table1, 1:r table1, 1:commit, 2:commit",
    "increments": "1:u x1, 2:u x2, 2:u y1, 1:u y2, 1:commit, 2:commit",
    "increments, seen in the end": (
        "1:u x1, 2:u x2, 2:u y1, 1:u y2, 3:r x2, 3:r y2, 1:commit, 2:commit, 3:commit"
    ),
    "appends to two lists": (
        "1:append(c x1), 2:append(c x2), 2:append(c y1), 1:append(c y2), 1:commit, 2:commit"
    ),
    "observers who agree": (
        "1:w x1, 3:r x1, 3:r y0, 4:r x1, 2:w y1, 4:r y1, 1:commit, 2:commit, 3:commit, 4:commit"
    ),
    "the counter was looked at by one alone": "1:r n1, 2:u n2, 1:u n3, 1:commit, 2:commit",
    "it wrote what was there": (
        "1:r x1=5, 2:r y1=7, 1:w y2=7, 2:w x2=5, 1:r y2=7, 1:commit, 2:commit"
    ),
    "the same mixture, of equal parts": (
        "1:w x1=1, 2:w x2=1, 2:w y1=1, 1:w y2=1, 3:r x2=1, 3:r y2=1, 1:commit, 2:commit, 3:commit"
    ),
    "what was half done had the value of before": (
        "2:r x1=5, 1:r y1=6, 2:w x2=5, 2:w y2=6, 2:commit, 1:r x2=5, 1:commit"
    ),
    "a chain of four": (
        "1:r a1, 2:w a2, 2:r b1, 3:w b2, 3:r c1, 4:w c2, 1:commit, 2:commit, 3:commit, 4:commit"
    ),
    "a read under the lock takes the place of the first": (
        "1:r x1, 2:w x2, 2:commit, 1:get(r x2 w database.lock1), 1:w x3, 1:commit"
    ),
    "nobody is a unit": "",
}


@pytest.mark.parametrize("case", ANOMALIES)
def test_an_anomaly_is_named_as_in_the_literature(case: str) -> None:
    text, name = ANOMALIES[case]
    assert named(detect(transactions(text))) == [name]


@pytest.mark.parametrize("case", SERIALISABLE)
def test_what_can_be_put_in_an_order_is_left_alone(case: str) -> None:
    assert named(detect(transactions(SERIALISABLE[case]))) == []


LOOKS_AGAIN = {"P2, fuzzy read", "PMP, a predicate that comes to hold"}
"""A step that looks again means to see what is new; who polls does nothing else."""


@pytest.mark.parametrize("case", [case for case in ANOMALIES if "aborted" not in case])
def test_steps_are_judged_as_transactions_are(case: str) -> None:
    text, name = ANOMALIES[case]
    assert named(detect(steps(text))) == ([] if case in LOOKS_AGAIN else [name])


@pytest.mark.parametrize("case", SERIALISABLE)
def test_steps_in_an_order_are_left_alone(case: str) -> None:
    if "rollback" not in SERIALISABLE[case] and "never" not in case:
        assert named(detect(steps(SERIALISABLE[case]))) == []


@pytest.mark.parametrize("case", ANOMALIES)
def test_without_units_nobody_is_judged_as_a_whole(case: str) -> None:
    text, _ = ANOMALIES[case]
    alone = ", ".join(f"t{who}:{deed}" for who, deed in EVENT.findall(text))
    assert {finding.kind for finding in detect(told(alone))} <= {"lost_write"}
