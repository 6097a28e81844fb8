"""A fake and a real PostgreSQL with several sessions each, driven step by step by one script.

A step is (session, verb, what...). It is answered with rows, a count, an
SQLSTATE, or WAITS; what a waiting session gets in the end comes out at the
step that lets it go on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any, TypeAlias

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus

from pileup.fakes.database import Database, DatabaseError
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.sessions import Session
from pileup.fakes.database.shortcuts import Sent
from pileup.fakes.database.statements import Limits
from pileup.fakes.database.verbs import asked
from pileup.settings import Budgets
from pileup.sim.kernel import Sim
from pileup.strategies import Dull

Step: TypeAlias = tuple[Any, ...]
Answers: TypeAlias = dict[int, Any]
"""What each session that was answered in this step got."""

WAITS = "waits"
PATIENCE = 10.0
DEADLOCK_TIMEOUT = 0.005

CONDITIONS: dict[str, tuple[Any, str]] = {
    "all": (None, "true"),
    "one": (1, "id = 1"),
    "two": (2, "id = 2"),
    "three": (3, "id = 3"),
    "both": (lambda row: row["id"] in (1, 2), "id in (1, 2)"),
    "ten": ({"value": 10}, "value = 10"),
    "twenty": ({"value": 20}, "value = 20"),
    "thirty": ({"value": 30}, "value = 30"),
    "threes": (lambda row: row["value"] % 3 == 0, "value % 3 = 0"),
    "big": (lambda row: row["value"] >= 20, "value >= 20"),
    "a": ({"tag": "a"}, "tag = 'a'"),
}
ROWS = ({"id": 1, "value": 10, "tag": "a"}, {"id": 2, "value": 20, "tag": "b"})


class Fake:
    """The fake, asked outside of any run, so that a script says who comes next."""

    def __init__(
        self, isolation: str, rows: Any = ROWS, pick: Callable[[int], int] = lambda _: 0
    ) -> None:
        self.pick = pick
        """Who goes on first where several can: in PostgreSQL that is a race."""
        self.db = Database(Sim(Dull(), Budgets()))
        self.db.table("test", key="id", unique=["tag"], rows=rows)
        self.isolation: Any = isolation
        self.sessions: dict[int, Session] = {}
        self.waiting: dict[int, Sent] = {}
        self._places: dict[Version, int] = {}

    def _lay_out(self, session: Session) -> None:
        """Put the rows in the order of PostgreSQL's heap, where each new version is the last."""
        engine = self.db._engine
        table, work = engine.table("test"), session.work()
        for row in table.rows:
            for version in row.all_versions():
                self._places.setdefault(version, len(self._places))
        snapshot = engine.commits if work.snapshot is None else work.snapshot

        def place(row: Row) -> int:
            version = row.seen(snapshot, work)
            return -1 if version is None else self._places[version]

        table._order = sorted(table.rows, key=place)

    def step(self, number: int, verb: str, *what: Any) -> Answers:
        answers = {number: self._ask(number, verb, *what)}
        if answers[number] == WAITS:
            del answers[number]
        while ready := [each for each, statement in self.waiting.items() if _can_go_on(statement)]:
            next_one = ready[self.pick(len(ready))]
            statement = self.waiting[next_one]
            answer = self._try(next_one, statement, statement.waiting())
            if answer != WAITS:
                answers[next_one] = answer
        return answers

    def _ask(self, number: int, verb: str, *what: Any) -> Any:
        session = self._session(number)
        if verb in ("commit", "rollback"):
            del self.sessions[number]
            op = session.committing() if verb == "commit" else session.rolling_back()
            try:
                return op.apply()
            except DatabaseError as error:
                session.failed(error)
                return error.sqlstate
        self._lay_out(session)
        statement = self._statement(session, verb, *what)
        return self._try(number, statement, statement.op)

    def _session(self, number: int) -> Session:
        if number not in self.sessions:
            session = Session(self.db._engine, self.isolation, Limits(), read_only=False)
            session.begin()
            self.sessions[number] = session
        return self.sessions[number]

    def _statement(self, session: Session, verb: str, *what: Any) -> Sent:
        verbs, work = session.verbs, session.work()
        if verb == "select":
            name, how = (*what, {})[:2]
            options = dict.fromkeys(("for_update", "for_share", "skip_locked", "nowait"), False)
            condition = CONDITIONS[name][0]
            order = asked("id", how.get("limit"), **{**options, **_flags(how)})
            return verbs.select(work, "test", condition, order)
        if verb == "update":
            name, change = what
            changes: dict[str, Any] = {"value": change}
            if isinstance(change, str):
                changes = {"tag": change}
            elif isinstance(change, tuple):
                changes = {"value": lambda row: row["value"] + change[0]}
            return verbs.update(work, "test", CONDITIONS[name][0], changes)
        if verb == "delete":
            return verbs.delete(work, "test", CONDITIONS[what[0]][0])
        row, on_conflict = (*what, None)[:2]
        return verbs.insert(work, "test", row, on_conflict)

    def _try(self, number: int, statement: Sent, op: Any) -> Any:
        self.waiting.pop(number, None)
        try:
            answer = op.apply()
        except DatabaseError as error:
            statement.end(error)
            return error.sqlstate
        if answer is statement:
            self.waiting[number] = statement
            return WAITS
        return answer

    def table(self) -> list[Any]:
        return sorted(self.db.rows("test"), key=lambda row: row["id"])


def _can_go_on(statement: Sent) -> bool:
    wait = None if statement.work is None else statement.work.wait
    assert wait is not None
    return wait.is_over()


def _flags(how: dict[str, Any]) -> dict[str, bool]:
    return {name: value for name, value in how.items() if name != "limit"}


class Real:
    """PostgreSQL itself, over one connection a session, without any thread."""

    def __init__(self, address: tuple[str, int], isolation: str, rows: Any = ROWS) -> None:
        host, port = address
        # In a schema of its own, because two runs of these tests may be on at once.
        self._schema = f"pileup_{os.getpid()}"
        self._where = (
            f"host={host} port={port} user=root dbname=test "
            f"options='-c search_path={self._schema} -c client_min_messages=error'"
        )
        self.isolation = isolation
        self.monitor = psycopg.connect(self._where, autocommit=True)
        self.monitor.execute(f"drop schema if exists {self._schema} cascade")
        self.monitor.execute(f"create schema {self._schema}")
        self.connections: dict[int, psycopg.Connection[Any]] = {}
        self.waiting: dict[int, float] = {}
        self.monitor.execute("create table test (id int primary key, value int, tag text unique)")
        self.reset(isolation, rows)

    def reset(self, isolation: str, rows: Any = ROWS) -> None:
        """Begin anew."""
        for number, connection in list(self.connections.items()):
            if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                self.connections.pop(number).close()  # a script that failed has left it so
        self.waiting.clear()
        self.isolation = isolation
        self.monitor.execute("truncate test")
        for row in rows:
            self.monitor.execute(
                "insert into test values (%s, %s, %s)", (row["id"], row["value"], row["tag"])
            )

    def close(self) -> None:
        for connection in self.connections.values():
            connection.close()
        self.monitor.execute(f"drop schema {self._schema} cascade")
        self.monitor.close()

    def step(self, number: int, verb: str, *what: Any) -> Answers:
        self.waiting.pop(number, None)
        connection = self._connection(number)
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            connection.pgconn.exec_(f"begin isolation level {self.isolation}".encode())
        connection.pgconn.send_query(sql_of(verb, *what).encode())
        answers = {number: self._answer(number)}
        settled = False
        while not settled:  # one that goes on may let another go on
            settled = True
            for each in [
                each for each in self.waiting if each != number or answers[number] == WAITS
            ]:
                answers[each] = self._answer(each)
                settled = settled and answers[each] == WAITS
        return {each: answer for each, answer in answers.items() if answer != WAITS}

    def _connection(self, number: int) -> psycopg.Connection[Any]:
        if number not in self.connections:
            connection = psycopg.connect(self._where, autocommit=True)
            timeout = int(DEADLOCK_TIMEOUT * 1000)
            connection.execute(f"set deadlock_timeout = '{timeout}ms'")
            connection.execute("set enable_seqscan = on")
            self.connections[number] = connection
        return self.connections[number]

    def _answer(self, number: int) -> Any:
        pgconn = self.connections[number].pgconn
        begun = self.waiting.pop(number, None)
        start = monotonic()
        while pgconn.is_busy():
            pgconn.consume_input()
            if not pgconn.is_busy():
                break
            if monotonic() > start + PATIENCE:
                raise AssertionError(f"session {number} neither answers nor waits")
            if self._blocked(pgconn.backend_pid):
                begun = monotonic() if begun is None else begun
                # Its search for deadlocks must be over: the next who waits closes the circle.
                if monotonic() > begun + 6 * DEADLOCK_TIMEOUT:
                    self.waiting[number] = begun
                    return WAITS
                sleep(0.001)
        return _outcome(pgconn)

    def _blocked(self, pid: int) -> bool:
        row = self.monitor.execute("select cardinality(pg_blocking_pids(%s))", (pid,)).fetchone()
        return row is not None and row[0] > 0

    def table(self) -> list[Any]:
        found = self.monitor.execute("select id, value, tag from test order by id").fetchall()
        return [dict(zip(("id", "value", "tag"), row, strict=True)) for row in found]


def sql_of(verb: str, *what: Any) -> str:
    """Spell a step in SQL."""
    if verb in ("commit", "rollback"):
        return verb
    if verb == "select":
        name, how = (*what, {})[:2]
        text = f"select id, value, tag from test where {CONDITIONS[name][1]} order by id"
        text += f" limit {how['limit']}" if "limit" in how else ""
        for flag in ("for_update", "for_share", "skip_locked", "nowait"):
            text += f" {flag.replace('_', ' ')}" if how.get(flag) else ""
        return text
    if verb == "update":
        name, change = what
        new = f"value = {change}"
        if isinstance(change, str):
            new = f"tag = '{change}'"
        elif isinstance(change, tuple):
            new = f"value = value + {change[0]}"
        return f"update test set {new} where {CONDITIONS[name][1]}"
    if verb == "delete":
        return f"delete from test where {CONDITIONS[what[0]][1]}"
    row, on_conflict = (*what, None)[:2]
    text = f"insert into test values ({row['id']}, {row['value']}, '{row['tag']}')"
    if on_conflict == "nothing":
        text += " on conflict do nothing"
    elif on_conflict == "update":
        text += " on conflict (id) do update set value = excluded.value, tag = excluded.tag"
    return f"{text} returning id, value, tag"


def _outcome(pgconn: Any) -> Any:
    last: Any = None
    while (result := pgconn.get_result()) is not None:
        last = result
    if last.status == ExecStatus.FATAL_ERROR:
        return last.error_field(ord("C")).decode()
    command = last.command_status.decode().partition(" ")[0].lower()
    if command in ("update", "delete"):
        return int(last.command_tuples)
    if command in ("select", "insert"):
        rows = [
            {
                "id": int(last.get_value(i, 0)),
                "value": int(last.get_value(i, 1)),
                "tag": last.get_value(i, 2).decode(),
            }
            for i in range(last.ntuples)
        ]
        if command == "select":
            return rows
        return rows[0] if rows else None
    return {"commit": "committed", "rollback": "rolled back"}[command]
