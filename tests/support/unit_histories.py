"""Histories of units at random, and slow ways to judge them that are plain to see."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import permutations
from typing import NamedTuple

from hypothesis import strategies as st

from pileup.detectors.accesses import Reading
from pileup.detectors.case import Case
from pileup.detectors.dependencies import Dependencies
from pileup.detectors.stretches import Stretch, stretches
from pileup.detectors.units import levels
from pileup.history import OK, History, Row, Who
from pileup.notes import Note, Step
from pileup.operations import READ, WRITE, Access, Item, Past, Touch


class Deed(NamedTuple):
    """One access: of which unit (None: of none), how, to which item, and for reads how late."""

    unit: int | None
    access: Access
    item: int
    behind: int = 0


def deeds(units: int = 4, items: int = 3, most: int = 10) -> st.SearchStrategy[list[Deed]]:
    one = st.builds(
        Deed,
        st.one_of(st.integers(0, units - 1), st.integers(0, units - 1), st.none()),
        st.sampled_from([READ, READ, "write", "update", "change"]),
        st.integers(0, items - 1),
        st.sampled_from([0, 0, 0, 1, 2]),
    )
    return st.lists(one, min_size=2, max_size=most)


def one_after_another(draw: random.Random, count: int) -> list[Deed]:
    """Make up units that overlap at most those beside them, and often none at all."""
    return [
        Deed(
            None if draw.random() < 0.1 else place // 3 + (draw.random() < 0.15),
            draw.choice(["read", "read", "update", "change", "write"]),
            draw.randrange(4),
            draw.choice([0] * 12 + [1, 2, 4]),
        )
        for place in range(count)
    ]


def knowing_their_own(told: list[Deed]) -> list[Deed]:
    """Let no unit see less of an item than it has done to it by itself."""
    return [
        each._replace(behind=0)
        if any(other[::2] == each[::2] and other.access != READ for other in told[:place])
        else each
        for place, each in enumerate(told)
    ]


def history_of(told: Iterable[Deed], level: str = "transaction") -> History:
    """Make a history of it: unit and agent have one number, and the last agent is in no unit."""
    rows: list[Row] = []
    items = [Item("memory", name) for name in "abcdefgh"]
    steps = [Step("work", number) for number in range(64)]
    told = list(told)
    lasts = {each.unit: place for place, each in enumerate(told)}
    for place, (unit, access, number, behind) in enumerate(told):
        item = items[number]
        seen: Item = item
        if access != READ:
            item.version += 1
        elif behind:
            seen = Past(item, max(0, item.version - behind))
        in_step = unit is not None and level == "step"
        note = Note(unit=unit) if unit is not None and level == "transaction" else None
        rows.append(
            Row(
                access,
                (Touch(seen, access),),
                (seen.version,),
                len(steps) if unit is None else unit,
                0,
                steps[unit] if in_step and unit is not None else None,
                len(rows),
                0.0,
                OK,
                None,
                None,
                note,
            )
        )
        if note is not None and lasts[unit] == place:
            after = len(rows)
            rows.append(Row("commit", (), (), unit or 0, 0, None, after, 0.0, OK, None, None, note))
    agents = [Who(f"a{number}", f"a{number}", "a") for number in range(len(steps) + 1)]
    return History(agents, rows)


def is_circular(history: History) -> bool:
    """What the detector's graph says of a history with units of one level."""
    case = Case(history)
    return any(
        any(Dependencies(Reading(case, units, strict=False), stretch).components())
        for units in levels(case)
        for stretch in stretches(case, units)
    )


def spans(history: History) -> list[Stretch]:
    """Return the stretches of a history with units of one level."""
    case = Case(history)
    return [stretch for units in levels(case) for stretch in stretches(case, units)]


class Plain(NamedTuple):
    """One access with the version that it read or made, by the node of its unit."""

    node: int
    access: str
    item: int
    version: int


def plainly(told: Iterable[Deed]) -> list[Plain]:
    """Give each access its version; lone rows get nodes of their own, lone reads count for none."""
    versions: dict[int, int] = {}
    found: list[Plain] = []
    for place, (unit, access, item, behind) in enumerate(told):
        now = versions.get(item, 0)
        if access != READ:
            versions[item] = now = now + 1
        elif unit is None:
            continue
        else:
            now = max(0, now - behind)
        found.append(Plain(1000 + place if unit is None else unit, access, item, now))
    return _without_overtaken(found)


def _without_overtaken(found: list[Plain]) -> list[Plain]:
    """Leave out the looks of units that then change the item in one, with no write between."""
    kept: list[Plain] = []
    for place, each in enumerate(found):
        later = [
            other.access
            for other in found[place + 1 :]
            if other[::2] == each[::2] and other.access != READ
        ]
        if not (each.access == READ and later[:1] == ["change"]):
            kept.append(each)
    return kept


def naive_edges(found: list[Plain]) -> set[tuple[int, int]]:
    """Return which node must come before which, pair by pair."""
    edges = set()
    for one in found:
        for other in found:
            if one.item != other.item or one.node == other.node:
                continue
            if one.access == READ and other.access == READ:
                continue
            if READ in (one.access, other.access):
                read, made = (one, other) if one.access == READ else (other, one)
                first, then = (made, read) if made.version <= read.version else (read, made)
                edges.add((first.node, then.node))
            elif WRITE in (one.access, other.access) and one.version < other.version:
                edges.add((one.node, other.node))
    return edges


def naively_circular(found: list[Plain]) -> bool:
    """Whether some unit leads to itself (Warshall), over at least one unit that is none alone."""
    edges = naive_edges(found)
    nodes = sorted({each.node for each in found})
    for middle in nodes:
        into = [one for one in nodes if (one, middle) in edges]
        out = [other for other in nodes if (middle, other) in edges]
        edges |= {(one, other) for one in into for other in out}
    return any((node, node) in edges and node < 1000 for node in nodes)


def has_order(found: list[Plain]) -> bool:
    """Whether in some order every unit sees and leaves behind what it did (all orders tried)."""
    nodes = sorted({each.node for each in found})
    goal = _played(found, found)
    return any(
        _played([each for node in order for each in found if each.node == node], found) == goal
        for order in permutations(nodes)
    )


def _played(order: list[Plain], found: list[Plain]) -> object:
    """Return what each read sees, and what is left of each item, if it goes in this order."""
    versions = {(each.item, each.version): each for each in found if each.access != READ}
    states: dict[int, tuple[int, frozenset[int]]] = {}
    seen: dict[int, list[object]] = {}
    truly = order is found
    for node, access, item, version in order:
        state = states.get(item, (0, frozenset()))
        if access == READ:
            state = _state_at(versions, item, version) if truly else state
            seen.setdefault(node, []).append(state)
        elif access == WRITE:
            states[item] = (version, frozenset())
        else:
            states[item] = (state[0], state[1] | {version})
    return sorted(states.items()), sorted(seen.items())


def _state_at(
    versions: dict[tuple[int, int], Plain], item: int, version: int
) -> tuple[int, frozenset[int]]:
    changes: set[int] = set()
    while version > 0 and versions[item, version].access != WRITE:
        changes.add(version)
        version -= 1
    return version, frozenset(changes)
