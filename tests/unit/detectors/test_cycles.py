"""Circles of steps and transactions: named and told where there are any, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import pileup
from pileup.detectors import KINDS, detect, told
from pileup.fakes import World
from pileup.fakes.database import DatabaseError
from pileup.findings import NUMBERS, Finding
from pileup.history import History, Row
from pileup.notes import Note
from pileup.sim.kernel import Sim
from pileup.strategies import make

SKEW = (
    "a/leave:r x1=1, a/leave:r y1=1, b/leave:r x1=1, b/leave:r y1=1, a/leave:w x2=0, b/leave:w y2=0"
)


def kinds(found: list[Finding]) -> list[str]:
    return [finding.kind for finding in found]


# Told ------------------------------------------------------------------------------------------

FOUND = {
    "a lone write between two looks of a step": (
        "a/sum:r x1, b:commit(w x2 w y2), a/sum:r y2",
        "read_skew",
    ),
    "what another task wrote by what its step had read": (
        "a.1/s:r x1, b/t:r x1, b/t:w x2, a.2/s:w x3",
        "lost_write",
    ),
    "a replica that lags behind what was read of the server": (
        "b/move:w x1, b/move:w y1, a/sum:r x1, a/sum:r y0",
        "read_skew",
    ),
    "a step of several tasks": ("a.1/s:r x1, b/t:w x2, b/t:w y2, a.2/s:r y2", "read_skew"),
    "an increment of what another had put there meanwhile": (
        "c/s:r y0=0, b/s:w y1=1, a/s:w y2=2, b/s:add(u y3)",
        "dirty_write",
    ),
    "a read within a step that has not ended": (
        "a/s:w x1=draft, b/t:r x1=draft, a/s:w x2=final",
        "intermediate_read",
    ),
    "what was taken in of a whole": (
        (
            'a/s:read(r duty)="#1", b/s:read(r duty)="#1", a/s:write(w duty[a]1 u duty1)=0, '
            "b/s:write(w duty[b]1 u duty2)=0"
        ),
        "write_skew",
    ),
}

SILENT = {
    "the steps of one agent within each other": (
        "a/outer:r x1, a/inner:r x1, a/inner:w x2, a/outer:r x2, a/outer:w y1, a/outer:w x3"
    ),
    "a step within a step of a sub-agent's": (
        "a/outer:r x1, a/outer:w y1, b<a/inner:r x1, b/inner:r y1, b/inner:w x2, b:end, "
        "a/outer:w y2, a/outer:r x2"
    ),
    "it polls": (
        "a/wait:r x1=0, a/wait:r x1=0, b/work:r y1, b/work:w x2=1, a/wait:r x2=1, a/wait:w y2"
    ),
    "it asks and waits for the answer": (
        "a/ask:w q1, a/ask:r r0, b/do:r q1, b/do:w r1, a/ask:r r1, a/ask:w z1"
    ),
    "it looks again under the lock": (
        "a/s:r x1, b/s:acquire(c lock1), b/s:w x2, b/s:release(c lock2), "
        "a/s:acquire(c lock3), a/s:r x2, a/s:w x3, a/s:release(c lock4)"
    ),
    "a lock taken twice by each, by turns": (
        "a/s:acquire(c memory.m1), a/s:release(c memory.m2), b/s:acquire(c memory.m3), "
        "b/s:release(c memory.m4), a/s:acquire(c memory.m5), a/s:release(c memory.m6)"
    ),
    "a lock made of data, taken twice by each": (
        "a/s:set(c k1), a/s:del(w k2), b/s:set(c k3), b/s:del(w k4), a/s:set(c k5), a/s:del(w k6), "
        "b/s:set(c k7), b/s:del(w k8)"
    ),
    "who is refused a lock does something else": (
        "a/s:set(c k1)=1, b/s:set(r k1), b/s:w y1, a/s:r y1, a/s:del(w k2)"
    ),
    "a log that all append to": (
        "a/s:append(c l1), b/s:append(c l2), a/s:append(c l3), b/s:append(c l4)"
    ),
    "a queue that all take from": "a/s:pop(c q1), b/s:pop(c q2), a/s:pop(c q3), b/s:push(c q4)",
    "what a queue handed over": (
        "a/ask:publish(c m1), b/do:claim(c m2) {message=m}, b/do:publish(c n1), "
        "a/ask:claim(c n2) {message=n}"
    ),
    "it expires by itself": "a/s:w x1, world():w x2, a/s:w x3, world():w y1, a/s:r y1",
    "an operation that failed": "a/s:r x1, a/s:r y1, b/s:r x1, b/s:r y1, a/s:w x2, b/s:w y2!",
    "one that only counts the keys of a dictionary": (
        "a/s:read(r duty)=2, b/s:read(r duty)=2, a/s:write(w duty[a]1 u duty1)=0, "
        "b/s:write(w duty[b]1 u duty2)=0"
    ),
    "an increment of one value that two have written": (
        "c/s:r y0=0, b/s:w y1=1, a/s:w y2=1, b/s:add(u y3)"
    ),
    "two who agree on the same value": ("a/s:r x1=1, b/s:r y1=1, a/s:w y2=1, b/s:w x2=1"),
    "who looks without a step": "a/s:w x1=draft, b:r x1=draft, a/s:w x2=final",
    "units of work that are no steps": SKEW.replace("/leave", ""),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_no_order_explains_is_named(case: str) -> None:
    text, kind = FOUND[case]
    assert kinds(detect(told(text))) == [kind]


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert kinds(detect(told(text))) == []


def test_a_step_that_has_failed_is_not_judged_as_a_whole() -> None:
    history = told(SKEW)
    step: Any = history.rows[0][5]
    step.failed = True
    assert detect(history) == []


def test_a_transaction_is_judged_among_transactions_and_its_step_among_steps() -> None:
    both = (
        "a/s:r x1 {unit=1}, b/t:r y1 {unit=2}, a/s:commit(w y2) {unit=1}, b/t:commit(w x2) {unit=2}"
    )
    assert kinds(detect(told(both))) == ["write_skew", "write_skew"]
    steps_alone = both.replace("{unit=1}", "").replace("{unit=2}", "")
    assert [each.receipt["level"] for each in detect(told(steps_alone))] == ["step"]


def test_reads_of_a_transaction_that_was_refused_count_for_nothing() -> None:
    text = (
        "a/s:r x1 {unit=1}, a/s:rollback {unit=1}, b/s:w x2, b/s:w y2, "
        "a/s:r y2 {unit=2}, a/s:commit {unit=2}"
    )
    assert detect(told(text)) == []


def test_where_values_are_not_told_the_serial_oracle_may_excuse() -> None:
    text = SKEW.replace("=1", "").replace("=0", "")
    assert kinds(detect(told(text))) == ["write_skew"]
    assert detect(told(text), lambda: True) == []
    assert kinds(detect(told(text), lambda: False)) == ["write_skew"]


def test_where_the_oracle_knows_of_no_order_what_was_let_pass_is_named() -> None:
    text = "a/s:r x1=0, b/s:w x2=1, a/s:r x2=1"
    assert detect(told(text)) == []
    assert detect(told(text), lambda: None) == []
    assert kinds(detect(told(text), lambda: False)) == ["read_skew"]


def test_the_same_bug_has_the_same_fingerprint_whoever_it_happens_to() -> None:
    (one,) = detect(told(SKEW))
    other = SKEW.replace("a/", "c/").replace("b/", "a/").replace("c/", "b/")
    (swapped,) = detect(told(f"z:r w1, {other}"))
    roles = "a", "b"
    assert one.kind == swapped.kind == "write_skew"
    assert {one.receipt["units"], swapped.receipt["units"]} == {len(roles)}
    workers = [
        SKEW.replace("a/", f"worker-{first}/").replace("b/", f"worker-{second}/")
        for first, second in ((1, 2), (7, 3))
    ]
    assert len({detect(told(text))[0].fingerprint for text in workers}) == 1


def test_numbers_of_items_are_no_part_of_a_fingerprint() -> None:
    found = [
        detect(told(SKEW.replace(" x", f" duty[{number}]").replace(" y", " shift[9]")))[0]
        for number in (3, 17)
    ]
    assert len({each.fingerprint for each in found}) == 1
    assert NUMBERS.sub("", found[0].mark) == NUMBERS.sub("", found[1].mark)


def test_another_step_is_another_bug() -> None:
    texts = SKEW, SKEW.replace("/leave", "/swap")
    assert len({detect(told(text))[0].fingerprint for text in texts}) == 2


def test_a_write_skew_is_told_from_both_sides() -> None:
    (finding,) = detect(told(SKEW))
    assert finding.severity == "high"
    assert finding.agents == ("a", "b")
    assert finding.evidence == (1, 2, 4, 5)
    assert finding.explanation == (
        "a's step 'leave' read y at version 1 (event 1), before b's step 'leave' wrote it "
        "(event 5).\n"
        "b's step 'leave' read x at version 1 (event 2), before a's step 'leave' wrote it "
        "(event 4).\n"
        "Each looked before the other had written. In any one-after-another order one of them "
        "would have seen what the other wrote, and might have decided otherwise. [G2-item]"
    )


def test_of_three_it_is_said_what_they_add_up_to() -> None:
    text = "a/s:r x1, b/s:r y1, c/s:r z1, b/s:w x2, c/s:w y2, a/s:w z2"
    (finding,) = detect(told(text))
    assert (
        "Read together: a's step 's' came before b's step 's', b's step 's' came before c's step "
        "'s' and c's step 's' came before a's step 's'. No one-after-another order has that.\n"
    ) in finding.explanation


@pytest.mark.parametrize("kind", ["dirty_write", "circular_flow", "aborted_read", "read_skew"])
def test_kinds_say_what_removes_them(kind: str) -> None:
    assert KINDS[kind].advice


# Real programs ---------------------------------------------------------------------------------


async def goes_off_duty(world: World, me: pileup.Agent) -> Any:
    with pileup.step("leave"):
        on_duty = [await world.memory.get("ann"), await world.memory.get("bob")]
        if all(on_duty):
            await world.memory.set("ann" if me.index == 0 else "bob", False)
    return on_duty


async def goes_off_duty_under_a_lock(world: World, me: pileup.Agent) -> Any:
    with pileup.step("leave"):
        async with world.memory.lock():
            return await goes_off_duty(world, me)


def hospital(sim: Sim) -> World:
    world = World(sim)
    world.memory.seed(ann=True, bob=True)
    world.duty = pileup.shared({"ann": True, "bob": True}, "duty")  # type: ignore[attr-defined]
    return world


def goes_off_duty_in_sync_code(world: Any, me: pileup.Agent) -> None:
    with pileup.step("leave"):
        if sum(world.duty.values()) > 1:
            world.duty["ann" if me.index == 0 else "bob"] = False


def goes_off_duty_by_turns(world: Any, me: pileup.Agent) -> None:
    with world.memory.lock(), pileup.step("leave"):
        if sum(world.duty.values()) > 1:
            world.duty["ann" if me.index == 0 else "bob"] = False


async def transfer(world: World) -> None:
    with pileup.step("transfer"):
        left = await world.memory.get("from")
        await world.memory.set("from", left - 10)
        right = await world.memory.get("to")
        await world.memory.set("to", right + 10)


async def report(world: World) -> Any:
    with pileup.step("report"):
        return await world.memory.get("from") + await world.memory.get("to")


def under_a_lock(agent: Callable[[World], Any]) -> Any:
    async def locked(world: World) -> Any:
        async with world.memory.lock():
            return await agent(world)

    return locked


def bank(sim: Sim) -> World:
    world = World(sim)
    world.memory.seed(**{"from": 100, "to": 0})
    world.database.table("duty", rows=[{"id": 1, "on": True}, {"id": 2, "on": True}])
    return world


def explored(agent: Any, setup: Any = hospital, **options: Any) -> list[str]:
    return kinds(list(pileup.explore(agent, setup=setup, runs=100, **options).findings))


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_two_who_both_leave_because_the_other_is_there(backend: str) -> None:
    assert explored(goes_off_duty, backend=backend) == ["write_skew"]
    assert explored(goes_off_duty_under_a_lock, backend=backend) == []


def test_so_it_is_in_sync_code() -> None:
    assert explored(goes_off_duty_in_sync_code) == ["write_skew"]
    assert explored(goes_off_duty_by_turns) == []


def test_a_report_that_saw_half_a_transfer() -> None:
    assert explored([transfer, report], bank) == ["read_skew"]
    assert explored([under_a_lock(transfer), under_a_lock(report)], bank) == []


def marks(columns: str) -> Any:
    async def mark(world: World, me: pileup.Agent) -> None:
        with pileup.step("mark"):
            for key in (1, 2) if me.index == 0 else (2, 1):
                await world.database.update("duty", key, **{columns[me.index]: me.name})

    return mark


def test_two_who_set_other_columns_of_the_same_rows_do_not_mix_anything() -> None:
    found = {}
    for columns in ("ab", "aa"):
        explorer = pileup.Scenario(marks(columns), agents=2, setup=bank).explorer()
        runs = [explorer.once(make("random", seed)).history for seed in range(30)]
        found[columns] = {kind for history in runs for kind in kinds(detect(history))}
    assert found == {"ab": set(), "aa": {"dirty_write"}}


PARTS = {
    "who wrote the part before comes before": (
        "a/s:w x1, b/s:w x2, c/s:w x3, c/s:w y1, a/s:w y2",
        {1: 0, 2: 1},
        ["dirty_write"],
    ),
    "who read it before another part was written as well": (
        "a/s:r x1, b/s:w x2, c/s:w x3, c/s:w y1, a/s:r y1",
        {2: 1},
        ["read_skew"],
    ),
    "nobody else does": (
        "a/s:w x1, b/s:w x2, b/s:w y1, a/s:w y2",
        {1: 0, 3: 0},
        [],
    ),
}


@pytest.mark.parametrize("case", PARTS)
def test_who_wrote_a_part_of_an_item_follows_who_wrote_that_part(case: str) -> None:
    text, over, expected = PARTS[case]
    history = told(text)
    rows = list(history.rows)
    for number, version in over.items():
        row = Row._make(rows[number])
        rows[number] = row._replace(note=Note(over=((row.touches[0].item.name, version),)))
    partly = History(history.agents, rows)
    assert kinds(detect(partly)) == expected
    assert kinds(detect(history)) == (expected or ["dirty_write"])


# Transactions ----------------------------------------------------------------------------------


def leaves(level: Any, *, locks: bool = False) -> Any:
    async def leave(world: World, me: pileup.Agent) -> Any:
        while True:
            try:
                async with world.database.transaction(level) as tx:
                    rows = [await tx.get("duty", each, for_update=locks) for each in (1, 2)]
                    if all(row is not None and row["on"] for row in rows):
                        await tx.update("duty", me.index + 1, on=False)
            except DatabaseError as error:
                assert error.retryable  # noqa: PT017 - which it is is not the point
            else:
                return rows

    return leave


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_transactions_below_serializable_allow_write_skew(level: str) -> None:
    assert explored(leaves(level), bank) == ["write_skew"]


def test_serializable_transactions_and_locked_rows_do_not() -> None:
    assert explored(leaves("serializable"), bank) == []
    assert explored(leaves("read committed", locks=True), bank) == []


def books(level: Any, where: Any = None) -> Any:
    async def book(world: World, me: pileup.Agent) -> Any:
        while True:
            try:
                async with world.database.transaction(level) as tx:
                    taken = await tx.select("bookings", where and where(me))
                    if not taken:
                        await tx.insert("bookings", {"id": me.name, "room": me.index})
            except DatabaseError as error:
                assert error.retryable  # noqa: PT017 - which it is is not the point
            else:
                return len(taken)

    return book


def hotel(sim: Sim) -> World:
    world = World(sim)
    world.database.table("bookings")
    return world


def test_a_row_that_was_not_there_when_both_looked() -> None:
    assert explored(books("read committed"), hotel) == ["write_skew"]
    assert explored(books("repeatable read"), hotel) == ["write_skew"]
    assert explored(books("serializable"), hotel) == []


def test_a_row_that_neither_had_looked_for() -> None:
    assert explored(books("read committed", lambda me: {"room": me.index}), hotel) == []


def is_new(row: dict[str, Any]) -> bool:
    return bool(row["status"] == "new")


def takes_jobs(where: Any, *, skip: bool) -> Any:
    async def takes(world: World, me: pileup.Agent) -> list[Any]:
        mine: list[Any] = []
        for _ in range(2):
            async with world.database.transaction() as tx:
                found = await tx.select(
                    "jobs", where, order_by="id", limit=1, for_update=True, skip_locked=skip
                )
                for each in found:
                    await tx.update("jobs", each["id"], status="taken")
            for each in found:
                mine.append(each["id"])
                await world.database.update("jobs", each["id"], status="done", by=me.name)
        return mine

    return takes


def queue(sim: Sim) -> World:
    world = World(sim)
    world.database.table("jobs", rows=[{"id": each, "status": "new"} for each in range(1, 6)])
    return world


@pytest.mark.parametrize("where", [is_new, {"status": "new"}])
@pytest.mark.parametrize("skip", [True, False])
def test_workers_that_share_a_queue_of_rows_are_in_nobodys_way(where: Any, skip: bool) -> None:
    body = takes_jobs(where, skip=skip)
    found = pileup.explore(body, setup=queue, agents=3, runs=60, shrink=False)
    assert found.clean, str(found)


def test_what_nobody_can_lock_because_it_is_not_there_yet() -> None:
    async def book(world: World, me: pileup.Agent) -> int:
        async with world.database.transaction() as tx:
            taken = await tx.select("bookings", lambda row: row["room"] == 7, for_update=True)
            if not taken:
                await tx.insert("bookings", {"id": me.name, "room": 7})
        return len(taken)

    assert explored(book, hotel) == ["write_skew"]


SKIPPING = (
    "a/s:look(r jobs1){%s}, b/s:look(r jobs1){%s}, a/s:write(w jobs[1]2 u jobs2)=x, "
    "b/s:write(w jobs[2]2 u jobs3)=y"
)


def test_a_look_that_skips_what_is_locked_has_not_seen_the_rest() -> None:
    seen = told(SKIPPING % ("whole=yes", "whole=yes"))
    assert kinds(detect(seen)) == ["write_skew"]
    assert detect(told(SKIPPING % ("whole=yes skips=yes", "whole=yes skips=yes"))) == []
    assert detect(told(SKIPPING % ("whole=yes skips=yes", "whole=yes"))) == []


def moves(level: Any) -> Any:
    async def move(world: World) -> None:
        async with world.database.transaction(level) as tx:
            await tx.update("duty", 1, on=False)
            await tx.update("duty", 2, on=False)

    return move


def sums(level: Any) -> Any:
    async def look(world: World) -> Any:
        async with world.database.transaction(level) as tx:
            return [await tx.get("duty", 1), await tx.get("duty", 2)]

    return look


def test_read_committed_shows_half_a_commit_and_a_snapshot_does_not() -> None:
    assert explored([moves("read committed"), sums("read committed")], bank) == ["read_skew"]
    assert explored([moves("read committed"), sums("repeatable read")], bank) == []
