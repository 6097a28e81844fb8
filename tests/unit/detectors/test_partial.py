"""Silent partial results: parts that never came, and results that claim to be whole."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest
from support.mutants import mutant

import pileup
from pileup.detectors import detect, silent_partial, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.operations import Operation, nothing
from pileup.sim.admitting import note_partial, says_partial

START = "p:start, k1<p:start, k2<p:start, k3<p:start"
WORK = f"{START}, k1:end(w agent[k1]), k2:end(w agent[k2])=E!, k3:end(w agent[k3])"
JOIN = "p:join(r agent[k1]), p:join(r agent[k2]), p:join(r agent[k3])"
WHOLE = "p:end(w agent[p]) {partial=no}"
UP = "p:join(r agent[k2])??"

LAST_FAILED = f"{START}, k1:end(w agent[k1]), k2:end(w agent[k2]), k3:end(w agent[k3])=E!, {JOIN}"
SUMS_UP = "complete(u model)=x {intent=m}"
ANOTHER = (  # of the same role, with both of its parts
    "p-1:start, j1<p-1:start, j2<p-1:start, j1:end(w agent[j1]), j2:end(w agent[j2]), "
    f"p-1:join(r agent[j1]), p-1:join(r agent[j2]), p-1:{SUMS_UP}, "
    "p-1:end(w agent[p-1]) {partial=no}"
)
"""One that has all of its parts, and sums them up."""

PARTIAL = {
    "one of three failed": f"{WORK}, {JOIN}, {WHOLE}",
    "one of three was given up": (
        f"{START}, k1:end(w agent[k1]), k3:end(w agent[k3]), p:join(r agent[k1]), {UP}, "
        f"p:join(r agent[k3]), {WHOLE}, k2:end(w agent[k2])"
    ),
    "one of two failed": (
        "p:start, k1<p:start, k2<p:start, k1:end(w agent[k1]), k2:end(w agent[k2])=E!, "
        f"p:join(r agent[k1]), p:join(r agent[k2]), {WHOLE}"
    ),
    "two failed, and one was asked again": (
        f"{WORK.replace('k3:end(w agent[k3])', 'k3:end(w agent[k3])=E!')}, {JOIN}, k4<p:start, "
        f"k4:end(w agent[k4]), p:join(r agent[k4]), {WHOLE}"
    ),
    "it was asked again in vain": (
        f"{WORK}, {JOIN}, k4<p:start, k4:end(w agent[k4])=E!, p:join(r agent[k4]), {WHOLE}"
    ),
    "another one summed up": (
        f"{WORK}, {JOIN}, p:w draft1, sum<p:start, sum:end(w agent[sum]), p:join(r agent[sum]), "
        f"{WHOLE}"
    ),
    "it wrote down what there was": f"{WORK}, {JOIN}, p:w report1, {WHOLE}",
    "it wrote down that it failed": (
        f"{WORK}, p:join(r agent[k2]), p:w log1, p:join(r agent[k1]), p:join(r agent[k3]), {WHOLE}"
    ),
    "the last one failed, and a model summed up as it does for another": (
        f"{LAST_FAILED}, p:{SUMS_UP}, {WHOLE}, {ANOTHER}"
    ),
    "a model summed up": f"{WORK}, {JOIN}, p:complete(u model)=x {{intent=m}}, {WHOLE}",
}

RIGHT = {
    "it takes the first that comes": (
        "p:start, k1<p:start, k2<p:start, k1:end(w agent[k1])=E!, k2:end(w agent[k2]), "
        f"p:join(r agent[k1]), p:join(r agent[k2]), {WHOLE}"
    ),
    "it says so": f"{WORK}, {JOIN}, p:end(w agent[p]) {{partial=yes}}",
    "it returned nothing": f"{WORK}, {JOIN}, p:end(w agent[p])",
    "it failed": f"{WORK}, {JOIN}, p:end(w agent[p])=E! {{partial=no}}",
    "all came": f"{WORK.replace('=E!', '')}, {JOIN}, {WHOLE}",
    "none came": (
        f"{START}, k1:end(w agent[k1])=E!, k2:end(w agent[k2])=E!, k3:end(w agent[k3])=E!, "
        f"{JOIN}, {WHOLE}"
    ),
    "it was asked again": (
        f"{WORK}, {JOIN}, k4<p:start, k4:end(w agent[k4]), p:join(r agent[k4]), {WHOLE}"
    ),
    "somebody else was asked": (
        f"{WORK}, p:join(r agent[k2]), other<p:start, other:end(w agent[other]), "
        f"p:join(r agent[other]), p:join(r agent[k1]), p:join(r agent[k3]), {WHOLE}"
    ),
    "it looked elsewhere": (
        f"{WORK}, p:join(r agent[k2]), p:r x0, p:join(r agent[k1]), p:join(r agent[k3]), {WHOLE}"
    ),
    "it asked a model": (
        f"{WORK}, p:join(r agent[k2]), p:complete(u model)=x {{intent=m}}, p:join(r agent[k1]), "
        f"p:join(r agent[k3]), {WHOLE}"
    ),
    "the last one failed, and a model may have been asked for that": (
        f"{LAST_FAILED}, p:{SUMS_UP}, {WHOLE}"
    ),
    "the last one failed, and a model was asked once more than for another": (
        f"{LAST_FAILED}, p:{SUMS_UP}, p:{SUMS_UP}, {WHOLE}, {ANOTHER}"
    ),
    "the last one failed, and it was looked for where another does not look": (
        f"{LAST_FAILED}, p:r x0, p:{SUMS_UP}, {WHOLE}, {ANOTHER}"
    ),
    "the last one failed, and another one's was only given up as well": (
        f"{LAST_FAILED}, p:{SUMS_UP}, {WHOLE}, "
        f"{ANOTHER.replace('j2:end(w agent[j2])', 'j2:end(w agent[j2])=E!')}"
    ),
    "the last one failed, and a model sums up for another role": (
        f"{LAST_FAILED}, p:{SUMS_UP}, {WHOLE}, {ANOTHER.replace('p-1', 'q')}"
    ),
    "it asked a model before the next, and a model sums up for another": (
        f"{WORK}, p:join(r agent[k2]), p:{SUMS_UP}, p:join(r agent[k1]), p:join(r agent[k3]), "
        f"{WHOLE}, {ANOTHER}"
    ),
    "it returned nothing, and something is noted": f"{WORK}, {JOIN}, p:end(w agent[p]) {{part=1}}",
    "the first answer was enough": (
        f"{START}, k1:end(w agent[k1]), p:join(r agent[k1]), {UP}, p:join(r agent[k3])??, {WHOLE}, "
        "k3:end(w agent[k3])"
    ),
    "nobody waited for it": (f"{WORK}, p:join(r agent[k1]), p:join(r agent[k3]), {WHOLE}"),
    "it was waited for again": (
        f"{START}, {UP}, k1:end(w agent[k1]), k2:end(w agent[k2]), k3:end(w agent[k3]), {JOIN}, "
        f"{WHOLE}"
    ),
    "one after another": (
        "p:start, k1<p:start, k1:end(w agent[k1])=E!, p:join(r agent[k1]), p:w x1, k2<p:start, "
        f"k2:end(w agent[k2]), p:join(r agent[k2]), {WHOLE}"
    ),
    "somebody else's sub-agent": (
        "p:start, q:start, k1<p:start, k2<q:start, k1:end(w agent[k1]), k2:end(w agent[k2])=E!, "
        f"p:join(r agent[k1]), p:join(r agent[k2]), {WHOLE}"
    ),
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", PARTIAL.values(), ids=PARTIAL)
def test_a_result_that_hides_what_is_missing_is_named(text: str) -> None:
    assert kinds(text) == ["silent_partial"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_whole_or_says_so_is_not(text: str) -> None:
    assert kinds(text) == []


def test_it_says_who_failed_and_what_the_result_is_made_of() -> None:
    (finding,) = detect(told(PARTIAL["one of three failed"]))
    assert finding.title == "p returned a result without 1 of its 3 parts"
    assert finding.explanation == (
        "p started 3 sub-agents side by side.\n"
        "k2 failed with E (event 5).\n"
        "p returned a result all the same (event 10), made of 2 of 3 parts. "
        "Nothing in it says that it is not whole."
    )
    assert finding.receipt == {"parent": "p", "parts": 3, "arrived": 2}


# What results say --------------------------------------------------------------------------


@dataclass
class Report:
    prices: list[int]
    errors: list[str]
    ok: bool = True


class Slotted:
    __slots__ = ("missing", "never_set")

    def __init__(self, missing: int) -> None:
        self.missing = missing


class Pair(NamedTuple):
    prices: list[int]
    failed: int


ADMITTED = [
    {"prices": [1, 2], "missing": 1},
    {"prices": [1, None, 2]},
    {"prices": [1], "complete": False},
    {"a": {"status": "partial"}},
    [1, 2, ValueError("no answer")],
    "3 prices; 2 shops could not be reached",
    "An INCOMPLETE answer",
    Report([1], ["shop 2"]),
    Report([1], [], ok=False),
    Slotted(2),
    Pair([1], 2),
    SimpleNamespace(timed_out=["shop"]),
    {"failed": object()},
]

CLAIMED = [
    {"prices": [1, 2]},
    {"prices": [1, 2], "missing": 0, "errors": []},
    {"prices": [1], "error": None, "complete": True},
    [1, 2],
    "12 and 13",
    "It never failedover",
    Report([1], []),
    Slotted(0),
    Pair([1], 0),
    24.5,
    object(),
]


@pytest.mark.parametrize("result", ADMITTED, ids=lambda each: type(each).__name__)
def test_a_result_may_say_that_it_is_a_part(result: object) -> None:
    assert says_partial(result)


@pytest.mark.parametrize("result", CLAIMED, ids=lambda each: type(each).__name__)
def test_or_claim_to_be_whole(result: object) -> None:
    assert not says_partial(result)


@pytest.mark.parametrize(
    ("result", "expected"),
    [(None, None), (True, None), (2, None), (24, False), ([1], False), ({"failed": 1}, True)],
)
def test_nothing_a_yes_or_a_count_of_parts_claims_nothing(result: object, expected: Any) -> None:
    op = Operation("end", (), nothing)
    agent: Any = SimpleNamespace(result=result, error=None, parts=3)
    note_partial(op, agent)
    assert (op.note and op.note.partial) == expected or (op.note is None and expected is None)


def test_what_holds_itself_is_looked_at_once() -> None:
    circle: list[object] = []
    circle.append(circle)
    assert not says_partial(circle)


# Programs ----------------------------------------------------------------------------------


async def fails_if_told(world: World) -> str:
    if await world.memory.add("asked", 1) == 2:
        raise ValueError
    return "part"


async def collects(_: World, me: pileup.Agent) -> list[object]:
    parts: list[object] = []
    for each in [me.spawn(fails_if_told) for _ in range(3)]:
        try:
            parts.append(await each)
        except ValueError:
            continue
    return parts


async def counts(_: World, me: pileup.Agent) -> int:
    return len(await collects(_, me))


async def gives_up(world: World, me: pileup.Agent) -> list[object]:
    async def answers(_: World) -> str:
        return "part"

    async def answers_late(_: World) -> str:
        await pileup.sleep(60)
        return "late"

    parts: list[object] = []
    for each in [me.spawn(body) for body in (answers, answers_late, answers)]:
        try:
            async with pileup.timeout(5):
                parts.append(await each)
        except TimeoutError:
            await world.memory.add("late", 1)
    return parts


@pytest.mark.parametrize("agent", [collects, gives_up])
def test_a_parent_that_leaves_parts_out_is_found(agent: Any) -> None:
    found = pileup.explore(agent, agents=1, runs=20)
    assert {finding.kind for finding in found.findings} == {"silent_partial"}


def test_one_that_counts_them_is_not() -> None:
    pileup.explore(counts, agents=1, runs=20).assert_clean()


# Mutations ---------------------------------------------------------------------------------

MUTATIONS = [
    (
        "row[8] == OK and note is not None and note.partial is False",
        "note is not None and note.partial is False",
    ),
    ("note.partial is False", "note.partial is not None"),
    ("note.partial is False", "not note.partial"),
    ("return len(arrived) >= SEVERAL", "return len(arrived) > SEVERAL"),
    ("return len(arrived) >= SEVERAL", "return True"),
    ("part.joined > arrived[0] for part in missing", "True for part in missing"),
    ("if instead is not None:", "if False:"),
    ("            spare.remove(instead)", "            pass"),
    ("elif not _is_done_otherwise(case, usual, whole, part):", "else:"),
    ("if not is_last or not asked:", "if True:"),
    ("if not is_last or not asked:", "if not asked:"),
    ("asked - usual.of(case.agents[whole.agent].role)", "None"),
    ("if self._case.agents[each.agent].role == role", "if True"),
    ("and all(part.arrived for part in each.parts)", ""),
    ("if self._case.agents[each.agent].role == role", "if False"),
    ("bisect_right(rows, since)", "0"),
    ("+= 1\n    return asked, True", "= 1\n    return asked, True"),
    ("    same = case.agents[other.agent].role == case.agents[part.agent].role", "    same = True"),
    ("return same or other.begun == (part.lost or 0) + 1", "return same"),
    ("if other.begun <= (part.lost or 0):", "if False:"),
    (
        "return self.joined is not None and self.ended is not None and not self.failed",
        "return not self.failed",
    ),
    ("return self.joined if self.failed else None", "return self.joined"),
    ('        if row[0] == "join":\n            return asked, False\n', ""),
    ("(asks or all(access == READ for _, access in row[1]))", "asks"),
    ("(asks or all(access == READ for _, access in row[1]))", "True"),
    ("part is other or part.is_beside(other)", "True"),
]


def judged(module: ModuleType) -> list[object]:
    """Say what the detector finds in all of the histories above."""
    return [
        [finding.receipt for finding in module.silent_partials(Case(told(text)))]
        for text in (*PARTIAL.values(), *RIGHT.values())
    ]


@pytest.mark.parametrize(("old", "new"), MUTATIONS)
def test_each_condition_is_needed(old: str, new: str) -> None:
    assert judged(mutant(silent_partial, old, new)) != judged(silent_partial)
