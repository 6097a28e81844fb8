"""Which statements conflict before they have taken effect, so that no order of them is left out."""

from __future__ import annotations

from typing import Any

import pytest
from support.exhaust import all_runs
from support.sleeping import fewer_runs

import pileup
from pileup.detectors import KINDS
from pileup.fakes.database import Database, DatabaseError
from pileup.fakes.database.reading import Asked
from pileup.fakes.database.work import Work
from pileup.operations import Footprint, conflict
from pileup.results import Run
from pileup.settings import Budgets
from pileup.sim.kernel import Sim
from pileup.strategies import Dull

LOCKING = Asked(lock="update")


def touches(db: Database, what: str, *, alone: bool) -> Footprint:
    verbs, engine = db._verbs, db._engine
    work: Work | None = None
    if not alone:
        work = engine.begin(None, "read committed", read_only=False)
    statements: dict[str, Any] = {
        "get 1": lambda: verbs.get(work, "test", 1),
        "get 2": lambda: verbs.get(work, "test", 2),
        "update 1": lambda: verbs.update(work, "test", 1, {"value": 1}),
        "update all": lambda: verbs.update(work, "test", None, {"value": 1}),
        "lock 1": lambda: verbs.select(work, "test", 1, LOCKING),
        "select": lambda: verbs.select(work, "test", lambda _: True, Asked()),
        "insert 3": lambda: verbs.insert(work, "test", {"id": 3, "tag": "c"}, None),
        "insert 4": lambda: verbs.insert(work, "test", {"id": 4, "tag": "c"}, None),
        "insert 5": lambda: verbs.insert(work, "test", {"id": 5, "tag": "d"}, None),
    }
    found: Footprint = statements[what]().op.touches
    return found


@pytest.mark.parametrize(
    ("one", "alone", "other", "other_alone", "expected"),
    [
        ("get 1", True, "update 1", True, True),
        ("get 1", True, "get 1", True, False),
        ("get 2", True, "update 1", True, False),
        ("get 1", True, "update 1", False, False),
        ("update 1", True, "update 1", False, True),
        ("update 1", False, "update 1", False, True),
        ("update 1", False, "lock 1", False, True),
        ("update 1", True, "lock 1", False, True),
        ("update all", True, "get 2", True, True),
        ("update all", False, "lock 1", False, True),
        ("select", True, "update 1", True, True),
        ("select", True, "insert 3", True, True),
        ("select", True, "select", False, False),
        ("insert 3", True, "insert 5", True, False),
        ("insert 3", True, "insert 4", True, True),
        ("insert 3", False, "insert 4", False, True),
        ("insert 3", False, "insert 4", True, True),
    ],
)
def test_what_conflicts(
    one: str, alone: bool, other: str, other_alone: bool, expected: bool
) -> None:
    db = Database(Sim(Dull(), Budgets()))
    db.table("test", unique=["tag"], rows=[{"id": 1, "tag": "a"}, {"id": 2, "tag": "b"}])
    mine, theirs = touches(db, one, alone=alone), touches(db, other, alone=other_alone)
    assert conflict(mine, theirs) == conflict(theirs, mine) == expected


async def by_key(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.get("test", 1)
        await tx.update("test", 1, value=5)
        await tx.put("test", {"id": 2, "tag": "b"})
        await tx.insert("test", {"id": 9, "tag": "z"})


def furnished(sim: Sim) -> Database:
    db = Database(sim)
    rows = [{"id": 1, "value": 0, "tag": "a"}, {"id": 2, "value": 0, "tag": "b"}]
    db.table("test", unique=["tag"], rows=rows)
    return db


def test_a_transaction_touches_locks_and_its_commit_the_rows() -> None:
    run = pileup.Scenario(by_key, setup=furnished, agents=1).explorer().once(Dull())
    touched = {
        event.name: [f"{seen.access} {seen.name.partition('[')[2][:-1]}" for seen in event.items]
        for event in run.history
        if event.agent == "by_key-0" and "database" in str(event.items)
    }
    locks = [item.name for event in run.history for item in event.items if "lock" in item.name]
    assert touched["get"] == ["read test/1"]
    assert touched["update"] == ["change test/1"]
    assert "change test/9" in touched["insert"]
    rows = ["write test/1", "write test/2", "change test/9"]
    assert {*rows, "update test", "update commits"} <= set(touched["commit"])
    assert set(locks) >= {f"database.lock[test/{key}]" for key in (1, 2, 9)}


def transacts(*steps: Any) -> Any:
    """Do the steps in one transaction; say what it saw, or how it ended."""

    async def agent(db: Database) -> str:
        told = []
        try:
            async with db.transaction() as tx:
                for verb, *what in steps:
                    told.append(await getattr(tx, verb)("test", *what[:1], **dict(*what[1:])))
        except DatabaseError as error:
            told.append(error.sqlstate)
        return repr(told)

    return agent


def autocommits(verb: str, what: Any, **changes: Any) -> Any:
    async def agent(db: Database) -> str:
        try:
            return repr(await getattr(db, verb)("test", what, **changes))
        except DatabaseError as error:
            return error.sqlstate

    return agent


PROGRAMS = {
    "two write one row": [
        transacts(("update", 1, {"value": 1})),
        autocommits("update", 1, value=2),
    ],
    "one reads twice": [transacts(("get", 1), ("get", 1)), autocommits("update", 1, value=2)],
    "a reader of all": [transacts(("update", 1, {"value": 1})), autocommits("select", None)],
    "the same new key": [
        transacts(("insert", {"id": 3, "tag": "c"})),
        transacts(("insert", {"id": 3, "tag": "d"})),
    ],
    "the same tag": [
        transacts(("insert", {"id": 3, "tag": "c"})),
        autocommits("insert", {"id": 4, "tag": "c"}),
    ],
    "a tag that is changed": [
        transacts(("update", 1, {"tag": "c"})),
        autocommits("select", {"tag": "c"}),
    ],
    "a row that goes": [autocommits("delete", 1), transacts(("get", 1), ("put", {"id": 1}))],
    "crosswise": [
        transacts(("update", 1, {"value": 1}), ("get", 2)),
        transacts(("update", 2, {"value": 1}), ("get", 1)),
    ],
    "locked to be read": [
        transacts(("get", 1, {"for_update": True}), ("update", 1, {"value": 1})),
        transacts(("update", 1, {"value": 2})),
    ],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_orders_that_are_said_to_commute_do(name: str) -> None:
    scenario = pileup.Scenario(PROGRAMS[name], setup=furnished)
    every, fewer = ([_outcome(run) for run in runs(scenario.explorer())] for runs in SEARCHES)
    assert set(fewer) == set(every)
    assert len(fewer) <= len(every)


SEARCHES = (all_runs, fewer_runs)


def _outcome(run: Run) -> tuple[str, str]:
    assert all(finding.kind in KINDS for finding in run.findings), "a detector may speak"
    return repr(run.results), repr(run.world.rows("test"))
