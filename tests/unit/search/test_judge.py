"""What can be said of a run without any detector, and how a clean one is worded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

import pileup
from pileup.fakes import World

Agent = Callable[..., Any]  # Any: agents return what they like


def found(agent: Any, **options: Any) -> pileup.Finding:  # Any: as explore takes it
    """Explore what shows exactly one bug."""
    (finding,) = pileup.explore(agent, **{"runs": 30, **options}).findings
    return finding


async def adder(world: World) -> None:
    count = await world.memory.get("n") or 0
    await world.memory.set("n", count + 1)


async def careful(world: World) -> None:
    await world.memory.add("n", 1)


def nothing_lost(world: World) -> None:
    assert world.memory.peek("n") == 2, "an update was lost"


async def crossing(world: World, me: pileup.Agent) -> None:
    first, second = ("left", "right") if me.index else ("right", "left")
    async with world.memory.lock(first), world.memory.lock(second):
        pass


async def polling(world: World) -> None:
    while not await world.memory.get("done"):
        pass


async def sleeping() -> None:
    while True:
        await pileup.sleep(3600)


def test_a_failing_check_is_a_finding_that_quotes_it() -> None:
    loss, finding = pileup.explore(adder, check=nothing_lost, runs=30).findings
    assert (loss.kind, finding.kind, finding.severity) == ("lost_write", "check_failed", "high")
    assert "an update was lost" in finding.title
    assert "AssertionError" in finding.explanation
    assert "test_judge.py" in finding.explanation
    assert "in nothing_lost" in finding.explanation


def test_a_check_may_fail_with_anything_and_without_a_word() -> None:
    def check(_: World) -> None:
        raise KeyError

    assert "KeyError" in found(careful, check=check).title


def test_a_check_is_not_asked_about_a_run_that_was_stopped() -> None:
    finding = found(polling, check=nothing_lost, budgets=pileup.Budgets(steps=50), runs=2)
    assert finding.kind == "overrun"


def test_two_lines_of_a_check_are_two_bugs() -> None:
    def check(world: World) -> None:
        assert world.memory.peek("n") != 1
        assert world.memory.peek("n") != 2

    findings = pileup.explore(adder, check=check, runs=30).findings
    assert [finding.kind for finding in findings] == ["lost_write", *["check_failed"] * 2]


def test_a_raising_agent_is_a_finding_with_its_line() -> None:
    async def failing(world: World) -> None:
        await world.files.read_text("gone.txt")

    finding = found(failing, agents=1)
    assert (finding.kind, finding.agents) == ("agent_failed", ("failing-0",))
    assert "FileNotFoundError" in finding.title
    assert "test_judge.py" in finding.explanation
    assert "in failing" in finding.explanation


def test_the_line_is_the_deepest_of_the_users_own() -> None:
    def helper() -> None:
        raise ValueError("deep")

    async def failing() -> None:
        helper()

    assert "in helper" in found(failing, agents=1, runs=2).explanation


def test_the_same_line_of_two_agents_is_one_bug() -> None:
    async def failing() -> None:
        raise ValueError("always")

    exploration = pileup.explore(failing, agents=3, runs=4)
    assert len(exploration.findings) == 1


def test_a_bug_is_counted_by_runs_not_by_agents() -> None:
    async def failing() -> None:
        raise ValueError("always")

    exploration = pileup.explore(failing, agents=3, runs=4)
    (sighting,) = exploration.stats.sightings.values()
    assert sighting.times == 4
    assert "seen in 4 of 4 runs" in str(exploration)


async def fails_this_way_or_that(world: World, me: pileup.Agent) -> None:
    first = await world.memory.add("n", 1) == 1
    if me.index == 2:
        raise ValueError("always")
    if first:
        raise ValueError("the first")


def runs_of_a_kind(found: pileup.Exploration) -> tuple[int, int, int]:
    times = [each.times for each in found.stats.sightings.values()]
    return found.stats.kinds["agent_failed"], max(times), sum(times)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_kind_is_counted_by_runs_whichever_finding_it_was(workers: int) -> None:
    both = pileup.explore(fails_this_way_or_that, agents=3, runs=80, workers=workers, shrink=False)
    counted, most, added = runs_of_a_kind(both)
    assert counted == most == 80 < added

    either = pileup.explore(fails_one_way, agents=2, runs=80, workers=workers, shrink=False)
    counted, most, added = runs_of_a_kind(either)
    assert counted == added == 80 > most


async def fails_one_way(world: World, me: pileup.Agent) -> None:
    if await world.memory.add("n", 1) == 1:
        if me.index:
            raise ValueError("the second was first")
        raise ValueError("the first was first")


def leaving() -> None:
    sys.exit(3)


async def leaving_async() -> None:
    sys.exit(3)


@pytest.mark.parametrize("agent", [leaving, leaving_async])
def test_an_agent_that_exits_ends_itself_and_not_the_suite(agent: Agent) -> None:
    finding = found(agent)
    assert finding.kind == "agent_failed"
    assert "SystemExit: 3" in finding.title


def test_an_agent_that_catches_its_error_is_no_finding() -> None:
    async def patient(world: World) -> None:
        with pytest.raises(FileNotFoundError):
            await world.files.read_text("gone.txt")

    assert pileup.explore(patient, runs=3).clean


def test_an_error_that_a_parent_has_taken_is_no_finding() -> None:
    def child() -> None:
        raise ValueError("wrong")

    async def parent(world: World, me: pileup.Agent) -> None:  # noqa: ARG001 - as users write it
        with pytest.raises(ValueError, match="wrong"):
            await me.spawn(child)

    assert pileup.explore(parent, agents=1, runs=5).clean


def test_an_error_that_nobody_has_taken_is_a_finding() -> None:
    def child() -> None:
        raise ValueError("wrong")

    async def parent(world: World, me: pileup.Agent) -> None:  # noqa: ARG001 - as users write it
        me.spawn(child)

    assert "wrong" in found(parent, agents=1, runs=5).title


def test_a_deadlock_over_two_locks_says_who_waits_for_whom() -> None:
    finding = found(crossing)
    assert (finding.kind, finding.severity) == ("deadlock", "critical")
    assert finding.agents == ("crossing-0", "crossing-1")
    waits = finding.explanation.splitlines()
    assert "crossing-0 waits to acquire memory.left, held by crossing-1" in waits[0]
    assert "crossing-1 waits to acquire memory.right, held by crossing-0" in waits[1]
    assert all("test_judge.py" in wait for wait in waits)


def test_a_deadlock_is_one_bug_however_it_came_about() -> None:
    exploration = pileup.explore(crossing, agents=3, runs=60)
    (sighting,) = exploration.stats.sightings.values()
    assert sighting.times > 5


def test_locks_in_one_order_are_clean() -> None:
    async def ordered(world: World) -> None:
        async with world.memory.lock("left"), world.memory.lock("right"):
            pass

    assert pileup.explore(ordered, agents=3, runs=60).clean


def test_an_agent_that_waits_for_itself_is_a_deadlock() -> None:
    async def twice(world: World) -> None:
        async with world.memory.lock(), world.memory.lock():
            pass

    finding = found(twice, agents=1, runs=2)
    assert "twice-0 waits to acquire memory.lock, held by twice-0" in finding.explanation


@pytest.mark.parametrize("budget", ["steps", "events"])
def test_a_polling_agent_overruns_its_budget(budget: str) -> None:
    finding = found(polling, budgets=pileup.Budgets(**{budget: 200}), runs=2)
    assert (finding.kind, finding.severity) == ("overrun", "high")
    assert f"200 {budget}" in finding.title
    assert "test_judge.py" in finding.explanation
    assert f"pileup.Budgets({budget}=" in finding.explanation


def test_an_endless_sleeper_overruns_its_seconds() -> None:
    finding = found(sleeping, budgets=pileup.Budgets(seconds=86_400), runs=2)
    assert finding.kind == "overrun"
    assert "86,400 seconds" in finding.title
    assert "test_judge.py" in finding.explanation


def test_time_that_passes_to_the_very_end_of_the_budget_is_within_it() -> None:
    async def once() -> None:
        await pileup.sleep(100)

    assert pileup.explore(once, runs=2, budgets=pileup.Budgets(seconds=100)).clean
    assert not pileup.explore(once, runs=2, budgets=pileup.Budgets(seconds=99)).clean


def test_a_polling_agent_does_not_starve_whom_it_waits_for() -> None:
    async def telling(world: World) -> None:
        await world.memory.set("done", value=True)

    assert pileup.explore([polling, telling], runs=20).clean


def test_the_worst_comes_first() -> None:
    async def mixed(world: World, me: pileup.Agent) -> None:
        await crossing(world, me)
        raise ValueError("and then")

    findings = pileup.explore(mixed, runs=30).findings
    assert [finding.kind for finding in findings] == ["deadlock", "agent_failed"]


def test_the_worst_of_one_run_comes_first_too() -> None:
    async def failing() -> None:
        raise ValueError("meanwhile")

    run = pileup.explore([crossing, crossing, failing], runs=30, shrink=False).counterexample
    assert run is not None
    assert [finding.kind for finding in run.findings] == ["deadlock", "agent_failed"]


@pytest.mark.parametrize(
    ("agent", "options"),
    [
        (adder, {"check": nothing_lost}),
        (crossing, {}),
        (leaving, {}),
        (polling, {"budgets": pileup.Budgets(steps=50)}),
        (sleeping, {"budgets": pileup.Budgets(seconds=9_000)}),
    ],
)
def test_every_finding_can_be_seen_again(agent: Agent, options: dict[str, Any]) -> None:
    finding = pileup.explore(agent, **{"runs": 30, **options}).findings[0]
    again = pileup.replay(finding.replay, agent, **options)
    assert finding.fingerprint in {each.fingerprint for each in again.findings}
    assert again.faithful


@pytest.mark.parametrize(("runs", "bound"), [(200, "1.5%"), (1, "95%"), (3_000, "0.1%")])
def test_a_clean_program_says_how_strong_that_is(runs: int, bound: str) -> None:
    exploration = pileup.explore(careful, check=nothing_lost, runs=runs)
    assert exploration.clean
    assert f"{runs:,} runs clean" in exploration.strength
    assert f"fewer than {bound} of runs (at 95% confidence)" in exploration.strength
    assert all(part in str(exploration) for part in exploration.strengths)


def test_a_clean_program_passes_and_a_racy_one_does_not() -> None:
    pileup.explore(careful, check=nothing_lost, runs=5).assert_clean()
    with pytest.raises(AssertionError, match=r"check_failed.*: an update was lost"):
        pileup.explore(adder, check=nothing_lost, runs=30).assert_clean()


def test_what_is_ignored_does_not_fail() -> None:
    exploration = pileup.explore(adder, check=nothing_lost, runs=30)
    exploration.assert_clean(ignore=["check_failed", "lost_write"])
    with pytest.raises(AssertionError):
        exploration.assert_clean(ignore=["check_failed"])


def test_one_kind_to_ignore_is_a_list_of_one() -> None:
    exploration = pileup.explore(adder, runs=30)
    with pytest.raises(pileup.UsageError, match=r"ignore=\['the_lost_write'\]"):
        exploration.assert_clean(ignore="the_lost_write")


def test_the_report_credits_the_strategy_that_found_it() -> None:
    exploration = pileup.explore(adder, check=nothing_lost, runs=30)
    sightings = exploration.stats.sightings.values()
    assert {(each.run, each.strategy) for each in sightings} == {(2, "surw")}


def test_the_first_line_of_an_error_is_the_title_and_the_rest_the_explanation() -> None:
    async def fails() -> None:
        raise ValueError("404 for the order\nFor more information check: the manual")

    finding = found(fails, agents=1, runs=1)
    assert finding.title == "fails-0 raised ValueError: 404 for the order"
    first, second = finding.explanation.splitlines()
    assert first.startswith("fails-0 ended with ValueError: 404 for the order at test_judge.py:")
    assert second == "For more information check: the manual"


def test_an_error_that_begins_with_an_empty_line_has_a_title_all_the_same() -> None:
    def check(_: World) -> None:
        raise AssertionError("\n  the total is wrong\n  by 1")

    finding = found(careful, check=check)
    assert finding.title == "the total is wrong"
    assert finding.explanation.endswith("by 1")
