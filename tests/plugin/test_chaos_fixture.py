"""The fixture `chaos`: explorations of any kind, with the options of the session."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sessions import Session, said

ADDS = """
    import pytest, pileup

    async def adds(world):
        n = await world.memory.get("n") or 0
        await world.memory.set("n", n + 1)
"""


def test_it_explores_with_the_options_of_the_session(session: Session) -> None:
    text = (
        ADDS
        + """
    def test_adds(chaos):
        found = chaos.explore(adds, agents=3)
        assert found.runs == 20
        found.assert_clean()
    """
    )
    result = session(text, "--pileup-runs=20")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       found.assert_clean()",
            "*- pileup: what was found -*",
            "pileup: 1 distinct finding in 20 runs",
            "*- pileup: one run that shows it -*",
            "replay: pytest test_it.py::test_adds --pileup-replay=pileup1-*",
            "1 exploration, 20 runs, *",
        ]
    )
    assert list(Path(".pileup").glob("*.json"))


def test_the_test_may_look_for_itself(session: Session) -> None:
    text = (
        ADDS
        + """
    def test_adds(chaos):
        found = chaos.explore([adds, adds, adds], runs=50)
        assert [each.kind for each in found.findings] == ["lost_write"]
    """
    )
    session(text).assert_outcomes(passed=1)


def test_scenarios_keep_their_conditions_and_have_names_of_their_own(session: Session) -> None:
    text = (
        ADDS
        + """
    SCENARIO = pileup.Scenario(adds, agents=3, name="adding")

    def test_adds(chaos):
        token = chaos.explore(SCENARIO, runs=50).findings[0].replay
        with pytest.raises(pileup.UsageError, match="agents cannot be given beside it"):
            chaos.explore(SCENARIO, agents=4)
        from pileup.tokens import decode
        assert decode(token).program == "test_it.py::test_adds, adding: adds x3"
    """
    )
    session(text).assert_outcomes(passed=1)


def test_what_it_does_not_take_is_refused(session: Session) -> None:
    text = (
        ADDS
        + """
    def test_adds(chaos):
        with pytest.raises(pileup.UsageError, match="pytest --pileup-saved"):
            chaos.explore(adds, saved=".pileup")
        with pytest.raises(pileup.UsageError, match="takes no 'many'. It takes the agent, and"):
            chaos.explore(adds, many=5)
    """
    )
    session(text).assert_outcomes(passed=1)


def test_a_strategy_made_for_a_test_is_left_alone(session: Session) -> None:
    text = (
        ADDS
        + '''
    from pileup.strategies.spelled import Spelled

    def test_adds(chaos):
        order = Spelled("""
            adds-0: read memory[n]
            adds-1: read memory[n]
            adds-1: write memory[n]
            adds-0: write memory[n]
        """)
        found = chaos.explore(adds, runs=1, strategy=order)
        assert found.runs == 1 and not found.clean
    '''
    )
    session(text, "--pileup-runs=30", "--pileup-strategy=surw").assert_outcomes(passed=1)
    assert not Path(".pileup").exists()


def test_it_works_under_hypothesis(session: Session) -> None:
    text = (
        ADDS
        + """
    from hypothesis import given, settings, strategies as st

    @settings(max_examples=10, database=None, deadline=None)
    @given(agents=st.integers(1, 3))
    def test_adds(chaos, agents):
        assert chaos.explore(adds, agents=agents, runs=20).clean == (agents == 1)
    """
    )
    session(text, using=("hypothesispytest",)).assert_outcomes(passed=1)
    assert not Path(".pileup").exists()


def test_a_replay_is_of_the_exploration_that_it_belongs_to(session: Session) -> None:
    text = (
        ADDS
        + """
    def test_adds(chaos):
        assert chaos.explore(adds, agents=1, runs=20).clean
        chaos.explore(adds, agents=2, runs=20).assert_clean()
    """
    )
    flag = next(each for each in said(session(text)).split() if each.startswith("--pileup-replay="))
    result = session(text, flag)
    result.assert_outcomes(failed=1)
    assert "1 distinct finding in 1 run" in said(result)


def test_what_a_test_prints_is_left_in_place(session: Session) -> None:
    text = (
        ADDS
        + """
    def test_adds(chaos):
        print("before")
        chaos.explore(adds, runs=20)
        print("after")
        assert 0
    """
    )
    session(text).stdout.fnmatch_lines(["before", "after"], consecutive=True)


@pytest.mark.parametrize("nested", [False, True])
def test_a_failure_inside_a_task_group_is_told_too(session: Session, nested: bool) -> None:
    text = (
        ADDS
        + f"""
    def test_adds(chaos):
        try:
            chaos.explore(adds, runs=20).assert_clean()
        except AssertionError as error:
            group = ExceptionGroup("in a nursery", [error])
            raise {"ExceptionGroup('outer', [group])" if nested else "group"}
    """
    )
    result = session(text)
    result.stdout.fnmatch_lines(["*- pileup: one run that shows it -*", "replay: pytest *"])
    assert said(result).count("One run that shows it") == 1


def test_explorations_of_one_name_do_not_mix_up_what_they_save(session: Session) -> None:
    text = (
        ADDS
        + """
    async def safe(world):
        await world.memory.add("n", 1)
    safe.__name__ = "adds"

    def test_adds(chaos):
        assert not chaos.explore(adds, runs=30).clean
        assert chaos.explore(safe, runs=30).clean
    """
    )
    session(text).assert_outcomes(passed=1)
    again = session(text)
    again.assert_outcomes(passed=1)
    assert "FIXED" not in said(again)
    assert said(again).count("STILL FAILING") == 1


def test_explorations_of_a_fixture_are_told_too(session: Session) -> None:
    text = (
        ADDS
        + """
    @pytest.fixture
    def checked(chaos):
        chaos.explore(adds, runs=30).assert_clean()

    def test_it(checked):
        pass
    """
    )
    result = session(text)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*- pileup: one run that shows it -*", "1 exploration, 30 runs, *"]
    )


def test_an_exploration_that_is_not_of_the_session_is_seen_again_in_python(
    session: Session,
) -> None:
    text = (
        ADDS
        + """
    def test_adds():
        pileup.explore(adds, runs=30).assert_clean()
    """
    )
    result = session(text)
    result.stdout.fnmatch_lines(["*- pileup: one run that shows it -*", "replay: pileup.replay(*"])
    assert "--pileup-replay" not in said(result)
