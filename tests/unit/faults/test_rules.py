"""Which operations a rule strikes, and how plans are written down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.counter import Counter, Told

import pileup
from pileup.faults import CATALOGUE, PROFILES, Plan, Rule, plan_of
from pileup.strategies import Dull, Random


async def adds_five(counter: Counter) -> list[bool]:
    """Add five times, a second apart, the last two in a step; say which calls failed."""
    failed = []
    for number in range(5):
        with pileup.step("late" if number > 2 else "early"):
            try:
                await counter.port.perform(counter.adding())
            except Told:
                failed.append(True)
            else:
                failed.append(False)
        await pileup.sleep(1)
    return failed


def failures(*rules: Rule, agents: int = 1) -> dict[str, str]:
    """Say for each agent which of its calls failed: `..x..` is the third."""
    scenario = pileup.Scenario(adds_five, setup=Counter, agents=agents, faults=rules)
    run = scenario.explorer().once(Dull())
    texts = {}
    for name, failed in run.results.items():
        assert isinstance(failed, list)
        texts[name.rpartition("-")[2]] = "".join("x" if each else "." for each in failed)
    return texts


@pytest.mark.parametrize(
    ("rule", "failed"),
    [
        (Rule("error"), "xxxxx"),
        (Rule("error", nth=3), "..x.."),
        (Rule("error", nth=(2, 4)), ".xxx."),
        (Rule("error", on="counter[n]"), "xxxxx"),
        (Rule("error", on="add counter[n]"), "xxxxx"),
        (Rule("error", on="add counter*"), "xxxxx"),
        (Rule("error", on="counter[m]"), "....."),
        (Rule("error", on="ad"), "....."),
        (Rule("error", step="late"), "...xx"),
        (Rule("error", window=(1, 3)), ".xx.."),
        (Rule("error", flap=2), "xx..x"),
        (Rule("error", most=2), "xx..."),
        (Rule("error", after="add"), ".xxxx"),
        (Rule("error", after="sleep"), "....."),
        (Rule("partition", nth=2, seconds=2), ".x..."),
    ],
)
def test_a_rule_strikes_the_calls_it_speaks_of(rule: Rule, failed: str) -> None:
    assert failures(rule) == {"0": failed}


def test_a_rule_speaks_of_some_agents() -> None:
    never, always = ".....", "xxxxx"
    assert failures(Rule("error", by="*-1"), agents=2) == {"0": never, "1": always}
    assert failures(Rule("error", by="session-0"), agents=2) == {"0": always, "1": never}
    assert failures(Rule("error", by="adds_five"), agents=2) == {"0": always, "1": always}


def test_the_first_rule_that_strikes_decides() -> None:
    first, second = Rule("error", nth=2), Rule("wrong")
    run = pileup.Scenario(adds_five, setup=Counter, agents=1, faults=[first, second])
    history = run.explorer().once(Dull()).history
    faults = [event.fault for event in history if event.name == "add"]
    assert faults == ["wrong", "error", "wrong", "wrong", "wrong"]


def test_a_victim_is_one_agent_and_the_same_all_along() -> None:
    scenario = pileup.Scenario(
        adds_five, setup=Counter, agents=3, faults=Rule("wrong", victim=True)
    )
    victims = set()
    for seed in range(20):
        history = scenario.explorer().once(Random(seed)).history
        struck = {event.agent for event in history if event.fault == "wrong"}
        assert len(struck) == 1
        victims |= struck
    assert len(victims) == 3


@pytest.mark.parametrize("together", ["step", "agent", "all"])
def test_calls_that_are_struck_together_are_decided_on_once(together: str) -> None:
    rule = Rule("error", odds=0.5, together=together)  # type: ignore[arg-type] # one of three
    scenario = pileup.Scenario(adds_five, setup=Counter, agents=2, faults=rule)
    seen: set[str] = set()
    for seed in range(30):
        run = scenario.explorer().once(Random(seed))
        for failed in run.results.values():
            assert isinstance(failed, list)
            seen.add("".join("x" if each else "." for each in failed))
    by_step = {".....", "xxx..", "...xx", "xxxxx"}
    assert seen == (by_step if together == "step" else {".....", "xxxxx"})


def test_a_fault_does_not_shift_the_schedule() -> None:
    plain = pileup.Scenario(adds_five, setup=Counter, agents=3)
    faulty = pileup.Scenario(adds_five, setup=Counter, agents=3, faults=Rule("wrong", odds=0.5))
    for seed in range(5):
        tapes = [each.explorer().once(Random(seed)).tape for each in (plain, faulty)]
        assert tapes[0].schedule == tapes[1].schedule
        assert tapes[0].faults == ()
        assert len(tapes[1].faults) == 15


BAD = [
    ({"fault": "nonsense"}, "there is no such fault; there are error, "),
    ({"odds": 0}, "odds=0.05"),
    ({"odds": 1.5}, "odds=0.05"),
    ({"nth": 0}, r"nth=3 or nth=\(3, 6\)"),
    ({"nth": (4, 2)}, r"nth=3 or nth=\(3, 6\)"),
    ({"window": (5, 5)}, r"\(from, to\)"),
    ({"seconds": -1}, "number of seconds"),
    ({"flap": -1}, "whole numbers above 0"),
    ({"most": 0}, "whole numbers above 0"),
    ({"together": "sometimes"}, "'step', 'agent' or 'all'"),
    ({"moment": "during"}, "'before' or 'after'"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_a_rule_that_cannot_be_says_what_to_write(given: dict[str, object], said: str) -> None:
    with pytest.raises(pileup.UsageError, match=said):
        Rule(**{"fault": "lost", **given})  # type: ignore[arg-type] # wrong on purpose


def rules() -> st.SearchStrategy[Rule]:
    numbers = st.integers(1, 9)
    return st.builds(
        Rule,
        st.sampled_from(sorted(CATALOGUE)),
        on=st.sampled_from(["*", "POST*", "files[a]"]),
        odds=st.sampled_from([1.0, 0.5, 0.01]),
        nth=st.none() | numbers | st.tuples(numbers, st.integers(9, 20)),
        window=st.none() | st.just((1.0, 2.5)),
        after=st.none() | st.just("read*"),
        together=st.sampled_from([None, "step", "agent", "all"]),
        victim=st.booleans(),
        most=st.none() | numbers,
        seconds=st.none() | st.floats(0, 1e6),
    )


@given(st.lists(rules(), max_size=4), st.text(max_size=10))
def test_a_plan_survives_its_json(drawn: list[Rule], name: str) -> None:
    plan = Plan(tuple(drawn), name)
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("plan", PROFILES.values(), ids=PROFILES)
def test_a_profile_survives_its_json(plan: Plan) -> None:
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"pileup_faults": 2}', '{"pileup_faults":1,"name":"","rules":[{"f":1}]}'],
)
def test_text_that_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(pileup.UsageError, match="not a fault plan of format 1"):
        Plan.from_json(text)


def test_a_plan_can_be_read() -> None:
    rule = Rule("lost", on="POST*", by="worker-*", nth=(3, 6), odds=0.25, together="step", most=2)
    assert str(Plan((rule,))) == (
        "lost on POST* (it happens, and the answer never arrives) at calls 3 to 6 by worker-* "
        "in 0.25 of cases alike for one step at most 2 times"
    )
    assert str(Plan()) == "no faults"


def test_what_faults_takes() -> None:
    rule = Rule("lost")
    assert plan_of(None) == plan_of("none")
    assert plan_of(rule) == plan_of([rule]) == plan_of((rule,)) == plan_of(Plan((rule,)))
    assert plan_of("3am").name == "3am"


@pytest.mark.parametrize("given", ["4am", 3, ["lost"], [rules]])
def test_what_faults_does_not_take(given: object) -> None:
    with pytest.raises(pileup.UsageError, match="faults='flaky-network'"):
        plan_of(given)  # type: ignore[arg-type] # wrong on purpose


def test_the_worst_night_has_every_fault_that_happens_by_chance() -> None:
    assert {rule.fault for rule in PROFILES["3am"].rules} == CATALOGUE.keys() - {"full", "denied"}


def explored(*rules: Rule) -> pileup.Exploration:
    return pileup.explore(adds_five, setup=Counter, agents=1, runs=5, faults=rules)


def test_how_often_a_rule_struck_is_told() -> None:
    found = explored(Rule("wrong", nth=(1, 2)), Rule("schema"))
    assert list(found.stats.faults.values()) == [(25, 10), (15, 15)]
    assert found.warnings == ()


def test_a_rule_that_never_struck_is_a_warning() -> None:
    (said,) = explored(Rule("wrong"), Rule("schema", on="sub")).warnings
    assert said == (
        "This fault never struck in 5 runs: schema on sub (the answer has another format). Its "
        "pattern fits none of the operations that there were, or it cannot befall those: "
        "'add counter[n]'."
    )
    (said,) = explored(Rule("wrong", nth=99)).warnings
    assert said.endswith("or its call, window or moment never came; try more runs.")
    assert "It met 25 operations" in said
