"""Duplicate effects: what was meant once happened more than once.

That two effects look alike proves nothing: somebody may want to pay twice. So
each pair must be of one origin, in one of five ways:

* retry: the first took effect, its caller saw a failure or nothing, and tried again;
* restart: an agent did it, crashed, and did it again in its next life;
* redo: an agent did it and failed, and whoever had started it started another one;
* redelivery: two times the same message was handed over, and each time it was done;
* double claim: two agents took the same thing, from the same version of it.

An idempotency key changes none of that: where each attempt has a new one, the
key is the cause. What is right and looks the same must stay silent, so nothing is
said of

* a stored answer given again, a refused second insert: no effect at all;
* effects that are declared repeatable, as those of PUT and DELETE are by themselves;
* what the same task did before and heard of: it means to do it more than once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.detectors.case import Case
from pileup.detectors.effects import Effect, Effects
from pileup.detectors.origins import (
    DOUBLE_CLAIM,
    REDELIVERY,
    REDO,
    RESTART,
    RETRY,
    Origins,
    Twice,
)
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.operations import Item
from pileup.spelling import Brief

TITLES: Final = {
    RETRY: "its caller tried again although it had been done",
    RESTART: "its caller crashed and did it again",
    REDO: "its caller failed, and another one did it again",
    REDELIVERY: "one message was handled more than once",
    DOUBLE_CLAIM: "two agents had taken the same thing",
}

KEYS: Final = {
    "none": "",
    "the same": "let the server keep the keys that it has seen for as long as retries may come",
    "different": "make the idempotency key once, before the first attempt, and store it with the "
    "work, so that every attempt, restart and agent sends the same one",
}
"""What helps, by what the idempotency keys of the two were."""


def duplicate_effects(case: Case) -> Iterator[Finding]:
    """Find the effects that were meant once and happened more than once."""
    effects = Effects(case)
    origins = Origins(case, effects)
    seen: set[str] = set()
    for alike in effects.several:
        if not effects.ways and not any(each.unknown for each in alike):
            continue
        repeating = _repeating(alike)
        pairs = [
            pair
            for pair in origins.pairs(alike)
            if pair.second.agent not in repeating or _is_certain(pair)
        ]
        mark = _mark(case, pairs[0]) if pairs else ""
        if pairs and mark not in seen:
            seen.add(mark)
            yield _finding(case, pairs, mark)


def _repeating(alike: list[Effect]) -> set[int]:
    """Return the agents of which a task did the same once more although it knew that it was done.

    The same key tells that it was not meant so.
    """
    last: dict[int, Effect] = {}
    found: set[int] = set()
    for each in sorted(alike, key=lambda effect: effect.asked.number):
        before = last.get(each.asked.strand)
        if before is not None and not before.unknown and not _same_key(before, each):
            found.add(each.agent)
        last[each.asked.strand] = each
    return found


def _same_key(one: Effect, other: Effect) -> bool:
    return one.key is not None and one.key == other.key


def _is_certain(pair: Twice) -> bool:
    """Whether two effects are one even if the task does such things repeatedly."""
    return pair.cause == REDELIVERY or _same_key(pair.first, pair.second)


# What is said of it ----------------------------------------------------------------------------


def _mark(case: Case, pair: Twice) -> str:
    row = pair.second.asked.row
    role = case.agents[pair.second.agent].role
    return f"{role} {row[0]} {pair.cause}"


def _finding(case: Case, pairs: list[Twice], mark: str) -> Finding:
    pair = pairs[0]
    row = pair.first.asked.row
    item = _item(case, pair)
    what = f"{row[0]} {item.name}" if item is not None else row[0]
    effects = _all_of(pairs)
    names = [case.agents[each.agent].name for each in effects]
    times = "twice" if len(effects) == 2 else f"{len(effects)} times"  # noqa: PLR2004 - twice is 2
    keys = _keys(pair)
    receipt: dict[str, Brief] = {
        "operation": what,
        "effects": len(effects),
        "cause": pair.cause,
        "keys": keys,
        "first_event": pair.first.happened,
        "second_event": pair.second.happened,
    }
    if pair.claims:
        receipt["claimed"] = pair.claims[0].item.name
        receipt["claimed_version"] = pair.claims[0].version
    rows = [number for each in effects for number in (each.asked.number, each.happened)]
    return found(
        "duplicate_effect",
        title=f"{what} was meant once and happened {times}: {TITLES[pair.cause]}",
        explanation="\n".join((*_story(case, pair, what), *_told_of_keys(pair, keys))),
        item=item,
        agents=tuple(names),
        evidence=(*rows, *(number for each in pairs for number in each.proof)),
        receipt=receipt,
        mark=mark,
        advice=KEYS[keys],
    )


def _item(case: Case, pair: Twice) -> Item | None:
    """Return what both were done to: of two rows under keys that were made up, their table."""
    mine, theirs = (
        [touch.item for row in (each.asked.row, case.rows[each.happened]) for touch in row[1]]
        for each in (pair.first, pair.second)
    )
    return next((each for each in mine if each in theirs), mine[0] if mine else None)


def _all_of(pairs: list[Twice]) -> list[Effect]:
    """Return the effects of one origin with the first pair, in order."""
    chain = [pairs[0].first, pairs[0].second]
    for pair in pairs[1:]:
        if pair.first in chain and pair.second not in chain:
            chain.append(pair.second)
    return sorted(chain, key=lambda each: each.happened)


def _story(case: Case, pair: Twice, what: str) -> Iterator[str]:
    first, second = pair.first, pair.second
    one, other = (case.agents[each.agent].name for each in (first, second))
    if pair.cause == DOUBLE_CLAIM:
        yield _told_of_claim(case, pair, one, other)
    elif pair.cause == REDELIVERY:
        yield f"{one} was handed a message{said(case, pair.proof[0])}."
    late = first.happened != first.asked.number
    when = f", in event {first.happened}" if late else ""
    yield f"{one} asked for {what}{said(case, first.asked.number)}, and it was done{when}."
    if pair.cause == RETRY:
        yield f"{one} did not get the answer, and could not know that."
    elif pair.cause == RESTART:
        yield f"{one} crashed (event {pair.proof[0]}), and began anew."
    elif pair.cause == REDO:
        yield f"{one} ended with a failure (event {pair.proof[0]}); {other} was started instead."
    elif pair.cause == REDELIVERY:
        yield f"The same message was handed to {other}{said(case, pair.proof[1])}."
    again = f"{other} asked for the same{said(case, second.asked.number)}"
    yield f"{again}, and it was done again: what was meant once is there twice."


def _told_of_claim(case: Case, pair: Twice, one: str, other: str) -> str:
    mine, theirs = pair.claims
    return (
        f"{one}{said(case, mine.read)} and {other}{said(case, theirs.read)} both read "
        f"{mine.item.name} at version {mine.version}, and both changed it then (events "
        f"{mine.change} and {theirs.change}): each took it for its own."
    )


def _keys(pair: Twice) -> str:
    """Say what the idempotency keys of the two were."""
    one, other = pair.first.key, pair.second.key
    if one is None and other is None:
        return "none"
    return "the same" if one == other else "different"


def _told_of_keys(pair: Twice, keys: str) -> Iterator[str]:
    one, other = pair.first.key, pair.second.key
    if keys == "the same":
        yield f"Both had the idempotency key {one}, and the server did not go by it."
    elif keys == "different":
        yield (
            f"The idempotency key changed with each attempt ({one}, then {other}), so the server "
            "could not know that it was the same."
        )
