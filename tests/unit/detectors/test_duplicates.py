"""Duplicate effects: what was meant once is named, and what only looks alike is not."""

from __future__ import annotations

from types import ModuleType
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.mutants import mutant

import pileup
from pileup.detectors import detect, duplicate_effect, effects, origins, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.fakes.http import NoAnswer
from pileup.faults import Rule
from pileup.findings import Finding

DONE = "{intent=i effect}"
TWICE = {
    "retry": f"a:POST(u c)?~lost{DONE}, a:POST(u c){DONE}",
    "retry, with the frames of a loop": (
        "a:POST(u c)?~lost{intent=i effect path=1>x}, a.1:POST(u c){intent=i effect path=1>x+2>y}"
    ),
    "retry of what was not heard of": f"a:POST(u c){{intent=i effect unheard}}, a:POST(u c){DONE}",
    "restart": f"a:POST(u c){DONE}, a:crash~crash, a.1:POST(u c){DONE}",
    "redo": f"s:start, a<s:POST(u c){DONE}, a:end!, a1<s:start, a1:POST(u c){DONE}",
    "redelivery": (
        f"a:claim(c q){{message=m1}}, a:POST(u c){DONE}, "
        f"b:claim(c q){{message=m1}}, b:POST(u c){DONE}"
    ),
    "double claim": (
        f"a:r j1, b:r j1, a:POST(u c){DONE}, b:POST(u c){DONE}, a:w j2=done, b:w j3=done"
    ),
}

RIGHT = {
    "once": f"a:POST(u c){DONE}",
    "it heard of it and does it once more": f"a:POST(u c){DONE}, a:POST(u c){DONE}",
    "two agents": f"a:POST(u c){DONE}, b:POST(u c){DONE}",
    "another thing": "a:POST(u c)?~lost{intent=i effect}, a:POST(u c){intent=j effect}",
    "a stored answer": f"a:POST(u c)?~lost{DONE}, a:POST(r c){{intent=i}}",
    "a refused second one": f"a:POST(u c)?~lost{DONE}, a:POST(u c)!{DONE}",
    "nothing happened the first time": f"a:POST(u c)!~timeout{{intent=i}}, a:POST(u c){DONE}",
    "it gave up before": f"a:POST?{{intent=i}}, a:POST(u c){DONE}",
    "it does so again and again": (
        f"a:POST(u c){DONE}, a:POST(u c)?~lost{DONE}, a:POST(u c){DONE}, a:POST(u c){DONE}"
    ),
    "another task, which has nothing to do with it": (
        "a.1:POST(u c)?~lost{intent=i effect path=1>x+-1>t+2>y}, "
        "a.2:POST(u c){intent=i effect path=1>x+-1>t+3>y}"
    ),
    "a crash before": f"a:crash~crash, a.1:POST(u c){DONE}, b:POST(u c){DONE}",
    "a crash of another": f"a:POST(u c){DONE}, b:crash~crash, c:POST(u c){DONE}",
    "a sibling that was there before": (
        f"s:start, a<s:start, a1<s:start, a:POST(u c){DONE}, a:end!, a1:POST(u c){DONE}"
    ),
    "another message": (
        f"a:claim(c q){{message=m1}}, a:POST(u c){DONE}, "
        f"b:claim(c q){{message=m2}}, b:POST(u c){DONE}"
    ),
    "a claim that was seen": f"a:r j1, a:w j2=done, b:r j2, a:POST(u c){DONE}, b:POST(u c){DONE}",
    "a claim of another thing": (
        f"a:r j1, b:r k1, a:POST(u c){DONE}, b:POST(u c){DONE}, a:w j2=done, b:w k2=done"
    ),
    "a claim that was refused": (
        f"a:r j1, b:r j1, a:c j2, b:c j3!, a:POST(u c){DONE}, b:POST(u c){DONE}"
    ),
}


def found(text: str) -> list[Finding]:
    return [each for each in detect(told(text)) if each.kind == "duplicate_effect"]


@pytest.mark.parametrize("text", TWICE.values(), ids=TWICE)
def test_what_was_meant_once_and_happened_twice_is_named(text: str) -> None:
    (finding,) = detect(told(text))
    assert finding.kind == "duplicate_effect"
    assert finding.receipt["effects"] == 2


@pytest.mark.parametrize("name", ["retry", "restart", "redo", "redelivery", "double claim"])
def test_the_cause_is_named(name: str) -> None:
    (finding,) = found(TWICE[name])
    assert finding.receipt["cause"] == name


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_only_looks_alike_is_right(text: str) -> None:
    assert found(text) == []


def test_a_key_that_changes_is_the_cause() -> None:
    text = "a:POST(u c)?~lost{intent=i effect key=k1}, a:POST(u c){intent=i effect key=k2}"
    (finding,) = found(text)
    assert finding.receipt["keys"] == "different"
    assert "The idempotency key changed with each attempt (k1, then k2)" in finding.explanation
    assert finding.advice.startswith("make the idempotency key once, before the first attempt")


def test_one_key_tells_that_two_are_one_whatever_else_its_task_does() -> None:
    done = "{intent=i effect key=k}"
    text = f"a:POST(u c){DONE}, a:POST(u c){DONE}, a:POST(u c)?~lost{done}, a:POST(u c){done}"
    (finding,) = found(text)
    assert "which" not in finding.title
    assert finding.receipt["keys"] == "the same"


def test_it_arrived_after_its_own_retry() -> None:
    text = (
        "a:POST?{intent=i effect path=1>x}, a:POST(u c){intent=i effect path=1>x}, "
        "world():late POST(u c){intent=i effect path=1>x}"
    )
    (finding,) = found(text)
    assert finding.agents == ("a",)
    assert "in event 2" in finding.explanation


def test_an_insert_counts_when_its_transaction_is_committed() -> None:
    insert = "insert(c t){intent=i effect unit=%d}"
    lost = f"a:{insert % 1}, a:commit(w t)?~lost{{unit=1}}, a:{insert % 2}, a:commit(w t){{unit=2}}"
    gone = f"a:{insert % 1}, a:rollback{{unit=1}}, a:{insert % 2}, a:commit(w t){{unit=2}}"
    assert len(found(lost)) == 1
    assert found(gone) == []


def test_three_of_one_origin_are_one_finding() -> None:
    one = f"a:POST(u c)?~lost{DONE}"
    (finding,) = found(f"{one}, {one}, a:POST(u c){DONE}")
    assert finding.receipt["effects"] == 3
    assert finding.title.startswith("POST c was meant once and happened 3 times: ")


def test_a_claim_that_held_more_than_the_claim_is_reported_for_itself_as_well() -> None:
    same = detect(told(TWICE["double claim"]))
    other = detect(told(TWICE["double claim"].replace("j3=done", "j3=mine")))
    assert [each.kind for each in same] == ["duplicate_effect"]
    assert [each.kind for each in other] == ["duplicate_effect", "lost_write"]


MUTANTS = {
    "heard of": (origins, "if not first.unknown:", "if False:"),
    "any frame": (origins, "loop_of(one, other) is not None", "True"),
    "any strand": (origins, "again = one.strand == other.strand", "again = True"),
    "one life": (origins, "effects.life(first) >= effects.life(second)", "False"),
    "born before": (origins, "if born > death else None", "if True else None"),
    "any message": (origins, "one[1] != other[1] or ", ""),
    "no message": (origins, "any(times > 1 for times in handed.values())", "False"),
    "no crash": (origins, "any(each.agent in effects.crashes for each in alike)", "False"),
    "no death": (origins, "any(each.agent in effects.deaths for each in alike)", "False"),
    "all known": (origins, "any(each.unknown for each in alike)", "False"),
    "any claim": (origins, "(claim.item, claim.version), (second", "(0, 0), (second"),
    "own claim": (origins, "first.agent != second.agent and not", "not"),
    "no proof": (origins, "rows[one.change][9] != rows[other.change][9]", "True"),
    "repeating": (duplicate_effect, "pair.second.agent not in repeating or", "True or"),
    "certain": (duplicate_effect, "or _is_certain(pair)", "or False"),
    "rolled back": (effects, "elif each.note.unit is None:", "elif True:"),
    "crash": (effects, "if row[0] == CRASH and row[10] == CRASH", "if row[0] == CRASH and False"),
    "deaths": (effects, 'row[0] == "end" and row[8] == FAIL', 'row[0] == "end"'),
    "no deaths": (effects, 'row[0] == "end" and row[8] == FAIL', "False"),
}


@pytest.mark.parametrize(("module", "old", "new"), MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_of_the_detector_is_noticed(
    module: ModuleType, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = mutant(module, old, new)
    if module is effects:
        monkeypatch.setattr(duplicate_effect, "Effects", changed.Effects)
    elif module is origins:
        monkeypatch.setattr(duplicate_effect, "Origins", changed.Origins)
    else:
        monkeypatch.setattr(duplicate_effect, "duplicate_effects", changed.duplicate_effects)
    assert any(_is_noticed(test) for test in NOTICING)


def _is_noticed(text: tuple[str, list[int]]) -> bool:
    case = Case(told(text[0]))
    try:
        return [len(each.evidence) for each in duplicate_effect.duplicate_effects(case)] != text[1]
    except (KeyError, ValueError):
        return True


KEYED = "{intent=i effect key=k}"
LATE = "{intent=i effect path=1>x}"
BESIDE = ("{intent=i effect path=1>x+2>y}", "{intent=i effect path=1>x+-9>t+3>y}")
MORE = (
    f"a:crash~crash, a.1:POST(u c){DONE}, a.2:POST(u c){DONE}",
    f"a:insert(c t){{intent=i effect unit=1}}, a:crash~crash, a.1:POST(u c){DONE}",
    "a:insert(c t){intent=i effect unit=1}, a:crash~crash, a.1:insert(c t){intent=i effect}",
    f"a:POST?{LATE}, a:POST(u c){LATE}, world():late POST(u c){LATE}",
    f"a:POST(u c){DONE}, a:POST(u c){DONE}, a:POST(u c)?~lost{KEYED}, a:POST(u c){KEYED}",
    f"s:start, a<s:POST(u c){DONE}, a:end, a1<s:start, a1:POST(u c){DONE}, b:end!",
    (
        f"a:claim(c q){{message=m1}}, a:POST(u c){DONE}, b:claim(c q){{message=m1}}, "
        f"b:POST(u c){DONE}, d:claim(c q){{message=m2}}, d:POST(u c){DONE}"
    ),
    f"a:r j1, a:POST(u c){DONE}, a:c j2, a.1:POST(u c){DONE}",
    f"a:POST(u c)?~lost{DONE}, b:POST(u c){DONE}",
    f"a.1:POST(u c){BESIDE[0]}, a.2:POST(u c){BESIDE[1]}, b:POST(u c)?~lost{DONE}",
)
NOTICING = [
    (text, [len(each.evidence) for each in found(text)])
    for text in (*TWICE.values(), *RIGHT.values(), *MORE)
]


# Real programs ---------------------------------------------------------------------------------


def shop(sim: pileup.Sim) -> World:
    world = World(sim)
    world.http.route("POST", "/charges", lambda *_: (201, {"paid": 7}))
    world.http.route("POST", "/noted", lambda *_: 201, repeatable=True)
    world.http.route("PUT", "/state", lambda *_: 200)
    return world


LOST = Rule("lost", on="P*", most=1)


async def pays_until_it_hears(world: World, path: str = "/charges", **key: str) -> None:
    for _ in range(3):
        try:
            await world.http.post(path, json={"order": 7}, headers=key)
        except NoAnswer:
            continue
        return


async def pays_with_a_new_key_each_time(world: World) -> None:
    for _ in range(3):
        try:
            key = {"Idempotency-Key": str(uuid4())}
            await world.http.post("/charges", json={"order": 7}, headers=key)
        except NoAnswer:
            continue
        return


async def pays_with_one_key(world: World) -> None:
    await pays_until_it_hears(world, **{"idempotency-key": str(uuid4())})


async def notes_until_it_hears(world: World) -> None:
    await pays_until_it_hears(world, "/noted")


async def puts_until_it_hears(world: World) -> None:
    for _ in range(3):
        try:
            await world.http.put("/state", json={"on": True})
        except NoAnswer:
            continue
        return


async def pays_with_a_timeout(world: World) -> None:
    for _ in range(3):
        try:
            await world.http.post("/charges", json={"order": 7}, timeout=5)
        except NoAnswer:
            continue
        return


def pays_with_httpx(_: World) -> None:
    with httpx.Client(base_url="http://shop") as client:
        for _attempt in range(3):
            try:
                client.post("/charges", json={"order": 7})
            except httpx.TransportError:
                continue
            return


async def pays_twice_and_means_it(world: World) -> None:
    for _ in range(2):
        await world.http.post("/charges", json={"order": 7})


async def pays_once(world: World) -> None:
    await world.http.post("/charges", json={"order": 7})


@pytest.mark.parametrize(
    ("agent", "faults"),
    [
        (pays_until_it_hears, LOST),
        (pays_until_it_hears, "lossy-acks"),
        (pays_with_a_new_key_each_time, LOST),
        (pays_with_a_timeout, None),
        (pays_with_httpx, LOST),
        (pays_once, Rule("restart", on="POST*", most=1)),
    ],
)
@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_what_pays_twice_is_named(agent: Any, faults: Any, backend: str) -> None:
    result = pileup.explore(agent, setup=shop, agents=2, runs=30, faults=faults, backend=backend)
    assert [each.kind for each in result.findings] == ["duplicate_effect"]


@pytest.mark.parametrize(
    ("agent", "faults"),
    [
        (pays_with_one_key, LOST),
        (pays_with_one_key, "lossy-acks"),
        (notes_until_it_hears, LOST),
        (puts_until_it_hears, LOST),
        (pays_twice_and_means_it, None),
        (pays_twice_and_means_it, Rule("slow", on="POST*")),
        (pays_once, Rule("late", on="POST*")),
        (pays_once, Rule("restart", on="POST*", most=1, moment="before")),
    ],
)
def test_what_pays_once_is_right(agent: Any, faults: Any) -> None:
    result = pileup.explore(agent, setup=shop, agents=2, runs=30, faults=faults)
    assert [each.kind for each in result.findings] == []
