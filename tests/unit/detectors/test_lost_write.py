"""Lost writes: named wherever a change was erased unseen, and nowhere else."""

from __future__ import annotations

from functools import partial
from types import ModuleType

import pytest
from support.mutants import mutant

from pileup.detectors import detect, lost_write, told
from pileup.detectors.case import Case
from pileup.detectors.lost_write import MOST_VICTIMS, lost_writes
from pileup.history import History

LOST = {
    "read, read, write, write": "a:r x1, b:r x1, a:w x2, b:w x3",
    "it read much earlier": "a:r x1, b:r x1, b:w x2, b:r x2, b:w x3, a:w x4",
    "it wrote before, and somebody else since": "a:r x1, a:w x2, b:r x2, b:w x3, a:w x4",
    "what is erased was written without a look": "a:r x1, b:w x2, a:w x3",
    "what is erased was an increment": "a:r x1, b:u x2, a:w x3",
    "what is erased was a compare-and-set": "a:r x1, b:c x2, a:w x3",
    "it erased the one before the last": "a:r x1, b:w x2=7, a:w x3, c:r x3, a:w x4",
    "it does not know how its own write went": "a:r x1, a:w x2?, b:r x2, b:w x3, a:w x4",
    "what is erased is not known to have been done": "a:r x1, b:w x2?, a:w x3",
    "an increment of its own showed it nothing": "a:r x1, b:w x2, a:u x3, c:r x3, c:w x4, a:w x5",
    "two tasks of one agent": "a.1:r x1, a.2:r x1, a.1:w x2, a.2:w x3, a:end, a.1:stop",
    "a task that goes on by itself": "a:r x1, a.1:w x2, a:w x3, a.1:r x3",
    "a sub-agent writes what its parent read": "a:r x1, b<a:start, c:r x1, c:w x2, b:w x3",
    "a parent writes what its sub-agent read": "b<a:r x1, c:r x1, c:w x2, b:end, a:w x3",
    "a sub-agent races with its parent": "a:r x1, b<a:r x1, b:w x2, a:w x3, b:end",
    "the same value, where there was one": "a:r x1=0, b:r x1=0, a:w x2=1, b:w x3=1",
    "one of many": "a:r x1, " + ", ".join("b:u x" for _ in range(MOST_VICTIMS * 2)) + ", a:w x",
    "its own, which a lagging replica did not show": "b:w x2, a:w x3, a:r x2, a:w x4",
    "the last wrote the same, the one before did not": "a:r x1=0, b:w x2=7, c:w x3=1, a:w x4=1",
    "an increment that came to the same": "a:r x1, b:add(u x2)=1, a:w x3=1",
    "it counted on what it had read of a snapshot": "b:r x1, a:w x2, b:r x1, b:w x3",
    "it found it gone, and somebody made it anew": (
        "a:r x1, b:remove(w x2), a:stat(r x2)=FileNotFoundError!, b:w x3=7, a:w x4=8"
    ),
    "each found none, and made one": (
        "a:read(r x0)=FileNotFoundError!, b:read(r x0)=FileNotFoundError!, a:w x1=1, b:w x2=2"
    ),
    "to open is to look": ("a:open(r x0)=FileNotFoundError!, b:w x1=1, a:w x2=2"),
    "it read to the end": 'a:read(r x1)=abc, a:read(r x1)="", b:w x2, a:w x3',
    "its read was a request": "a:GET(r x1)=5{intent=i}, b:w x2=6, a:w x3=7",
    "it was refused, and did not look again": (
        "a:r x1, b:w x2, a:update(r x2)=SerializationFailure!, a:w x3"
    ),
}

RIGHT = {
    "one after another": "a:r x1, a:w x2, b:r x2, b:w x3",
    "nobody read": "a:w x2, b:w x3, a:w x4",
    "it looked again": "a:r x1, b:r x1, b:w x2, a:r x2, a:w x3",
    "it only adds": "a:r x1, b:r x1, a:u x2, b:u x3",
    "it compares and sets": "a:r x1, b:r x1, a:w x2, b:c x3",
    "it was refused": "a:r x1, b:r x1, a:w x2, b:w x3!",
    "it was refused, and looked again": "a:r x1, b:r x1, a:w x2, b:w x3!, b:r x2, b:w x3",
    "the other was refused": "a:r x1, b:r x1, a:w x2!, b:w x2",
    "the other gave up before": "a:r x1, b:r x1, a:wait?, b:w x2",
    "each its own": "a:r x1, b:r y1, a:w x2, b:w y2",
    "nobody else wrote": "a:r x1, b:r x1, a:w x2, b:r x2, a:w x3",
    "it looks and writes in one": "a:r x1, b:w x2, a:update(r x w x3)",
    "the other changed nothing": "a:r x1=5, b:r x1=5, b:w x2=5, a:w x3=6",
    "it only emptied what there was": "a:truncate(r x1){part=1}, b:w x2, a:w x3, b:r x3",
    "it expired by itself": "a:r x1, world():w x2, a:w x3, b:r x3",
    "an absent value, filled in twice alike": "a:r x1, b:r x1, a:w x2=1, b:w x3=1",
    "it makes a cache forget": "a:r x1=5, b:w x2=6, a:del(w x3), b:r x3",
    "both delete it": "a:r x1=5, b:r x1=5, a:delete(w x2), b:delete(w x3)",
    "its own task, which has ended": "a:r x1, a.1:r x1, a.1:w x2, a:w x3",
    "its own sub-agent, which has ended": "a:r x1, b<a:r x1, b:w x2, b:end, a:w x3",
    "its sub-agent's sub-agent": "a:r x1, b<a:start, c<b:w x2, c:end, b:end, a:w x3",
    "what its sub-agent has looked up for it": "a:r x1, c:w x2, b<a:r x2, b:end, a:w x3",
    "a task writes what another looked up": "c:w x1, a.1:r x1, a:w x2, c:r x2",
    "it looked again, and found it gone": (
        "a:r x1, b:remove(w x2), a:stat(r x2)=FileNotFoundError!, a:w x3"
    ),
    "its task found it gone": "a:r x1, b:remove(w x2), a.1:stat(r x2)=FileNotFoundError!, a.1:w x3",
    "it meant to remove what it had never seen": (
        "a:remove(r x1)=FileNotFoundError!, b:w x2, a:w x3, c:r x3"
    ),
    "it meant to remove what it had seen, and found it gone": (
        "a:r x1, b:remove(w x2), a:remove(r x2)=FileNotFoundError!, a:w x3"
    ),
    "its task meant to remove it, and found it gone": (
        "a:r x1, b:remove(w x2), a.1:remove(r x2)=FileNotFoundError!, a.1:w x3"
    ),
    "it meant to move what it had never seen": (
        "a:rename(r x1)=FileNotFoundError!, b:w x2, a:w x3, c:r x3"
    ),
    "each found none, and made one alike": (
        "a:read(r x0)=FileNotFoundError!, b:read(r x0)=FileNotFoundError!, a:w x1=1, b:w x2=1"
    ),
    "what was found gone, filled in twice alike": (
        "a:r x1, b:remove(w x2), a:stat(r x2)=FileNotFoundError!, b:w x3=7, a:w x4=7"
    ),
}

AGAIN = {
    "another has put there what it had put there itself": (
        "a:w x1=1, b:w x2=1, a:r x2=1, b:w x3=5, a:w x4=6",
        "a:w x1=1, b:w x2=2, a:r x2=2, b:w x3=5, a:w x4=6",
    ),
    "what it put there last, not first": (
        "a:w x1=1, a:w x2=2, b:w x3=2, a:r x3=2, b:w x4=5, a:w x5=6",
        "a:w x1=1, a:w x2=2, b:w x3=1, a:r x3=1, b:w x4=5, a:w x5=6",
    ),
    "not what it puts there only later": (
        "a:w x1=2, b:w x2=2, a:r x2=2, a:w x3=2, b:w x4=5, a:w x5=6",
        "a:w x1=1, b:w x2=2, a:r x2=2, a:w x3=2, b:w x4=5, a:w x5=6",
    ),
    "a change and the way back to what was read": (
        "a:r x1=0, b:w x2=5, b:w x3=0, a:w x4=1",
        "a:r x1=0, b:w x2=5, b:w x3=2, a:w x4=1",
    ),
    "what is erased is there in the end": (
        "a:r x1=0, b:w x2=5, a:w x3=6, a:w x4=5, c:r x4=5",
        "a:r x1=0, b:w x2=5, a:w x3=6, a:w x4=7, c:r x4=7",
    ),
    "an increment comes to what is written": (
        "a:r x1=0, b:add(u x2)=1, a:w x3=1, c:w x4=3",
        "a:r x1=0, b:add(u x2)=2, a:w x3=1, c:w x4=3",
    ),
    "one value, and one of another kind": (
        "a:r x1=0, b:add(u x2)=1, a:w x3=1, c:w x4=3",
        'a:r x1=0, b:add(u x2)="1", a:w x3=1, c:w x4=3',
    ),
    "commits that wrote one row alike": (
        "a:r x1=0, b:w x2=\"{'v': 1}, {'w': 2}\", a:w x3=\"{'v': 1}, {'u': 3}\"",
        "a:r x1=0, b:w x2=\"{'v': 5}, {'w': 2}\", a:w x3=\"{'v': 1}, {'u': 3}\"",
    ),
    "of two that are erased one": (
        "a:r x1=0, b:w x2=1, c:w x3=2, a:w x4=1",
        "a:r x1=0, b:w x2=3, c:w x3=2, a:w x4=1",
    ),
}
"""Where an equal value may make up for what is erased, and the same where it is not equal."""


@pytest.mark.parametrize("text", LOST.values(), ids=LOST)
def test_a_change_that_is_erased_unseen_is_named(text: str) -> None:
    assert [finding.kind for finding in detect(told(text))] == ["lost_write"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_erases_nothing_unseen_is_right(text: str) -> None:
    assert detect(told(text)) == []


def test_a_finding_says_who_when_and_what_is_gone() -> None:
    (finding,) = detect(
        told("a:r files[a.json]1, b:r files[a.json]1, a:w files[a.json]2=5, b:w files[a.json]3")
    )
    assert finding.title == "b wrote over a change of files[a.json] by a that it had never seen"
    assert finding.explanation.splitlines() == [
        "b read files[a.json], version 1 (event 1).",
        "Then a wrote 5, which made version 2 (event 2).",
        "b, still going by that, wrote over it: version 3 (event 3).",
        "What a had changed is gone, and nobody was told.",
    ]
    assert (finding.resource, finding.key, finding.agents) == ("files", "a.json", ("b", "a"))
    assert finding.evidence == (1, 2, 3)
    assert finding.receipt == {
        "read_version": 1,
        "erased_version": 2,
        "written_version": 3,
        "writer": "b",
        "loser": "a",
    }
    assert "files.lock()" in finding.advice


def test_it_says_whose_read_it_was() -> None:
    (finding,) = detect(told("a:r x1, b<a:start, c:r x1, c:w x2, b:w x3"))
    assert "b, going by what a had read, wrote" in finding.explanation
    (finding,) = detect(told("a.1:r x1, a.2:r x1, a.1:w x2, a.2:w x3, a.1:stop"))
    assert "by another task of a" in finding.title
    (finding,) = detect(told("b:w x2, a:w x3, a:r x2, a:w x4"))
    assert finding.title == "a wrote over a change of x by a itself that it had never seen"


def test_what_puts_no_value_there_is_told_as_what_it_did() -> None:
    (finding,) = detect(
        told('a:stat(r x1)=0, b:remove(w x2), b:create(w x3)="to write", a:create(w x4)="to write"')
    )
    assert finding.explanation.splitlines()[:3] == [
        "a looked at x, version 1 (event 0).",
        "Then b removed it, which made version 2 (event 1).",
        "a, still going by that, made it anew: version 4 (event 3).",
    ]
    (finding,) = detect(told(LOST["it found it gone, and somebody made it anew"]))
    assert finding.explanation.startswith("a found no x, version 2 (event 2).\nThen b wrote 7,")


def losses(text: str, serial: bool) -> list[str]:
    return [finding.kind for finding in lost_writes(Case(told(text), lambda: serial))]


def test_whether_two_equal_writes_are_a_loss_the_serial_orders_tell() -> None:
    filled = "a:r x1, b:r x1, a:w x2=1, b:w x3=1"
    assert losses(filled, serial=True) == []
    assert losses(filled, serial=False) == ["lost_write"]
    counted = "a:r x1=0, b:r x1=0, a:w x2=1, b:w x3=1"
    assert losses(counted, serial=True) == []
    assert losses(counted, serial=False) == ["lost_write"]


def test_whether_a_deletion_is_a_loss_the_serial_orders_tell() -> None:
    text = "a:r x1=5, b:w x2=6, a:delete(w x3)"
    assert losses(text, serial=True) == []
    assert losses(text, serial=False) == ["lost_write"]


def test_they_are_not_asked_about_writes_that_differ() -> None:
    text = "a:r x1, b:r x1, a:w x2=1, b:w x3=2"
    assert len(list(lost_writes(Case(told(text), never)))) == 1


def never() -> bool:
    raise AssertionError("it is plain already")


@pytest.mark.parametrize(("alike", "_"), AGAIN.values(), ids=AGAIN)
def test_whether_an_equal_value_makes_up_for_it_the_serial_orders_tell(alike: str, _: str) -> None:
    assert losses(alike, serial=True) == []
    assert losses(alike, serial=False) == ["lost_write"]


@pytest.mark.parametrize(("_", "other"), AGAIN.values(), ids=AGAIN)
def test_another_value_makes_up_for_nothing(_: str, other: str) -> None:
    assert len(list(lost_writes(Case(told(other), never)))) == 1


@pytest.mark.parametrize(("alike", "_"), AGAIN.values(), ids=AGAIN)
def test_what_nobody_can_tell_is_a_loss(alike: str, _: str) -> None:
    assert [finding.kind for finding in lost_writes(Case(told(alike)))] == ["lost_write"]


def test_one_place_is_named_once_whoever_it_happens_to() -> None:
    text = "a1:r x1, a2:r x1, a3:r x1, a1:w x2, a2:w x3, a3:w x4, b:r x1, b:w x5"
    marks = sorted(finding.mark for finding in detect(told(text)))
    assert marks == ["a read write ", "b read write "]


def test_the_same_bug_has_the_same_fingerprint_whatever_it_happens_to() -> None:
    one = detect(told("a1:r doc[17]1, a2:r doc[17]1, a1:w doc[17]2, a2:w doc[17]3"))
    two = detect(told("a8:r doc[4]1, a9:r doc[4]1, c:u doc[4], a8:w doc[4]3"))
    other = detect(told("a1:r log[4]1, a2:r log[4]1, a1:w log[4]2, a2:w log[4]3"))
    marks = [found[0].fingerprint for found in (one, two, other)]
    assert marks[0] == marks[1] != marks[2]


def test_a_history_that_was_written_and_read_again_says_the_same() -> None:
    history = told("a:r x1, b<a:r x1, b.1:w x2=5, a:w x3=6, b.1:r x3")
    again = History.parse(history.lines())
    assert detect(again) == detect(history) != []


MUTATIONS = [
    ('if access == "write":', 'if access != "update":'),
    ("and base[0] < version - 1", "and base[0] < version - 2"),
    ("            if base is None and kin:", "            if base is None and not kin:"),
    ("        if version <= base[0]:", "        if version < base[0]:"),
    ("        if not case.is_nobody(whose):", "        if True:"),
    ("        if idle or (row[11]", "        if (row[11]"),
    ("plain = row[11] is None and", "plain ="),
    ('and row[9] != "" and', "and"),
    ("and row[8] != FAIL  #", "#"),
    ("        changes.append(look)", "        changes.append(look) if access == 'write' else None"),
    ("            known[strand] = (version, base[1])", "            pass"),
    ("base = max(base, kin) if kin is not None else base", "pass"),
    ("and case.spans[other].last < now", ""),
    (
        "    above = [each for other, each in known.items() if case.is_below(strand, other)]",
        "    above = []",
    ),
    (
        "        if not (own or _deletes(case, write) or _is_equal(case, change, write)):",
        "        if True:",
    ),
    ("    if not loss.is_doubtful:", "    if False:"),
    ("            if loss.is_doubtful or loss.is_there_again:", "            if loss.is_doubtful:"),
    ("return made or _looks_own(case, base[1], strand, changes)", "return made"),
    ("bisect_left(changes, read, key=itemgetter(0))", "len(changes)"),
    (
        "            return _share(case, number, read)",
        "            pass",
    ),
    ("        if whose == strand:", "        if whose != strand:"),
    (
        "    if _share(case, read, gone[0]):",
        "    if False:",
    ),
    ("_share(case, write, each) or _share(case, end, each)", "_share(case, write, each)"),
    ("_share(case, write, each) or _share(case, end, each)", "_share(case, end, each)"),
    ("for each in gone)", "for each in gone[:1])"),
    ("isdisjoint(ROWS.split(theirs))", "isdisjoint([theirs])"),
    ("if mine is None or type(mine) is not type(theirs):", "if type(mine) is not type(theirs):"),
    ("    if serial is not None:", "    if serial:"),
    (
        "return case.rows[loss.read][9] is not None and not _deletes(case, loss.write)",
        "return not _deletes(case, loss.write)",
    ),
    (
        "return case.rows[loss.read][9] is not None and not _deletes(case, loss.write)",
        "return case.rows[loss.read][9] is not None",
    ),
    ("if mine[0] != theirs[0] or mine[9] != theirs[9]:", "if mine[9] != theirs[9]:"),
    ("missed = misses(case) if case.contested else {}", "missed = {}"),
    ("        not is_miss(case, number)", "        True"),
    ("        not is_miss(case, number)", "        False"),
    ("        or strand in known", ""),
    ("        or _of_kin(case, strand, known, number) is not None", ""),
    ("    if is_miss(case, loss.read):", "    if False:"),
]


def judged(module: ModuleType) -> list[object]:
    """Say what a detector finds in all of the histories above."""
    given: list[object] = [
        [(finding.receipt, finding.evidence) for finding in module.lost_writes(Case(told(text)))]
        for text in (*LOST.values(), *RIGHT.values())
    ]
    filled = "a:r x1, b:r x1, a:w x2=1, b:w x3=1"
    serial = [list(module.lost_writes(Case(told(filled), partial(bool, yes)))) for yes in (0, 1)]
    alike = [
        list(module.lost_writes(Case(told(text), lambda: True)))
        for pair in AGAIN.values()
        for text in pair
    ]
    return [*given, [len(found) for found in (*serial, *alike)]]


@pytest.mark.parametrize(("old", "new"), MUTATIONS)
def test_each_condition_is_needed(old: str, new: str) -> None:
    assert judged(mutant(lost_write, old, new)) != judged(lost_write)
