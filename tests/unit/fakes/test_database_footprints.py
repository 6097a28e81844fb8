"""Which statements conflict before they have taken effect, so that no order of them is left out."""

from __future__ import annotations

from typing import Any

import pytest

from pileup.fakes.database import Database
from pileup.fakes.database.reading import Asked
from pileup.fakes.database.work import Work
from pileup.operations import Footprint, conflict
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
