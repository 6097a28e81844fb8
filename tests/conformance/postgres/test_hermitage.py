"""Which anomalies each isolation level lets through: PostgreSQL's row, reproduced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from support.databases import CONDITIONS, ROWS, Fake, Real
from support.exhaust import all_runs
from support.hermitage import CASES, LEVELS, Case, Told

import pileup
from pileup.fakes.database import Database, DatabaseError, Transaction
from pileup.results import Run

BY_NAME = {case.name: case for case in CASES}
MANY = ("OTV", "G2 by a reader")
EVERY = [(name, level) for name in BY_NAME for level in LEVELS]


def scripted(case: Case, server: Fake | Real) -> Told:
    """Let each session take its steps in the order in which Hermitage has them."""
    answers: dict[int, list[Any]] = {number: [] for number in case.sessions}
    taken = dict.fromkeys(case.sessions, 0)
    for number in case.order:
        step = case.sessions[number][taken[number]]
        taken[number] += 1
        for each, answer in server.step(number, *step).items():
            answers[each].append(answer)
    committed = frozenset(each for each, said in answers.items() if said[-1] == "committed")
    return Told(committed, answers, {row["id"]: row["value"] for row in server.table()})


@pytest.mark.parametrize(("name", "level"), EVERY)
def test_the_fake_prevents_what_postgresql_prevents(name: str, level: str) -> None:
    case = BY_NAME[name]
    prevented = case.prevented[LEVELS.index(level)]
    assert case.happened(scripted(case, Fake(level))) == (not prevented)


@pytest.mark.parametrize(("name", "level"), EVERY)
def test_postgresql_prevents_what_it_is_said_to(name: str, level: str, postgres: Real) -> None:
    case = BY_NAME[name]
    postgres.reset(level)
    told = scripted(case, postgres)
    assert case.happened(told) == (not case.prevented[LEVELS.index(level)])
    assert told == scripted(case, Fake(level))


class Notes:
    """A world with one table, and what each session was told."""

    def __init__(self, sim: pileup.Sim) -> None:
        self.db = Database(sim)
        self.db.table("test", key="id", unique=["tag"], rows=ROWS)
        self.answers: dict[int, list[Any]] = {}
        self.committed: set[int] = set()


def agent(case: Case, number: int, level: Any) -> Any:
    async def session(world: Notes) -> None:
        answers = world.answers[number] = []
        try:
            async with world.db.transaction(level) as tx:
                for step in case.sessions[number]:
                    if step[0] == "commit":
                        await tx.commit()
                        world.committed.add(number)
                    else:
                        answers.append(await done(tx, *step))
        except DatabaseError as error:
            answers.append(error.sqlstate)

    return session


async def done(tx: Transaction, verb: str, *what: Any) -> Any:
    if verb == "rollback":
        return await tx.rollback()
    if verb == "insert":
        return await tx.insert("test", what[0])
    condition = CONDITIONS[what[0]][0]
    if verb == "select":
        return await tx.select("test", condition, order_by="id")
    if verb == "delete":
        return await tx.delete("test", condition)
    change = what[1]
    if isinstance(change, tuple):
        return await tx.update("test", condition, value=lambda row: row["value"] + change[0])
    return await tx.update("test", condition, value=change)


def told(run: Run) -> Told:
    world = run.world
    table = {row["id"]: row["value"] for row in world.db.rows("test")}
    return Told(frozenset(world.committed), world.answers, table)


def every_run(case: Case, level: str) -> Iterable[Run]:
    """Run a case in every order; where those are too many, in many random ones."""
    bodies = [agent(case, number, level) for number in case.sessions]
    scenario = pileup.Scenario(bodies, agents=len(bodies), setup=Notes, backend="native")
    return all_runs(scenario.explorer())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", [name for name in BY_NAME if name not in MANY])
def test_an_anomaly_is_reached_in_some_order_unless_it_is_prevented(name: str, level: str) -> None:
    case = BY_NAME[name]
    reached = any(case.happened(told(run)) for run in every_run(case, level))
    assert reached == (not case.prevented[LEVELS.index(level)])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", MANY)
def test_an_anomaly_of_three_is_found_unless_it_is_prevented(name: str, level: str) -> None:
    case = BY_NAME[name]

    def check(world: Notes) -> None:
        table = {row["id"]: row["value"] for row in world.db.rows("test")}
        outcome = Told(frozenset(world.committed), world.answers, table)
        assert len(world.answers) < 3 or not case.happened(outcome)

    bodies = [agent(case, number, level) for number in case.sessions]
    found = pileup.explore(bodies, setup=Notes, check=check, runs=300, backend="native")
    reached = "check_failed" in [finding.kind for finding in found.findings]
    assert reached == (not case.prevented[LEVELS.index(level)]), str(found)
