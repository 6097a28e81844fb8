"""Which turns of a run could have come the other way round: trails made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pileup.choices import CLOCK_TURN, Candidate, Turn
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Access, Item, Operation, Touch, nothing
from pileup.strategies._order import ALL, CLOCK, Deed, Order, apart, deed_of, merged
from pileup.strategies._polls import polls_in_vain
from pileup.strategies._wakeups import Branch, copied, count_leaves, insert, is_covered

SHORT: dict[str, Access] = {"r": READ, "w": WRITE, "c": CHANGE, "u": UPDATE}


def turn(
    strand: int, does: str, *, parked: int = -1, waits: bool = False, agent: int | None = None
) -> Turn:
    """Make a turn that does `"r x"`, or nothing, or several things: `"r x, w y"`."""
    made = Turn(strand, strand if agent is None else agent, parked, waits=waits)
    made.feet = [("m", each.split()[1], SHORT[each[0]]) for each in does.split(", ") if each]
    if strand == CLOCK_TURN:
        made.feet = [(*ALL, CHANGE)]
    return made


def deed(strand: int, does: str) -> Deed:
    return deed_of(turn(strand, does))


def order(*turns: Turn, offered: Sequence[frozenset[int]] | None = None) -> Order:
    """Put turns in order; who is still to go could have gone at each, unless it is said."""
    made = Order()
    for number, each in enumerate(turns):
        still = _still_to_go(turns, number) if offered is None else offered[number]
        made.add(each, deed_of(each), still)
    return made


def _still_to_go(turns: Sequence[Turn], number: int) -> frozenset[int]:
    coming = {each.strand: each.parked for each in reversed(turns[number:])}
    return frozenset(who for who, parked in coming.items() if parked < number)


def races(made: Order, *left: Turn, since: int = 0) -> list[tuple[int, list[int]]]:
    found = made.races(since, left)
    return [(race.first, [each.strand for each in race.deeds]) for race in found]


def plain(turns: Sequence[tuple[int, str]]) -> list[Turn]:
    """Make turns each of which could happen since its strand's last one."""
    last: dict[int, int] = {}
    made = []
    for number, (strand, does) in enumerate(turns):
        made.append(turn(strand, does, parked=last.get(strand, -1)))
        last[strand] = number
    return made


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([(0, "w x"), (1, "w y")], []),
        ([(0, "r x"), (1, "r x")], []),
        ([(0, "u x"), (1, "u x")], []),
        ([(0, "w x"), (1, "w x")], [(0, [1])]),
        ([(0, "r x"), (1, "u x")], [(0, [1])]),
        ([(0, "r x, u x"), (1, "u x")], [(0, [1])]),
        # what came in between comes along, unless it needs the first
        ([(0, "w x"), (1, "w y"), (1, "w x")], [(0, [1, 1])]),
        ([(0, "w x"), (2, "r z"), (1, "w x")], [(0, [2, 1])]),
        ([(0, "w x"), (2, "r x"), (1, "w x")], [(0, [2]), (1, [1])]),
        # a pair that a third keeps in order is no race
        ([(0, "w x"), (0, "w y"), (1, "r y"), (1, "r x")], [(1, [1])]),
        # two readers race with one writer each
        ([(0, "r x"), (1, "r x"), (2, "w x")], [(0, [1, 2]), (1, [2])]),
    ],
)
def test_races(turns: list[tuple[int, str]], expected: list[tuple[int, list[int]]]) -> None:
    assert races(order(*plain(turns))) == expected


def test_who_was_not_there_yet_cannot_go_first() -> None:
    nobody: frozenset[int] = frozenset()
    made = [turn(0, "w x"), turn(1, "w x", parked=0)]  # the first lets the second come up
    assert races(order(*made, offered=[frozenset({0}), nobody])) == []


def test_tasks_of_one_agent_race_even_if_they_touch_nothing() -> None:
    made = [turn(0, "", agent=7), turn(1, "", agent=7)]
    assert races(order(*made)) == [(0, [1])]


def test_who_waited_goes_where_it_could_go_last() -> None:
    """Before the lock was taken, not before it was given back."""
    both, one = frozenset({0, 1}), frozenset({0})
    made = [turn(0, "c lock"), turn(0, "c lock", parked=0), turn(1, "c lock", waits=True)]
    assert races(order(*made, offered=[both, one, frozenset({1})])) == [(0, [1])]


def test_who_was_left_waiting_could_have_gone_first() -> None:
    both, one = frozenset({0, 1}), frozenset({0})
    made = order(turn(0, "c lock"), turn(0, "w x", parked=0), offered=[both, one])
    assert races(made, turn(1, "c lock", waits=True)) == [(0, [1])]
    assert races(made, turn(1, "w x")) == []  # it is no candidate there, so it cannot


def test_what_was_taken_back_could_have_gone_first() -> None:
    both, one = frozenset({0, 1}), frozenset({0})
    made = order(turn(0, "w x"), turn(0, "w y", parked=0), offered=[both, one])
    assert races(made) == [(0, [1])]


def test_a_deadline_passes_before_whatever_it_can() -> None:
    everybody = frozenset({0, 1, CLOCK_TURN})
    made = plain([(0, "w x"), (1, "w y"), (CLOCK_TURN, "")])
    offered = [everybody, everybody - {0}, frozenset({CLOCK_TURN})]
    assert races(order(*made, offered=offered)) == [(0, [1, CLOCK_TURN]), (1, [CLOCK_TURN])]


def test_a_deadline_that_was_still_to_come_could_have_passed() -> None:
    everybody = frozenset({0, 1, CLOCK_TURN})
    offered = [everybody, everybody - {0}]
    found = races(order(*plain([(0, "w x"), (1, "w y")]), offered=offered))
    assert (1, [CLOCK_TURN]) in found
    assert (0, [1, CLOCK_TURN]) in found


def test_it_is_cut_back_as_if_the_rest_had_never_been() -> None:
    turns = plain([(0, "w x"), (1, "r x"), (CLOCK_TURN, ""), (1, "w x"), (0, "u y")])
    whole = order(*turns)
    for length in range(len(turns), -1, -1):
        whole.cut(length)
        again = order(*turns[:length], offered=whole.offered)
        assert (whole.before, whole.of_strand.get(0, [])) == (
            again.before,
            again.of_strand.get(0, []),
        )
        grown = order(*turns[:length], offered=whole.offered)
        for number in range(length, len(turns)):
            for each in (whole, grown):
                each.add(turns[number], deed_of(turns[number]), frozenset({0, 1}))
        assert races(whole) == races(grown)


def test_only_races_of_new_turns_are_told() -> None:
    made = order(*plain([(0, "w x"), (1, "w x"), (0, "w y"), (1, "w y")]))
    assert races(made) == [(0, [1]), (2, [1])]
    assert races(made, since=2) == [(2, [1])]


def test_apart() -> None:
    assert apart(deed(0, "w x"), deed(1, "w y"))
    assert apart(deed(0, "u x"), deed(1, "u x"))
    assert not apart(deed(0, "u x"), deed(1, "r x"))
    assert not apart(deed(0, ""), deed(0, ""))
    assert not apart(deed(0, ""), CLOCK)  # who touches nothing may look at the clock
    assert not apart(CLOCK, deed(0, "r x"))


def test_two_accesses_are_a_change() -> None:
    assert merged([("m", "x", READ), ("m", "x", WRITE), ("m", "y", READ), ("m", "y", READ)]) == {
        ("m", "x"): CHANGE,
        ("m", "y"): READ,
    }


# Wake-up trees ------------------------------------------------------------------------------------


def spelled(branches: Sequence[Branch]) -> list[Any]:
    return [
        [each.deed.strand, spelled(each.after)] if each.after else each.deed.strand
        for each in branches
    ]


def test_a_sequence_is_put_in_once() -> None:
    branches = [Branch(deed(0, "w x"))]
    sequence = [deed(2, "r z"), deed(1, "w x")]
    assert insert(branches, sequence)
    assert spelled(branches) == [0, [2, [1]]]
    assert not insert(branches, sequence)
    assert not insert(branches, sequence[::-1])  # the two are apart
    assert count_leaves(branches) == 2


def test_a_sequence_goes_in_where_it_begins_alike() -> None:
    branches = [Branch(deed(2, "r z"), [Branch(deed(1, "w x"))])]
    assert insert(branches, [deed(2, "r z"), deed(3, "w x")])
    assert spelled(branches) == [[2, [1, 3]]]


def test_whatever_comes_after_a_leaf_will_do() -> None:
    branches = [Branch(deed(1, "w x"))]
    assert not insert(branches, [deed(1, "w x"), deed(2, "w x")])
    assert not insert(branches, [deed(2, "w y")])  # it can come after the leaf as well
    assert insert(branches, [deed(2, "w x"), deed(1, "w x")])


def test_what_has_been_tried_covers_what_it_could_begin() -> None:
    tried = [deed(1, "w x")]
    assert is_covered(tried, [deed(1, "w x")])
    assert is_covered(tried, [deed(2, "w y")])
    assert is_covered(tried, [deed(2, "w y"), deed(1, "w x")])
    assert not is_covered(tried, [deed(2, "r x"), deed(1, "w x")])
    assert not is_covered([], [deed(1, "w x")])


def test_a_copy_is_another_tree() -> None:
    tree = Branch(deed(1, "w x"), [Branch(deed(2, "w x"))])
    copy = copied(tree)
    copy.after.clear()
    assert spelled([tree]) == [[1, [2]]]


# Polls --------------------------------------------------------------------------------------------


class Parked:
    """A strand that waits to read or to change some cells."""

    name = label = "agent"

    def __init__(self, number: int, does: str) -> None:
        self.number = number
        touches = [each.split() for each in does.split(", ") if each]
        self.op = Operation(
            "look",
            tuple(Touch(Item("m", key), SHORT[access]) for access, key in touches),
            nothing,
        )


def holds(made: Order, does: str = "r x") -> bool:
    strand: Candidate = Parked(1, does)
    return polls_in_vain(strand, made)


def test_who_has_seen_the_same_three_times_is_held_back() -> None:
    looks = [(1, "r x")]
    assert not holds(order(*plain(looks * 2)))
    assert holds(order(*plain(looks * 3)))
    assert not holds(order(*plain([*looks * 3, (0, "w x")])))
    assert holds(order(*plain([*looks * 3, (0, "w y")])))
    assert not holds(order(*plain([*looks * 3, (0, "w x"), *looks * 2])))


def test_who_does_something_else_next_is_not_held_back() -> None:
    looked = order(*plain([(1, "r x")] * 3))
    assert not holds(looked, "r y")
    assert not holds(looked, "w x")
    assert not holds(looked, "")


def test_who_has_done_something_is_not_held_back() -> None:
    assert not holds(order(*plain([(1, "r x"), (1, "r x"), (1, "w y"), (1, "r x")])))


def test_who_tries_a_lock_is_held_back_later() -> None:
    looks = [(1, "r x")]
    assert not holds(order(*plain(looks * 5)), "c x")
    assert holds(order(*plain(looks * 6)), "c x")


def test_who_gives_way_between_looks_is_held_back() -> None:
    looks = [(1, "r x"), (1, "")]
    assert holds(order(*plain(looks * 3)))
    assert holds(order(*plain(looks * 3)), "")
    assert not holds(order(*plain([*looks * 3, (0, "w y")])), "")  # who knows what it looks at
