"""Histories of all that can be told, with texts that nobody should have written."""

from __future__ import annotations

from hypothesis import strategies as st

from pileup.history import FAIL, History, Outcome, Row, Who
from pileup.notes import Note, Step
from pileup.operations import Access, Item, Past, Touch

NASTY = (
    *("", "\ud800", "\x00\x1b[31m", 'a"b\\c', "a\nb\r\n", "\u2028", "</script>", "\U0001f980"),
    *("constructor", "__proto__", "agent-0.1", "{}", "1 b {x} y", "é", "\u202e", "x" * 100),
)
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(st.characters(codec=None), max_size=5))
NAMES = st.lists(TEXTS, min_size=1, max_size=4, unique=True)
DEEDS = st.one_of(
    st.sampled_from(["start", "end", "read", "write", "publish", "claim", "complete", "crash"]),
    st.sampled_from(["commit", "rollback", "acquire"]),
    TEXTS,
)
DETAILS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats())
NOTES = st.builds(
    lambda message, unit, refused: Note(
        **{
            name: fact
            for name, fact in (("message", message), ("unit", unit), ("refused", refused))
            if fact is not None
        }
    ),
    st.one_of(st.none(), st.sampled_from(["m1", "m2"])),
    st.one_of(st.none(), st.integers(0, 2)),
    st.one_of(st.none(), st.just("503")),
)
ACCESSES: st.SearchStrategy[Access] = st.sampled_from(["read", "write", "change", "update"])
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(["ok", "ok", "ok", "fail", "info"])


@st.composite
def histories(draw: st.DrawFn, most: int = 12) -> History:
    """Make up a history: versions and agents fit, and nothing else is as it should be."""
    names = draw(NAMES)
    agents = [
        Who(name, draw(TEXTS), draw(TEXTS), draw(st.sampled_from([None, *names, "nobody"])))
        for name in names
    ]
    things = draw(st.lists(st.tuples(TEXTS, TEXTS), min_size=3, max_size=3, unique=True))
    items = [Item(*thing) for thing in things]
    steps = [Step(draw(TEXTS), number) for number in range(2)]
    steps[1].failed = draw(st.booleans())
    count = draw(st.integers(0, most))
    rows = [_row(draw, number, len(agents), items, steps) for number in range(count)]
    return History(agents, rows, {(0, 1): 0, (0, 2): 1})


def _row(draw: st.DrawFn, number: int, agents: int, items: list[Item], steps: list[Step]) -> Row:
    outcome = draw(OUTCOMES)
    touches, versions = [], []
    for item in draw(st.lists(st.sampled_from(items), max_size=2, unique=True)):
        access = draw(ACCESSES)
        if access != "read":
            item.version += outcome != FAIL
            touches.append(Touch(item, access))
            versions.append(item.version)
        else:
            past = Past(item, draw(st.integers(0, item.version)))
            touches.append(Touch(past, access))
            versions.append(past.version)
    is_known = outcome != "info" or draw(st.booleans())
    return Row(
        draw(DEEDS),
        tuple(touches),
        tuple(versions) if is_known else (),
        draw(st.integers(0, agents - 1)),
        draw(st.integers(0, 2)),
        draw(st.one_of(st.none(), st.sampled_from(steps), TEXTS)),
        draw(st.integers(0, number + 2)),
        draw(st.floats(0, 1e18)),
        outcome,
        draw(DETAILS),
        draw(st.one_of(st.none(), st.just("lost"), TEXTS)),
        draw(st.one_of(st.none(), NOTES)),
    )
