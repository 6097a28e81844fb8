"""Partial-order sampling: which operation goes, and which draw again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from support.asked import Parked, who_of

import pileup
from pileup.choices import Point
from pileup.fakes import World
from pileup.operations import Access, Item, Operation, Touch, conflict, nothing
from pileup.strategies import Random
from pileup.strategies import pos as module
from pileup.strategies.pos import ACCESSES, RIVALS, Pos


def touching(*things: tuple[Item, Access]) -> Operation:
    return Operation("act", tuple(Touch(*thing) for thing in things), nothing)


def goes(strategy: Pos | Random, parked: list[Parked], at: int = 0) -> Parked:
    return parked[(at + strategy.choose(who_of(parked, at=at))) % len(parked)]


def begun(strategy: Pos, run: int = 0) -> Pos:
    strategy.begin(run)
    return strategy


def independent(count: int) -> list[Parked]:
    return [
        Parked(number, touching((Item("cell", str(number)), "write"))) for number in range(count)
    ]


def ended(strategy: Pos, parked: list[Parked], at: int = 0) -> list[int]:
    """Let each do the one thing that it wants to do, and end; say in which order."""
    left, gone = list(parked), []
    while left:
        chosen = goes(strategy, left, at % len(left)) if len(left) > 1 else left[0]
        left.remove(chosen)
        gone.append(chosen.number)
    return gone


@pytest.mark.parametrize("at", range(5))
def test_the_highest_goes_whoever_went_last(at: int) -> None:
    parked = independent(5)
    strategy = begun(Pos(0))
    goes(strategy, parked)
    drawn = strategy._priorities
    assert sorted(drawn, key=lambda number: -drawn[number]) == ended(begun(Pos(0)), parked, at)


def test_the_same_seed_and_run_give_the_same_answers() -> None:
    parked = independent(9)
    again = Pos(3)
    first = ended(begun(again, 5), parked)
    ended(begun(again, 6), parked)
    assert ended(begun(again, 5), parked) == ended(begun(Pos(3), 5), parked) == first


@pytest.mark.parametrize(("seed", "run"), [(3, 6), (4, 5)])
def test_seeds_and_runs_differ(seed: int, run: int) -> None:
    # Two orders of nine are alike by chance once in 362,880.
    assert ended(begun(Pos(seed), run), independent(9)) != ended(begun(Pos(3), 5), independent(9))


# Who draws again -------------------------------------------------------------------------------


def redrawn(strategy: Pos, mine: Operation, others: list[Operation]) -> list[int]:
    """Let an operation go that has drawn highest; say which of the others drew again."""
    parked = [Parked(0, mine), *(Parked(1 + place, op) for place, op in enumerate(others))]
    strategy.begin(0)
    strategy._highest(parked)
    before = strategy._priorities | {0: 2.0}
    strategy._priorities.update(before)
    assert goes(strategy, parked).number == 0
    return [number - 1 for number, drawn in strategy._priorities.items() if drawn != before[number]]


def expect_those_in_conflict_to_draw_again(strategy: Pos) -> None:
    here, there = Item("cell", "here"), Item("cell", "there")
    others = [touching((item, access)) for item in (here, there) for access in ACCESSES]
    others += [touching((here, "read"), (there, "update")), touching()]
    for access in ACCESSES:
        mine = touching((here, access))
        wanted = [place for place, op in enumerate(others) if conflict(mine.touches, op.touches)]
        assert redrawn(strategy, mine, others) == wanted


def test_those_in_conflict_draw_again_and_nobody_else() -> None:
    expect_those_in_conflict_to_draw_again(Pos(0))


class Everybody(dict[str, tuple[Access, ...]]):
    """A mutant's table: every access to an item conflicts with every other."""

    def __missing__(self, _: str) -> tuple[Access, ...]:
        return ACCESSES


@pytest.mark.parametrize(
    "mutant",
    [
        dict.fromkeys(ACCESSES, ()),
        Everybody(),
        RIVALS | {"read": ()},
        RIVALS | {"update": ("read",)},
    ],
)
def test_a_wrong_table_of_conflicts_is_noticed(
    mutant: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RIVALS", mutant)
    with pytest.raises(AssertionError):
        expect_those_in_conflict_to_draw_again(Pos(0))


def test_one_that_cannot_go_just_now_draws_again_as_well() -> None:
    cell = Item("cell", "")
    strategy = begun(Pos(0))
    waiting, one, two = (Parked(number, touching((cell, "change"))) for number in range(3))
    strategy._highest([waiting, one, two])
    before = strategy._priorities[0]
    goes(strategy, [one, two])
    assert strategy._priorities[0] != before


def expect_what_has_gone_to_be_forgotten(strategy: Pos) -> None:
    poller, patient = Parked(0, touching()), Parked(1, touching())
    strategy.begin(0)
    # One that draws anew each time is not above the other 200 times in a row, but
    # for a share of 1/201 of the seeds.
    assert {goes(strategy, [poller, patient]).number for _ in range(200)} == {0, 1}


class Keeping(Pos):
    """A mutant: who has gone keeps its priority."""

    def _leave(self, number: int) -> None:
        pass


def test_the_same_operation_once_more_draws_again() -> None:
    expect_what_has_gone_to_be_forgotten(Pos(0))
    with pytest.raises(AssertionError):
        expect_what_has_gone_to_be_forgotten(Keeping(0))


def test_another_operation_of_a_strand_draws_its_own() -> None:
    strategy, cell = begun(Pos(0)), Item("cell", "")
    strategy._highest([Parked(0, touching((cell, "write")))])
    before = strategy._priorities[0]
    strategy._highest([Parked(0, touching())])  # the first was cancelled
    assert strategy._priorities[0] != before
    assert not strategy._touching[cell, "write"]


# How it is distributed -------------------------------------------------------------------------


def last(strategy: Pos | Random, runs: int) -> int:
    """In how many runs an agent of one operation comes behind all ten of another's."""
    found = 0
    one = independent(2)[1]
    for run in range(runs):
        strategy.begin(run)
        steps = (goes(strategy, [Parked(0, touching()), one]).number for _ in range(10))
        found += all(number == 0 for number in steps)
    return found


def expect_long_waits(make: Callable[[int], Pos | Random]) -> None:
    # Its priority is the lowest of eleven in 200 of 2,200 runs, with a standard
    # deviation of 13.5: five of them either way. A random walk does it in two.
    assert 132 < last(make(0), 2_200) < 268


class Restless(Pos):
    """A mutant: everybody draws again at each step."""

    def _go(self, strand: Any) -> None:
        super()._go(strand)
        self._parked.clear()


def test_an_independent_operation_may_stay_behind_for_long() -> None:
    expect_long_waits(Pos)


@pytest.mark.parametrize("mutant", [Random, Restless])
def test_a_random_walk_would_be_noticed(mutant: Callable[[int], Pos | Random]) -> None:
    with pytest.raises(AssertionError):
        expect_long_waits(mutant)


def test_every_order_of_a_race_is_as_likely() -> None:
    cell = Item("cell", "")
    parked = [Parked(number, touching((cell, "write"))) for number in range(3)]
    strategy = Pos(0)
    found = Counter(tuple(ended(begun(strategy, run), parked)) for run in range(3_000))
    # 500 each with a standard deviation of 20: five of them either way.
    assert len(found) == 6
    assert all(400 < count < 600 for count in found.values())


# The rest --------------------------------------------------------------------------------------


def test_the_clock_goes_only_as_often_as_the_run_is_hasty() -> None:
    strategy, parked = begun(Pos(0)), independent(2)
    for eager, wanted in ((0.0, {0, 1}), (1.0, {2})):
        strategy._draws._eager = eager
        assert {strategy.choose(who_of(parked, jump=True)) for _ in range(50)} <= wanted


def test_the_other_streams_are_those_of_the_random_walk() -> None:
    strategy, random = begun(Pos(4), 2), Random(4)
    random.begin(2)
    for point in [Point("faults", 2, "f", 0.3), Point("data", 9, "d")] * 20:
        assert strategy.choose(point) == random.choose(point)


def test_strands_that_want_nothing_are_answered_for() -> None:
    strategy = begun(Pos(0))
    for _ in range(20):
        assert 0 <= strategy.choose(who_of([Parked(-1), Parked(0), Parked(1)])) < 3


def test_a_lost_update_is_found_and_found_again() -> None:
    async def adds(world: World) -> None:
        total = await world.memory.get("total")
        await world.memory.set("total", (total or 0) + 1)

    first, second = (pileup.explore(adds, runs=40, strategy=Pos(0)) for _ in range(2))
    assert [each.kind for each in first.findings] == ["lost_write"]
    assert first.stats == second.stats


def test_the_claim_is_no_more_than_what_clean_runs_say() -> None:
    # 0.95 = 1 - (1 - 0.0149) ** 200
    assert "Each of the 200 runs" in Pos(0).claim(200)
    assert "fewer than 1.5% of them do" in Pos(0).claim(200)
    assert "nothing is known" in Pos(0).claim(0)
