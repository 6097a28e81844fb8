"""Logs for ShiViz: clocks that say who could have known of what, and nothing else."""

from __future__ import annotations

from support.exported import expect_log

from pileup.detectors import told
from pileup.history import History, Row, Who
from pileup.reports.exports import write


def log(text: str) -> str:
    return write(told(text), "shiviz")


def known(text: str) -> dict[int, list[int]]:
    """Say of each event which others it knows of, by number."""
    clocks = expect_log(log(text))
    return {number: [*_below(clock, clocks, number)] for number, clock in clocks.items()}


def _below(clock: dict[str, int], clocks: dict[int, dict[str, int]], number: int) -> list[int]:
    return [
        other
        for other, theirs in clocks.items()
        if other != number and all(clock.get(host, 0) >= time for host, time in theirs.items())
    ]


def test_a_reader_knows_of_the_writer_and_of_all_that_he_knew() -> None:
    assert known("a:w x1, a:w y1, b:r y1, c:r x1, c:w z1, b:r z1") == {
        0: [],
        1: [0],
        2: [0, 1],
        3: [0],
        4: [0, 3],
        5: [0, 1, 2, 3, 4],
    }


def test_a_stale_look_knows_only_of_what_it_saw() -> None:
    assert known("a:w x1, b:w x2, c:r x1")[2] == [0]


def test_who_writes_over_it_knows_nothing_of_it_and_who_changes_it_does() -> None:
    assert known("a:w x1, b:w x2")[1] == []
    assert known("a:w x1, b:u x2")[1] == []
    assert known("a:w x1, b:c x2")[1] == [0]


def test_what_failed_is_known_to_nobody_else() -> None:
    assert known("a:w x1!, b:r x0") == {0: [], 1: []}


def test_a_helper_knows_of_what_its_parent_did_and_the_parent_by_waiting_for_it() -> None:
    assert known("a:w x1, b<a:start, b:end(w agent[b]1), a:w y1, a:join(r agent[b]1)") == {
        0: [],
        1: [0],
        2: [0, 1],
        3: [0],
        4: [0, 1, 2, 3],
    }


def test_tasks_of_one_agent_are_hosts_of_their_own() -> None:
    assert known("a:start, a.1:w x1, a.2:w y1")[2] == [0]


def test_senders_learn_nothing_of_each_other_and_the_taker_of_his_alone() -> None:
    text = """a:publish(c q1) {message=m1}; b:publish(c q2) {message=m2};
              c:claim(c q3) {message=m2}"""
    assert known(text) == {0: [], 1: [], 2: [1]}


def test_the_file_begins_with_the_parser_and_no_delimiter() -> None:
    assert log('a:w x1="two words" ~lost, b.1:end!').splitlines() == [
        r"(?<number>\d+) (?<host>\S+) (?<clock>{\S+}) (?<event>.*)",
        "",
        "0 a {\"a\":1} write x v1 'two words' <- fault: lost",
        '1 b.1 {"b.1":1} end (fail)',
    ]


def test_hosts_have_names_that_shiviz_can_tell_apart() -> None:
    names = ["a", "a b", 'a"', "constructor", "x" * 50, "é", "\ud800", "", "agent"]
    names += ["a.1"]
    rows = [Row("start", (), (), who, 0, None, 0, 0.0, "ok", None) for who in range(len(names))]
    rows.append(Row("start", (), (), 0, 1, None, 0, 0.0, "ok", None))
    history = History([Who(name, name, name) for name in names], rows)
    hosts = [line.split()[1] for line in write(history, "shiviz").splitlines()[2:]]
    assert hosts[:3] == ["a", "a%20b", "a%22"]
    assert hosts[3].startswith("constructor~")
    assert hosts[4].startswith("x" * 40 + "~")
    assert hosts[5:] == ["é", "%d800", "agent", "agent~", "a.1", "a.1~"]
