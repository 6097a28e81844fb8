"""Following: what was unusual about a run is noted by name, and done again, also in another run."""

from __future__ import annotations

from typing import Any

import pytest
from corpus import table
from corpus.labels import BUGS

import pileup
from pileup.choices import CLOCK, Strategy, Student
from pileup.fakes import World
from pileup.faults import Rule
from pileup.results import Run
from pileup.strategies import Dull, Random, Replay, make
from pileup.strategies.follow import Answer, Follow, Sketch, Swerve

assert table.MODULES  # because to import it is what fills BUGS

BACKENDS = ("native", "trio", "asyncio")


async def adds(world: World) -> None:
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)


async def waits(world: World, me: pileup.Agent) -> str:
    try:
        async with pileup.timeout(5):
            await world.memory.add("n", 1)
            await pileup.sleep(1 + me.index)
            await world.memory.add("n", 1)
    except TimeoutError:
        return "late"
    return "in time"


def play(follow: Strategy, agent: Any = adds, agents: int = 3, **given: Any) -> Run:
    return pileup.Scenario(agent, agents=agents, **given).explorer().once(follow)


def deeds(run: Run) -> list[str]:
    return [
        f"{event.agent} {event.name}"
        for event in run.history
        if event.items and event.name != "end"
    ]


SOME = ("counts_in_memory", "tries_in_tasks_of_trio", "tries_in_tasks_of_asyncio")
SOME_MORE = (
    "hands_what_it_read_to_a_helper",
    "gives_back_what_may_be_anothers",
    "edits_a_document",
)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("strategy", ["random", "pct:3", "round_robin"])
@pytest.mark.parametrize("name", [*SOME, *SOME_MORE])
def test_what_another_did_is_noted_and_done_again(name: str, strategy: str, seed: int) -> None:
    scenario = BUGS[name].scenario
    noted = Follow(make(strategy, seed))
    first = scenario.explorer().once(noted)
    again = Follow(noted.sketch)
    second = scenario.explorer().once(again)
    assert second.history.lines() == first.history.lines()
    assert again.sketch == noted.sketch


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("backend", BACKENDS)
def test_deadlines_that_pass_early_are_noted_too(backend: str, seed: int) -> None:
    noted = Follow(Random(seed))
    first = play(noted, waits, backend=backend)
    second = play(Follow(noted.sketch), waits, backend=backend)
    assert second.history.lines() == first.history.lines()
    assert second.results == first.results


def test_some_deadline_does_pass_early() -> None:
    sketches = [Follow(Random(seed)) for seed in range(5)]
    for each in sketches:
        play(each, waits)
    assert CLOCK in {swerve.instead for each in sketches for swerve in each.sketch.swerves}


def test_nothing_is_unusual_about_the_dullest_run() -> None:
    follow = Follow(Dull())
    run = play(follow)
    assert follow.sketch == Sketch()
    assert play(Follow(Sketch())).history.lines() == run.history.lines()
    assert play(Dull()).history.lines() == run.history.lines()


def test_a_tape_can_be_followed() -> None:
    run = play(Random(3))
    follow = Follow(Replay(run.tape))
    assert play(follow).history.lines() == run.history.lines()
    assert follow.sketch.swerves


def test_one_swerve_says_who_goes_when_instead_of_whom() -> None:
    swerve = Swerve("adds-0", 2, "adds-2")
    follow = Follow(Sketch((swerve,)))
    run = play(follow)
    assert follow.sketch == Sketch((swerve,))
    assert deeds(run) == [
        *("adds-0 read", "adds-2 read", "adds-2 write"),
        *("adds-0 write", "adds-1 read", "adds-1 write"),
    ]


@pytest.mark.parametrize(
    "swerve",
    [
        Swerve("adds-0", 2, "adds-7"),
        Swerve("adds-7", 0, "adds-1"),
        Swerve("adds-0", 99, "adds-1"),
        Swerve("adds-0", 1, CLOCK),
        Swerve("adds-0", 1, "adds-0"),
        Swerve("", 0, ""),
    ],
)
def test_what_is_not_on_offer_is_passed_over(swerve: Swerve) -> None:
    follow = Follow(Sketch((swerve,)))
    assert deeds(play(follow)) == deeds(play(Dull()))
    assert follow.sketch == Sketch()


def test_what_is_passed_over_does_not_keep_the_rest_from_being_done() -> None:
    good = Swerve("adds-0", 2, "adds-1")
    follow = Follow(Sketch((Swerve("adds-0", 1, "adds-9"), good, Swerve("adds-9", 0, "adds-0"))))
    play(follow)
    assert follow.sketch == Sketch((good,))


def test_a_swerve_of_a_larger_run_is_done_in_a_smaller_one() -> None:
    swerve = Swerve("adds-0", 2, "adds-1")
    for agents in (2, 5, 20):
        run = play(Follow(Sketch((swerve,))), agents=agents)
        assert deeds(run)[:3] == ["adds-0 read", "adds-1 read", "adds-1 write"]
        assert [finding.kind for finding in run.findings] == ["lost_write"]


def test_faults_are_noted_and_struck_again_one_by_one() -> None:
    rules = [Rule("pause", on="write*", odds=0.5)]
    noted = Follow(Random(2))
    run = play(noted, agents=6, faults=rules)
    struck = [each for each in noted.sketch.answers if each.stream == "faults"]
    assert len(struck) == sum(tally.struck for tally in run.faults) > 1
    again = play(Follow(noted.sketch), agents=6, faults=rules)
    assert again.history.lines() == run.history.lines()
    one = play(Follow(Sketch((), (struck[0],))), agents=6, faults=rules)
    assert sum(tally.struck for tally in one.faults) == 1


def test_what_is_certain_is_usual() -> None:
    follow = Follow(Sketch())
    run = play(follow, agents=2, faults=Rule("pause", on="write*"))
    assert sum(tally.struck for tally in run.faults) == 2
    assert follow.sketch == Sketch()


@pytest.mark.parametrize("answer", [2, 10**9])
def test_an_answer_that_is_no_option_is_the_usual_one(answer: int) -> None:
    rules = [Rule("pause", on="write*", odds=0.5)]
    noted = Follow(Random(2))
    play(noted, agents=6, faults=rules)
    struck = noted.sketch.answers[0]._replace(answer=answer)
    follow = Follow(Sketch((), (struck, Answer("data", "no such question", 0, 1))))
    run = play(follow, agents=6, faults=rules)
    assert sum(tally.struck for tally in run.faults) == 0


def test_where_the_sketch_says_nothing_somebody_else_may_be_asked() -> None:
    orders = set()
    for seed in range(8):
        follow = Follow(Sketch((Swerve("adds-0", 2, "adds-1"),)), Random(seed))
        orders.add(tuple(deeds(play(follow, agents=4))))
    assert len(orders) > 4


def test_one_follower_may_be_used_for_many_runs() -> None:
    follow = Follow(Random(5))
    explorer = pileup.Scenario(adds, agents=3).explorer()
    first = explorer.once(follow)
    sketch, turns = follow.sketch, follow.turns
    assert explorer.once(follow).history.lines() == first.history.lines()
    assert (follow.sketch, follow.turns) == (sketch, turns)


def test_how_far_each_has_come_is_known_by_name() -> None:
    follow = Follow(Dull())
    play(follow)
    assert set(follow.turns) == {"adds-0", "adds-1", "adds-2"}
    assert follow.turns["adds-0"] == 3, "it starts, reads and writes"


def test_what_happens_by_itself_is_known_by_what_it_does() -> None:
    noted = Follow(Random(1))
    scenario = BUGS["works_longer_than_its_message_is_hidden"].scenario
    for seed in range(20):
        noted = Follow(Random(seed))
        run = scenario.explorer().once(noted)
        named = {swerve.instead for swerve in noted.sketch.swerves}
        again = scenario.explorer().once(Follow(noted.sketch))
        assert again.history.lines() == run.history.lines()
        if any(name.startswith("world: ") for name in named):
            return
    pytest.fail("nothing happened by itself, so this test has seen nothing")


def test_it_is_a_student() -> None:
    assert isinstance(Follow(Sketch()), Student)
