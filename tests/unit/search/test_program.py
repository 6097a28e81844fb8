"""What may be asked of explore and replay, and how everything else is refused."""

from __future__ import annotations

import gc
import weakref
from functools import partial
from typing import Any

import pytest

import pileup
from pileup.choices import Tape
from pileup.errors import BadToken, UsageError
from pileup.fakes import World
from pileup.search.runs.program import MOST_AGENTS, assemble, name_of
from pileup.sim.bodies import MOST_KNOWN, arguments, is_async
from pileup.tokens import Ticket, decode, encode


async def adder(world: World, me: pileup.Agent) -> str:
    count = await world.memory.get("n") or 0
    await world.memory.set("n", count + 1)
    return me.name


async def reader(world: World) -> object:
    return await world.memory.get("n")


def idler() -> int:
    return 7


DULL = encode(Ticket(Tape(), agents=2))


def both_counted(world: World) -> None:
    assert world.memory.peek("n") == 2


def refused(*args: Any, **options: Any) -> str:  # Any: a user's mistakes have any type
    with pytest.raises(UsageError) as caught:
        pileup.explore(*args, **options)
    return str(caught.value)


def results(agent: Any, **options: Any) -> dict[str, object]:
    """What the agents of one dull run return."""
    return pileup.replay(DULL, agent, **options).results


@pytest.mark.parametrize("agents", [0, -1, MOST_AGENTS + 1, True, 2.5, "2", None, {}])
def test_a_wrong_number_of_agents_is_refused(agents: object) -> None:
    said = refused(adder, agents=agents)
    assert repr(agents) in said
    assert "agents" in said
    assert "number" in said or "list of functions" in said


@pytest.mark.parametrize("agent", [None, "adder", 3, [], [adder, None], [adder, "reader"]])
def test_what_is_no_agent_is_refused(agent: object) -> None:
    said = refused(agent)
    assert repr(agent) in said
    assert "pileup.explore(agent, agents=5)" in said


def test_an_empty_list_of_agents_is_refused() -> None:
    assert "list of functions" in refused(adder, agents=[])


def test_an_agent_that_was_called_already_is_refused_with_what_to_write() -> None:
    coroutine = idling()
    assert "without parentheses" in refused(coroutine)
    coroutine.close()


async def idling() -> None:
    return None


def takes_three(world: World, me: pileup.Agent, more: int) -> None:
    raise NotImplementedError


def takes_named(world: World, *, more: int) -> None:
    raise NotImplementedError


@pytest.mark.parametrize("agent", [takes_three, takes_named, dict])
def test_an_agent_that_wants_more_is_refused_with_what_to_write(agent: object) -> None:
    said = refused(agent)
    assert "cannot be an agent" in said
    assert "functools.partial" in said or "async def agent(world, me)" in said


@pytest.mark.parametrize("name", ["setup", "check"])
@pytest.mark.parametrize("value", [3, "start", World.memory])
def test_a_setup_or_check_that_is_no_function_is_refused(name: str, value: object) -> None:
    said = refused(adder, **{name: value})
    assert f"`{name}` must be a function" in said
    assert f"Write {name}=function" in said


@pytest.mark.parametrize("runs", [0, -3, True, 2.0, "9", None, 10**9])
def test_a_wrong_number_of_runs_is_refused(runs: object) -> None:
    said = refused(adder, runs=runs)
    assert "from 1 to 10,000,000" in said
    assert repr(runs) in said


@pytest.mark.parametrize("seed", ["x", None, 1.5, [1]])
def test_a_seed_that_is_no_whole_number_is_refused(seed: object) -> None:
    assert "`seed`" in refused(adder, runs=1, seed=seed)


@pytest.mark.parametrize("strategy", ["pct9", "", None, 3])
def test_an_unknown_strategy_is_refused_with_those_that_there_are(strategy: object) -> None:
    said = refused(adder, runs=1, strategy=strategy)
    assert repr(strategy) in said
    assert "auto" in said


@pytest.mark.parametrize("backend", ["uvloop", "Trio"])
def test_an_unknown_backend_is_refused_with_those_that_there_are(backend: str) -> None:
    said = refused(adder, runs=1, backend=backend)
    assert "native, trio, asyncio" in said
    assert "Leave `backend` out" in said


@pytest.mark.parametrize("budgets", [{"steps": 5}, 1_000])
def test_budgets_of_another_type_are_refused_with_what_to_write(budgets: object) -> None:
    assert "pileup.Budgets(" in refused(adder, runs=1, budgets=budgets)


@pytest.mark.parametrize("name", ["steps", "events", "seconds", "blocked", "patience"])
@pytest.mark.parametrize("value", [0, -1, "9", None, True])
def test_a_budget_that_is_no_limit_is_refused(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"'{name}' must be a number above 0") as caught:
        pileup.Budgets(**{name: value})
    assert "pileup.Budgets(steps=" in str(caught.value)


def test_nothing_runs_before_everything_was_looked_at() -> None:
    started: list[object] = []
    assert "`check`" in refused(started.append, agents=1, runs=1, check=3)
    assert started == []


@pytest.mark.parametrize(
    ("use", "name"),
    [
        (lambda: pileup.sleep(1).send(None), "pileup.sleep"),
        (lambda: pileup.checkpoint().send(None), "pileup.checkpoint"),
        (lambda: pileup.timeout(1), "pileup.timeout"),
        (lambda: pileup.step("draft").__enter__(), "pileup.step"),
    ],
)
def test_what_works_in_a_run_only_says_so_outside(use: Any, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} was used outside of a run"):
        use()


def test_exploring_inside_an_agent_is_said_to_be_wrong() -> None:
    def nested() -> None:
        pileup.explore(idler, runs=1)

    with pytest.raises(pileup.UsageError, match=r"me\.spawn"):
        pileup.explore(nested, agents=1, runs=1)


def test_an_agent_takes_as_much_as_it_names() -> None:
    assert results(adder, agents=1) == {"adder-0": "adder-0"}
    assert results(reader, agents=1) == {"reader-0": None}
    assert results(idler, agents=1) == {"idler-0": 7}


def test_what_else_an_agent_needs_can_be_bound() -> None:
    def sums(world: World, me: pileup.Agent, more: int) -> int:  # noqa: ARG001 - as users write it
        return me.index + more

    (found,) = results(partial(sums, more=5), agents=1).values()
    assert found == 5


def test_several_different_agents_are_a_list() -> None:
    assert list(results([adder, reader])) == ["adder-0", "reader-1"]
    assert list(results(adder, agents=[reader, adder])) == ["reader-0", "adder-1"]


def test_without_a_setup_the_world_has_one_of_each_fake() -> None:
    run = pileup.replay(DULL, adder, agents=1)
    assert isinstance(run.world, World)


def test_every_run_has_a_world_of_its_own() -> None:
    worlds = []

    def start(sim: pileup.Sim) -> World:
        worlds.append(World(sim))
        return worlds[-1]

    assert pileup.explore(adder, agents=1, setup=start, runs=5).clean
    assert len(worlds) >= 5
    assert {world.memory.peek("n") for world in worlds} == {1}


def test_a_program_is_called_by_its_agents() -> None:
    program = assemble([adder, reader, adder], 2, World, None)
    assert program.name == "adder x2, reader x1"
    assert assemble(adder, 3, World, None).name == "adder x3"


class Caller:
    def __call__(self) -> None:
        """Be an agent."""


def test_a_body_is_called_as_its_author_called_it() -> None:
    found = [name_of(body) for body in (adder, partial(partial(adder)), Caller())]
    assert found == ["adder", "adder", "Caller"]


def test_a_scenario_is_explored_as_its_parts_would_be() -> None:
    scenario = pileup.Scenario(adder, check=both_counted)
    parts = pileup.explore(adder, check=both_counted, runs=30)
    whole = pileup.explore(scenario, runs=30)
    assert whole.findings[0].fingerprint == parts.findings[0].fingerprint
    assert whole.stats == parts.stats


def test_options_beside_a_scenario_are_not_swallowed() -> None:
    said = refused(pileup.Scenario(adder), agents=5, runs=1)
    assert "Scenario" in said
    assert "agents" in said


def test_the_same_arguments_give_the_same_result() -> None:
    one, other = (pileup.explore(adder, agents=3, runs=20, seed=4) for _ in range(2))
    assert str(one) == str(other)
    assert one.stats == other.stats


def racing() -> str:
    found = pileup.explore(adder, check=both_counted, runs=30).counterexample
    assert found is not None
    return found.token


def test_an_agent_may_put_itself_into_the_shared_world() -> None:
    # The history keeps a digest of what was written, and an agent leads to its whole run.
    async def signing(world: World, me: pileup.Agent) -> None:
        await world.memory.set("last", me)

    assert pileup.explore(signing, runs=3).clean


def test_a_finding_holds_no_address() -> None:
    # pytest spells out what an assertion compared, and that is the user's world.
    _, finding = pileup.explore(adder, check=both_counted, runs=30).findings
    assert "assert 1 == 2" in finding.title
    assert " at 0x" not in finding.to_json()


def test_a_replay_shows_the_same_finding_again() -> None:
    run = pileup.replay(racing(), adder, check=both_counted)
    assert [finding.kind for finding in run.findings] == ["lost_write", "check_failed"]
    assert run.faithful


def test_a_replay_needs_no_number_of_agents_because_the_token_has_it() -> None:
    found = pileup.explore(adder, agents=3, check=both_counted, runs=5, shrink=False)
    token = found.findings[0].replay
    assert len(pileup.replay(token, adder).results) == 3


def test_a_replay_of_a_scenario_is_a_replay() -> None:
    run = pileup.replay(racing(), pileup.Scenario(adder, check=both_counted))
    assert run.findings
    assert run.faithful


@pytest.mark.parametrize(("agent", "agents"), [(reader, None), (adder, 3), ([adder, reader], 2)])
def test_a_token_of_another_program_is_refused_by_naming_both(agent: Any, agents: Any) -> None:
    with pytest.raises(UsageError, match=r"belongs to 'adder x2'.*replayed on '") as caught:
        pileup.replay(racing(), agent, agents=agents)
    assert "Give replay the agents" in str(caught.value)


@pytest.mark.parametrize("token", ["", "token", "pileup1-", "pileup9-00000000-x"])
def test_what_is_no_token_is_refused_with_where_to_find_one(token: str) -> None:
    with pytest.raises(BadToken, match=r"(?i)copy"):
        pileup.replay(token, adder)


def test_a_token_of_an_unknown_backend_is_refused() -> None:
    token = encode(Ticket(Tape(), agents=2, backend="uvloop"))
    with pytest.raises(UsageError, match="uvloop"):
        pileup.replay(token, adder)


def test_a_replay_with_another_history_says_that_it_is_not_the_same() -> None:
    token = encode(Ticket(Tape(), agents=2, digest="0" * 32))
    assert not pileup.replay(token, adder).faithful


def test_a_replay_gives_a_token_that_can_be_replayed() -> None:
    # The tape is longer than the run: the rest of it was never played.
    run = pileup.replay(encode(Ticket(Tape((0,) * 30 + (1,)), agents=2)), adder)
    assert decode(run.token).digest == run.history.digest
    assert pileup.replay(run.token, adder).faithful


def test_agents_made_anew_for_each_example_are_not_kept_for_ever() -> None:
    first = partial(takes_one)
    known = weakref.ref(first)
    arguments(first)
    is_async(first)
    del first
    for _ in range(MOST_KNOWN):
        fresh = partial(takes_one)
        arguments(fresh)
        is_async(fresh)
    gc.collect()
    assert known() is None


def takes_one(world: object) -> None:
    """Do nothing."""
