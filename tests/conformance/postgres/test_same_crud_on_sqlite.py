"""One session alone gets the same from the fake as from SQLite, where their semantics agree."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from support.databases import ROWS, Fake, sql_of

SCRIPTS: dict[str, list[tuple[Any, ...]]] = {
    "reading": [("select", "all"), ("select", "ten"), ("select", "three"), ("select", "big")],
    "updating": [("update", "all", (5,)), ("update", "ten", 7), ("update", "one", "z")],
    "deleting": [("delete", "threes"), ("delete", "two"), ("delete", "two")],
    "inserting": [
        ("insert", {"id": 3, "value": 30, "tag": "c"}),
        ("insert", {"id": 3, "value": 31, "tag": "d"}, "nothing"),
        ("insert", {"id": 3, "value": 32, "tag": "e"}, "update"),
        ("insert", {"id": 4, "value": 40, "tag": "a"}, "nothing"),
    ],
}


def on_sqlite(script: list[tuple[Any, ...]]) -> list[Any]:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.execute("create table test (id int primary key, value int, tag text unique)")
    for row in ROWS:
        connection.execute("insert into test values (:id, :value, :tag)", row)
    answers: list[Any] = []
    for verb, *what in (*script, ("select", "all")):
        cursor = connection.execute(sql_of(verb, *what))
        rows = [dict(row) for row in cursor.fetchall()]
        if verb == "select":
            answers.append(rows)
        else:
            answers.append(cursor.rowcount if verb != "insert" else (rows[0] if rows else None))
    connection.close()
    return answers


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_same_answers(name: str) -> None:
    fake = Fake("read committed")
    script = SCRIPTS[name]
    mine = [fake.step(1, *step)[1] for step in (*script, ("select", "all"))]
    assert mine == on_sqlite(script)
