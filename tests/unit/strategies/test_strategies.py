"""Who answers the choices: each strategy asked by hand, with made-up agents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from support.asked import Parked, who

from pileup.choices import CLOCK, Point, Strategy, Stream, Tape, Trail
from pileup.errors import Diverged, UsageError
from pileup.operations import Operation, nothing
from pileup.strategies import STRATEGIES, Auto, Dull, Random, Replay, RoundRobin, make


def what(stream: Stream, count: int = 10) -> Point:
    return Point(stream, count, f"{stream}?")


def answers(strategy: Strategy, run: int, points: int = 40) -> list[int]:
    strategy.begin(run)
    return [strategy.choose(who(range(9))) for _ in range(points)]


def test_dull_lets_the_same_agent_go_on_and_nothing_fail() -> None:
    dull = Dull()
    dull.begin(7)
    assert dull.name == "dull"
    points = [who(), who(jump=True), what("faults"), what("data")]
    assert [dull.choose(point) for point in points] == [0, 0, 0, 0]


def turns(strategy: Strategy, numbers: Sequence[int], steps: int, *, jump: bool = False) -> str:
    """Play a schedule among agents that never end; say who acted."""
    acted, at = "", 0
    for _ in range(steps):
        index = strategy.choose(who(numbers, at=at, jump=jump))
        assert index < len(numbers), "the clock was let pass first"
        at = (at + index) % len(numbers)
        acted += str(numbers[at])
    return acted


@pytest.mark.parametrize("jump", [False, True])
def test_round_robin_takes_turns(jump: bool) -> None:
    robin = RoundRobin()
    robin.begin(0)
    assert turns(robin, [0, 1, 2], 7, jump=jump) == "0120120"


def test_round_robin_does_not_skip_whoever_took_the_place_of_one_that_ended() -> None:
    robin = RoundRobin()
    robin.begin(0)
    assert turns(robin, [0, 1, 2], 2) == "01"
    # Agent 1 has ended: its place is agent 2's now, whose turn it is.
    assert robin.choose(who([0, 2], at=1)) == 0


def test_round_robin_never_lets_a_deadline_pass_before_the_only_agent() -> None:
    robin = RoundRobin()
    robin.begin(0)
    assert [robin.choose(who([4], jump=True)) for _ in range(3)] == [0, 0, 0]


def test_round_robin_is_dull_about_everything_else() -> None:
    robin = RoundRobin()
    robin.begin(0)
    assert [robin.choose(what("faults")), robin.choose(what("data"))] == [0, 0]


def test_round_robin_is_the_same_in_every_run() -> None:
    robin = RoundRobin()
    # An odd number, because with two in turn an even one ends where it began.
    assert answers(robin, 0, points=41) == answers(robin, 5, points=41)


def test_random_gives_the_same_answers_for_the_same_seed_and_run() -> None:
    assert answers(Random(3), 5) == answers(Random(3), 5)
    again = Random(3)
    answers(again, 4)
    assert answers(again, 5) == answers(Random(3), 5)


@pytest.mark.parametrize(("seed", "run"), [(3, 6), (4, 5)])
def test_random_differs_by_run_and_by_seed(seed: int, run: int) -> None:
    # Forty answers among nine are alike by chance once in 10**38.
    assert answers(Random(seed), run) != answers(Random(3), 5)


def test_random_picks_every_agent_about_equally_often() -> None:
    counts = Counter(answers(Random(0), 0, points=9_000))
    assert sorted(counts) == list(range(9))
    # 1,000 each with a standard deviation of 30: five of them either way.
    assert all(850 < count < 1_150 for count in counts.values())


def drawn(stream: Stream, disturbing: Stream, extra: int) -> list[int]:
    """Answer one stream's questions with `extra` of another's between them."""
    strategy = Random(11)
    strategy.begin(2)
    found = []
    for _ in range(40):
        for _ in range(extra):
            strategy.choose(who(range(9)) if disturbing == "schedule" else what(disturbing))
        found.append(strategy.choose(who(range(9)) if stream == "schedule" else what(stream)))
    return found


@pytest.mark.parametrize(
    ("stream", "disturbing"),
    [
        ("schedule", "faults"),
        ("schedule", "data"),
        ("faults", "schedule"),
        ("faults", "data"),
        ("data", "faults"),
    ],
)
def test_drawing_more_of_one_stream_does_not_shift_another(
    stream: Stream, disturbing: Stream
) -> None:
    assert drawn(stream, disturbing, 0) == drawn(stream, disturbing, 3)


def test_random_streams_are_not_copies_of_each_other() -> None:
    assert drawn("faults", "schedule", 0) != drawn("data", "schedule", 0)


def jumps(run: int) -> float:
    """How often the clock goes first in one run, among two agents."""
    strategy = Random(0)
    strategy.begin(run)
    point = who([0, 1], jump=True)
    chosen = [point.option(strategy.choose(point)) for _ in range(300)]
    return chosen.count(CLOCK) / len(chosen)


def test_some_random_runs_are_calm_and_some_are_hasty() -> None:
    shares = [jumps(run) for run in range(60)]
    # A quarter of the runs each: none is missed once in 30 million.
    assert min(shares) == 0
    assert max(shares) > 0.2


def test_a_hasty_clock_still_lets_every_agent_act() -> None:
    strategy = Random(0)
    found: Counter[int] = Counter()
    for run in range(20):
        strategy.begin(run)
        found.update(strategy.choose(who(jump=True)) for _ in range(100))
    assert set(found) == {0, 1, 2, 3}


class Named:
    """A strategy that notes when its turn comes."""

    def __init__(self, name: str, answer: int = 0) -> None:
        self.name = name
        self.answer = answer
        self.begun: list[int] = []

    def begin(self, run: int) -> None:
        self.begun.append(run)

    def choose(self, point: Point) -> int:
        return self.answer


class Learning(Named):
    """A strategy that looks at runs."""

    studies = done = False

    def __init__(self) -> None:
        super().__init__("learning")
        self.lessons = 0

    def learn(self, trail: Trail) -> None:
        self.lessons += 1


def test_auto_gives_each_of_the_first_one_run_and_the_others_take_turns() -> None:
    one, two, three, four = Named("one"), Named("two"), Named("three"), Named("four")
    auto = Auto([one, two], [three, four, three])
    for run in range(8):
        auto.begin(run)
    assert (one.begun, two.begun) == ([0], [1])
    assert (three.begun, four.begun) == ([2, 4, 5, 7], [3, 6])


def test_auto_credits_and_asks_whose_turn_it_is() -> None:
    auto = Auto([Named("one", 1)], [Named("rest", 2)])
    seen = []
    for run in (0, 1, 0):
        auto.begin(run)
        seen.append((auto.name, auto.choose(who())))
    assert seen == [("one", 1), ("rest", 2), ("one", 1)]


def test_auto_lets_those_who_learn_look_at_its_first_run_once() -> None:
    learner = Learning()
    auto = Auto([Named("one")], [learner, Named("other"), learner])
    studied = []
    for run in range(3):
        auto.begin(run)
        studied.append(auto.studies)
        if auto.studies:
            auto.learn(Trail())
    assert studied == [True, False, False]
    assert learner.lessons == 1


def test_the_default_portfolio_begins_with_what_is_no_race() -> None:
    auto = make("auto", 0)
    names = []
    for run in range(20):
        auto.begin(run)
        names.append(auto.name)
    assert names[:4] == ["dull", "surw", "surw", "round_robin"]
    assert [name for name in names[4:] if name != "surw"] == ["random", "pos", "pct:2", "pct:3"]


def test_the_default_portfolio_hands_its_seed_on() -> None:
    assert answers(make("auto", 3), 4) == answers(Random(3), 4)


@pytest.mark.parametrize("name", sorted({*STRATEGIES} - {"systematic"}))
def test_every_registered_strategy_keeps_to_the_options(name: str) -> None:
    strategy = make(name, 1)
    for run in range(8):
        strategy.begin(run)
        for point in [who([0, 1]), who([0], jump=True), who(at=2, jump=True), what("data", 2)] * 20:
            assert 0 <= strategy.choose(point) < point.count


def test_an_unknown_strategy_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"'pct9'.*auto, delay, pct, pos, random.*pct:3"):
        make("pct9", 0)


def test_a_strategy_object_is_its_own_answer() -> None:
    mine = Named("mine")
    assert make(mine, 3) is mine


def replaying(*schedule: int, labels: Sequence[str] | None = None, **options: Any) -> Replay:
    named: dict[Stream, tuple[str, ...]] = {} if labels is None else {"schedule": tuple(labels)}
    strategy = Replay(Tape(schedule, labels=named), **options)
    strategy.begin(0)
    return strategy


def test_replay_reads_the_tape_and_is_dull_beyond_its_end() -> None:
    strategy = replaying(2, 0, 1)
    assert [strategy.choose(who()) for _ in range(5)] == [2, 0, 1, 0, 0]


def test_replay_reads_each_stream_by_itself() -> None:
    strategy = Replay(Tape((1,), (2, 3), (4,)))
    strategy.begin(0)
    points = [what("faults"), who(), what("data"), what("faults"), who()]
    assert [strategy.choose(point) for point in points] == [2, 1, 4, 3, 0]


def test_replay_winds_back_for_another_run() -> None:
    strategy = replaying(2, 1)
    first = [strategy.choose(who()) for _ in range(2)]
    strategy.begin(1)
    assert [strategy.choose(who()) for _ in range(2)] == first


def test_replay_follows_a_label_under_its_own_number() -> None:
    strategy = replaying(1, labels=["agent-1: go on"])
    assert strategy.choose(who()) == 1
    assert strategy.shifts == 0


def test_replay_follows_a_label_under_another_number_and_counts_it() -> None:
    strategy = replaying(1, labels=["agent-2: go on"])
    assert strategy.choose(who()) == 2
    assert strategy.shifts == 1


def test_replay_follows_a_label_although_its_number_is_no_longer_offered() -> None:
    strategy = replaying(7, labels=["agent-0: go on"])
    assert strategy.choose(who()) == 0


def test_replay_follows_the_clock_by_its_label() -> None:
    strategy = replaying(1, labels=[CLOCK])
    assert strategy.choose(who(jump=True)) == 3


def diverged(strategy: Replay, *points: Point) -> str:
    """Answer all points but the last, at which the tape must not fit."""
    for point in points[:-1]:
        strategy.choose(point)
    with pytest.raises(Diverged) as caught:
        strategy.choose(points[-1])
    return str(caught.value)


def test_a_label_that_is_gone_says_where_what_and_what_there_is() -> None:
    strategy = replaying(0, 1, labels=["agent-0: go on", "agent-7: write"])
    said = diverged(strategy, who(), who([3, 4]))
    assert "at step 2 of the schedule" in said
    assert "'agent-7: write'" in said
    assert "'agent-3: go on', 'agent-4: go on'" in said


def test_a_number_that_is_gone_says_where_what_and_what_there_is() -> None:
    said = diverged(replaying(3), who())
    assert "at step 1 of the schedule" in said
    assert "option 3" in said
    assert "'agent-2: go on'" in said


def test_another_question_of_the_data_is_not_answered_from_the_tape() -> None:
    strategy = Replay(Tape(data=(1,), labels={"data": ("draw=1",)}))
    strategy.begin(0)
    assert "at step 1 of the data" in diverged(strategy, what("data"))


def test_a_divergence_says_what_to_do_without_listing_thousands() -> None:
    said = diverged(replaying(2_000), who(range(1_000)))
    assert "992 more" in said
    assert "Explore again" in said
    assert len(said) < 1_000


def test_a_labelling_replay_names_every_choice() -> None:
    strategy = Replay(Tape((2, 1), (3,)), labelling=True)
    strategy.begin(0)
    for point in [who(), what("faults"), who()]:
        strategy.choose(point)
    assert strategy.labelled == Tape((2, 1), (3,))
    assert strategy.labelled.labels == {
        "schedule": ("agent-2: go on", "agent-1: go on"),
        "faults": ("faults?=3",),
    }


def test_a_labelled_tape_is_what_was_played_not_what_was_asked_for() -> None:
    # The program ended before its tape did, and one label had another number.
    strategy = replaying(1, 0, 1, labels=["agent-2: go on"], labelling=True)
    assert strategy.choose(who()) == 2
    played = strategy.labelled
    assert played.schedule == (2,)
    assert played.labels == {"schedule": ("agent-2: go on",)}


def test_a_labelled_tape_replays_without_a_shift() -> None:
    first = replaying(2, 1, labelling=True)
    played = [first.choose(who()) for _ in range(4)]
    second = Replay(first.labelled)
    second.begin(0)
    assert [second.choose(who()) for _ in range(4)] == played
    assert second.shifts == 0


def test_a_replay_that_does_not_label_names_nothing() -> None:
    strategy = replaying(2)
    strategy.choose(who())
    assert strategy.labelled.labels == {}


def test_a_choice_is_asked_about_an_operation_by_its_name() -> None:
    point = who([0])
    point.candidates = [Parked(0, Operation("write", (), nothing))]
    assert point.option(0) == "agent-0: write"
