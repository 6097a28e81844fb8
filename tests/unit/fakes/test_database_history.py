"""What the database tells the detectors: who looked, at which version, in which transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes.database import Database, DatabaseError, UniqueViolation
from pileup.faults import Rule
from pileup.history import Event
from pileup.notes import Note
from pileup.results import Run
from pileup.sim.kernel import Sim
from pileup.strategies import Dull

Agent = Callable[..., Any]


def start(sim: Sim) -> Database:
    db = Database(sim)
    rows = [{"id": n, "n": 0, "name": f"r{n}", "note": ""} for n in (1, 2)]
    db.table("rows", unique=["name"], rows=rows)
    db.table("plain", rows=[{"id": 1, "n": 0, "note": ""}])
    return db


def once(*agents: Agent, **options: Any) -> Run:
    return pileup.Scenario(list(agents), setup=start, **options).explorer().once(Dull())


def every(*agents: Agent, **options: Any) -> list[Run]:
    return list(all_runs(pileup.Scenario(list(agents), setup=start, **options).explorer()))


def kinds(*agents: Agent) -> set[str]:
    return {finding.kind for run in every(*agents) for finding in run.findings}


def does(verb: str, *args: Any, **options: Any) -> Agent:
    async def agent(db: Database) -> None:
        await getattr(db, verb)(*args, **options)

    return agent


def transacts(*steps: Any, level: Any = None) -> Agent:
    async def agent(db: Database) -> None:
        async with db.transaction(level) as tx:
            for verb, table, *args in steps:
                given = [each for each in args if not isinstance(each, Options)]
                options: Any = next((each for each in args if isinstance(each, Options)), {})
                await getattr(tx, verb)(table, *given, **options)

    return agent


class Options(dict[str, Any]):
    """Named arguments of a step."""


def more(row: Any) -> Any:
    return row["n"] + 1


def event(run: Run, name: str, at: int = 0) -> Event:
    return [each for each in run.history if each.name == name][at]


def accesses(found: Event) -> dict[str, str]:
    return {seen.name: seen.access for seen in found.items}


# Accesses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["rows", "plain"])
@pytest.mark.parametrize(
    ("verb", "args", "options", "access"),
    [
        ("put", ({"id": 1, "n": 5, "name": "r1"},), {}, "write"),
        ("update", (1,), {"n": 5}, "write"),
        ("update", (1,), {"n": more}, "change"),
        ("update", ({"id": 1, "n": 0},), {"n": 5}, "change"),
        ("update", (lambda row: row["id"] == 1,), {"n": 5}, "change"),
        ("delete", (1,), {}, "write"),
        ("delete", ({"id": 1, "n": 0},), {}, "change"),
    ],
)
def test_only_what_does_not_look_is_a_write(
    table: str, verb: str, args: Any, options: Any, access: str
) -> None:
    alone = event(once(does(verb, table, *args, **options)), verb)
    assert accesses(alone)[f"database[{table}/1]"] == access
    steps = transacts((verb, table, *args, Options(options)))
    commit = event(once(steps), "commit")
    assert accesses(commit)[f"database[{table}/1]"] == access
    assert accesses(commit)[f"database.lock[{table}/1]"] == "change"


@pytest.mark.parametrize("table", ["rows", "plain"])
def test_an_insert_is_a_change(table: str) -> None:
    row = {"id": 3, "name": "new"}
    alone = event(once(does("insert", table, row)), "insert")
    assert accesses(alone)[f"database[{table}/3]"] == "change"
    commit = event(once(transacts(("insert", table, row))), "commit")
    assert accesses(commit)[f"database[{table}/3]"] == "change"


def test_a_unique_value_is_taken_in_view_of_who_has_it() -> None:
    renames = event(once(does("update", "rows", 1, name="new")), "update")
    assert accesses(renames)["database[rows/1]"] == "write"
    assert accesses(renames)["database[rows/name=r1]"] == "change"
    assert accesses(renames)["database[rows/name=new]"] == "change"


def test_what_is_drafted_first_decides_whether_a_transaction_has_looked() -> None:
    looks_first = transacts(
        ("update", "plain", 1, Options(n=more)), ("update", "plain", 1, Options(n=7))
    )
    assert accesses(event(once(looks_first), "commit"))["database[plain/1]"] == "change"
    looks_late = transacts(
        ("update", "plain", 1, Options(n=7)), ("update", "plain", 1, Options(n=more))
    )
    run = once(looks_late)
    assert accesses(event(run, "commit"))["database[plain/1]"] == "write"
    assert "database[plain/1]" not in accesses(event(run, "update", 1)), "it saw its own draft"


@pytest.mark.parametrize("table", ["rows", "plain"])
@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_who_reads_its_own_draft_reads_nothing_of_others(table: str, level: str) -> None:
    agent = transacts(("update", table, 1, Options(n=7)), ("get", table, 1), level=level)
    seen = accesses(event(once(agent), "get"))
    assert seen == {f"database.lock[{table}/1]": "read"}


def test_an_update_that_finds_nothing_has_looked() -> None:
    assert accesses(event(once(does("update", "rows", 9, n=1)), "update"))["database[rows/9]"] == (
        "read"
    )
    assert accesses(event(once(does("delete", "rows", 9)), "delete"))["database[rows/9]"] == "read"


def test_a_sequence_is_looked_at_by_who_draws() -> None:
    assert accesses(event(once(does("next", "ids")), "next")) == {"database[ids]": "change"}


# Versions --------------------------------------------------------------------------------------


async def adds(db: Database) -> None:
    await db.update("rows", 1, n=more)


def version_of(found: Event, name: str = "database[rows/1]") -> int | None:
    return next((seen.version for seen in found.items if seen.name == name), None)


def twice(level: str, where: Any) -> Agent:
    async def agent(db: Database) -> list[Any]:
        async with db.transaction(level) as tx:  # type: ignore[arg-type]
            first = await tx.select("rows", where)
            second = await tx.select("rows", where)
        return [[row["n"] for row in rows if row["id"] == 1] for rows in (first, second)]

    return agent


@pytest.mark.parametrize("where", [1, {"name": "r1"}, lambda row: row["id"] < 3])
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_an_old_snapshot_shows_the_version_that_it_is_of(level: str, where: Any) -> None:
    stale = 0
    for run in every(twice(level, where), adds):
        answers: Any = run.results["agent-0"]
        (first,), (second,) = answers
        one, two = event(run, "select"), event(run, "select", 1)
        assert (version_of(one), version_of(two)) == (first, second) == (first, first)
        commits = [each for each in run.history if each.name == "update"]
        stale += any(one.number < each.number < two.number for each in commits)
    assert stale


def test_what_was_not_there_is_read_as_it_was_then() -> None:
    async def looks(db: Database) -> Any:
        async with db.transaction("repeatable read") as tx:
            await tx.get("rows", 1)
            return await tx.get("rows", 3)

    found = every(looks, does("insert", "rows", {"id": 3, "name": "r3"}), does("delete", "rows", 3))
    told = {
        (run.results["looks-0"] is None, version_of(event(run, "get", 1), "database[rows/3]"))
        for run in found
    }
    assert told == {(True, 0), (False, 1), (True, 2)}


def test_a_table_is_read_as_it_was_when_a_statement_arrived_that_had_to_wait() -> None:
    async def holds(db: Database) -> None:
        async with db.transaction() as tx:
            await tx.update("rows", 1, n=5)
            await tx.insert("rows", {"id": 3, "n": 5, "name": "r3"})

    async def changes_all(db: Database) -> int:
        return await db.update("rows", lambda row: row["id"] > 0, note="seen")

    waited = 0
    for run in every(holds, changes_all):
        updates = [e for e in run.history if e.name == "update" and e.agent == "changes_all-1"]
        if len(updates) < 2:
            continue
        waited += 1
        assert run.results["changes_all-1"] == 2
        assert version_of(updates[0], "database[rows]") == 0
        looked = [each for each in updates[1].items if each.name == "database[rows]"]
        assert ("read", 0) in [(each.access, each.version) for each in looked]
    assert waited


@pytest.mark.parametrize("lag", [None, 5])
def test_a_replica_shows_the_version_that_has_arrived(lag: float | None) -> None:
    class Replicated:
        def __init__(self, sim: Sim) -> None:
            self.db = start(sim)
            self.replica = self.db.replica(lag)

    async def writes(world: Replicated) -> None:
        for _ in range(2):
            await world.db.update("rows", 1, n=more)
            await pileup.sleep(3)

    async def reads(world: Replicated) -> int:
        row = await world.replica.get("rows", 1)
        assert row is not None
        return int(row["n"])

    explorer = pileup.Scenario([writes, reads], setup=Replicated).explorer()
    told = {
        (run.results["reads-1"], version_of(event(run, "select"))) for run in all_runs(explorer)
    }
    assert told == {(n, n) for n in range(3 if lag is None else 2)}


def test_a_stale_answer_of_a_replica_loses_a_write() -> None:
    class Replicated:
        def __init__(self, sim: Sim) -> None:
            self.db = start(sim)
            self.replica = self.db.replica()

    async def counts(world: Replicated) -> None:
        row = await world.replica.get("plain", 1)
        assert row is not None
        await world.db.put("plain", {**row, "n": row["n"] + 1})

    def right(world: Replicated) -> None:
        row = world.db.peek("plain", 1)
        assert row is not None
        assert row["n"] == 2

    found = pileup.explore(counts, agents=2, setup=Replicated, check=right, runs=100)
    assert found.findings[0].kind == "lost_write"


def test_snapshots_are_forgotten_when_nobody_has_one() -> None:
    for run in every(twice("repeatable read", 1), adds, adds):
        assert not run.world._engine._past


# Lost writes ---------------------------------------------------------------------------------


def test_who_writes_one_column_leaves_the_change_of_another() -> None:
    def touches(column: str, value: Any) -> Agent:
        async def agent(db: Database) -> None:
            await db.get("plain", 1)
            await db.update("plain", 1, **{column: value})

        async def within(db: Database) -> None:
            async with db.transaction() as tx:
                await tx.get("plain", 1)
                await tx.update("plain", 1, **{column: value})

        agent.within = within  # type: ignore[attr-defined] # the same in a transaction
        return agent

    one, other, same = touches("n", 1), touches("note", "x"), touches("n", 2)
    assert kinds(one, other) == set()
    assert kinds(one, same) == {"lost_write"}
    for agents in ((one, other), (one, same)):
        mine, theirs = (each.within for each in agents)  # type: ignore[attr-defined] # as above
        assert ("lost_write" in kinds(mine, theirs)) == (agents[1] is same)


def test_a_column_that_was_set_before_another_is_still_written_over() -> None:
    async def late(db: Database) -> None:
        await db.get("plain", 1)
        await pileup.sleep(1)
        await db.update("plain", 1, n=5)

    async def between(db: Database) -> None:
        await db.update("plain", 1, n=6)
        await db.update("plain", 1, note="later")

    run = next(run for run in every(late, between) if run.findings)
    (finding,) = run.findings
    erased = run.history[finding.evidence[1]]
    assert (finding.kind, erased.detail) == ("lost_write", "{'id': 1, 'n': 6, 'note': ''}")


# Notes -----------------------------------------------------------------------------------------


def units(run: Run) -> list[tuple[str, int | None]]:
    return [
        (each.name, each.note.unit if each.note is not None else None)
        for each in run.history
        if each.items and "database" in each.items[0].resource
    ]


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_all_rows_of_a_transaction_have_its_number(level: str) -> None:
    agent = transacts(
        ("get", "rows", 1),
        ("update", "rows", 1, Options(n=1)),
        ("insert", "rows", {"id": 3, "name": "r3"}),
        ("delete", "rows", 2),
        level=level,
    )
    names = ["get", "update", "insert", "delete", "commit"]
    run = once(agent, agent)
    assert units(run)[:5] == [(name, 0) for name in names]
    assert {number for _, number in units(run)[5:]} == {1}


def test_each_row_has_a_note_of_its_own() -> None:
    run = once(transacts(("get", "rows", 1), ("update", "rows", 1, Options(n=1))))
    notes = [each.note for each in run.history if each.note is not None]
    assert len(notes) == 3
    assert len({id(note) for note in notes}) == 3


def test_a_statement_that_is_a_transaction_has_no_number() -> None:
    assert units(once(does("update", "rows", 1, n=1))) == [("update", None)]


def test_a_statement_that_waited_keeps_its_number() -> None:
    both = transacts(("update", "rows", 1, Options(n=1)))
    waited = next(run for run in every(both, both) if len(units(run)) > 4)
    numbers = [number for name, number in units(waited) if name == "update"]
    assert sorted(numbers, key=str) in ([0, 0, 1], [0, 1, 1])


def test_a_transaction_that_failed_ends_in_a_rollback() -> None:
    async def fails(db: Database) -> None:
        async with db.transaction() as tx:
            await tx.update("rows", 1, n=1)
            with suppress(UniqueViolation):
                await tx.insert("rows", {"id": 9, "name": "r2"})

    run = once(fails)
    names = [name for name, number in units(run) if number == 0]
    assert names == ["update", "insert", "rollback"]
    last = [each for each in run.history if each.name == "rollback"][-1]
    assert (last.detail, last.items) == ("rolled back", ())
    assert version_of(event(run, "update")) is None


def test_a_transaction_that_is_refused_at_its_commit_has_none() -> None:
    async def skews(db: Database) -> str:
        try:
            async with db.transaction("serializable") as tx:
                rows = await tx.select("rows")
                free = next(row["id"] for row in rows if row["n"] == 0)
                await tx.update("rows", free, n=1)
        except DatabaseError:
            return "refused"
        return "done"

    refused = [run for run in every(skews, skews) if "refused" in run.results.values()]
    assert refused
    for run in refused:
        ends = {
            each.note.unit: each
            for each in run.history
            if each.note is not None and each.name in ("commit", "rollback")
        }
        assert {each.outcome == "ok" and each.name == "commit" for each in ends.values()} == {
            True,
            False,
        }


def test_a_crashed_client_ends_in_a_rollback_of_its_number() -> None:
    async def works(db: Database) -> None:
        async with db.transaction() as tx:
            await tx.update("rows", 1, n=1)
            await tx.update("rows", 2, n=1)

    async def waits(_: Database) -> None:
        await pileup.sleep(60)

    run = once(works, waits, faults=[Rule("crash", on="update *rows/2*", nth=1)])
    rollback = event(run, "rollback")
    assert (rollback.agent, rollback.note) == ("world", Note(unit=0))


def intent(row: dict[str, Any], *, table: str = "rows") -> str | None:
    note = event(once(does("insert", table, row)), "insert").note
    assert note is not None
    assert note.effect
    drafted = event(once(transacts(("insert", table, row))), "insert").note
    assert drafted is not None
    assert (drafted.intent, drafted.effect, drafted.unit) == (note.intent, True, 0)
    return note.intent


def test_an_insert_is_an_effect_with_an_intent_to_which_a_key_of_its_caller_s_belongs() -> None:
    assert intent({"id": 3, "name": "a"}) == intent({"name": "a", "id": 3})
    assert intent({"id": 3, "name": "a"}) != intent({"name": "a", "id": 4})
    assert intent({"id": 3, "name": "a"}) != intent({"id": 3, "name": "b"})
    assert intent({"id": 3, "n": 1}, table="plain") != intent({"id": 3, "n": 2}, table="plain")
    assert intent({"id": 3}, table="plain") != intent({"id": 4}, table="plain")
    assert intent({"id": 3, "n": [1]}, table="plain") == intent({"id": 3, "n": [1]}, table="plain")
    assert intent({"id": 3, "n": [1]}, table="plain") != intent({"id": 4, "n": [1]}, table="plain")


def test_an_insert_that_did_nothing_is_no_effect() -> None:
    agent = does("insert", "rows", {"id": 1, "name": "x"}, on_conflict="nothing")
    note = event(once(agent), "insert").note
    assert note is not None
    assert not note.effect
    fails = once(does("insert", "plain", {"id": 1}))
    note = event(fails, "insert").note
    assert note is not None
    assert not note.effect


def test_a_put_and_an_update_are_no_effects() -> None:
    assert event(once(does("put", "plain", {"id": 1})), "put").note is None
    assert event(once(does("update", "plain", 1, n=1)), "update").note is None


# Details ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["rows", "plain"])
def test_what_is_read_and_what_is_written_are_spelled_alike(table: str) -> None:
    row = {"id": 1, "n": 5, "name": "x"}

    async def agent(db: Database) -> None:
        await db.put(table, row)
        await db.get(table, 1)
        async with db.transaction() as tx:
            await tx.get(table, 1)
            await tx.select(table, 1, for_update=True)
            await tx.update(table, 1, n=5)

    told = [each.detail for each in once(agent).history if each.items]
    assert [each for each in told if each is not None] == [repr(row)] * 6


@pytest.mark.parametrize("table", ["rows", "plain"])
@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_who_finds_nothing_says_nothing(table: str, level: str) -> None:
    assert event(once(does("get", table, 9)), "get").detail is None
    assert event(once(transacts(("get", table, 9), level=level)), "get").detail is None


# Marks -----------------------------------------------------------------------------------------


def carried(run: Run) -> list[tuple[str, bool, bool]]:
    """Return of each row whether a canary was sent, and whether one came back."""
    return [
        (each.name, bool(each.note and each.note.sent), bool(each.note and each.note.got))
        for each in run.history
        if each.items and "database" in each.items[0].resource
    ]


@pytest.mark.parametrize("table", ["rows", "plain"])
def test_a_canary_is_noted_where_it_is_written_and_where_it_is_read(table: str) -> None:
    async def agent(db: Database, me: pileup.Agent) -> None:
        await db.insert(table, {"id": 5, "name": me.secret})
        await db.get(table, 5)
        await db.update(table, 5, n=1)
        await db.select(table, lambda row: row["id"] == 5)
        async with db.transaction() as tx:
            await tx.get(table, 5)
            await tx.update(table, 5, note=[me.secret])
            await tx.put(table, {"id": 6, "name": "free"})

    run = once(agent)
    assert carried(run) == [
        ("insert", True, False),
        ("get", False, True),
        ("update", False, False),
        ("select", False, True),
        ("get", False, True),
        ("update", True, False),
        ("put", False, False),
        ("commit", True, False),
    ]
    units = [each.note.unit for each in run.history if each.note is not None and each.note.sent]
    assert units == [None, 0, 0]


def test_a_replica_tells_of_canaries_as_well() -> None:
    class Replicated:
        def __init__(self, sim: Sim) -> None:
            self.db = start(sim)
            self.replica = self.db.replica(0)

    async def agent(world: Replicated, me: pileup.Agent) -> None:
        await world.db.insert("plain", {"id": 5, "name": me.secret})
        await world.replica.get("plain", 5)

    run = pileup.Scenario([agent], setup=Replicated).explorer().once(Dull())
    assert carried(run) == [("insert", True, False), ("select", False, True)]


# What a condition has seen ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "changes", "access"),
    [
        (1, {"n": 1}, "write"),
        ({"id": 1}, {"n": 1}, "write"),
        ({"id": 1, "note": ""}, {"n": 1}, "write"),
        ({"id": 1, "n": 0}, {"n": 1}, "change"),
        ({"id": 1, "n": 0}, {"n": 1, "note": "x"}, "change"),
        ({"note": ""}, {"n": 1}, "write"),
        ({"note": "", "n": 0}, {"n": 1}, "change"),
        ({"name": "r1"}, {"n": 1}, "write"),
        ({"name": "r1"}, {"name": "r1", "n": 1}, "change"),
        (None, {"n": 1}, "write"),
        (lambda row: row["id"] == 1, {"n": 1}, "change"),
        ({"id": 1, "note": ""}, {"n": lambda row: row["n"] + 1}, "change"),
    ],
)
@pytest.mark.parametrize("unit", ["alone", "in a transaction"])
def test_a_condition_has_seen_what_it_asks_for(
    where: Any, changes: Any, access: str, unit: str
) -> None:
    """Of what else it writes over it has seen nothing, whichever row it has found."""
    alone = does("update", "rows", where, **changes)
    within = transacts(("update", "rows", where, Options(changes)))
    history = once(alone if unit == "alone" else within).history
    (made,) = [
        seen.access
        for each in history
        for seen in each.items
        if seen.name == "database[rows/1]" and seen.access != "read"
    ]
    assert made == access


def test_to_delete_is_to_write_over_all_of_a_row() -> None:
    def access(where: Any) -> set[str]:
        history = once(does("delete", "plain", where)).history
        seen = [one for each in history for one in each.items if one.name == "database[plain/1]"]
        return {one.access for one in seen}

    assert access(1) == {"write"}
    assert access({"id": 1, "note": ""}) == {"change"}
