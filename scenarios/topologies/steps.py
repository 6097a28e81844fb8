"""The steps of the work, for those who choose step by step what to do next.

What a step comes to is plain data, so that it can be told, or put on a board.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pileup.scenarios.documents.papers import Invoice, Risk

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk

Have: TypeAlias = dict[str, Any]  # Any: plain data, each step's own
"""What the steps that are done have come to."""


class Step(NamedTuple):
    """One step: what has to be done before, and how it is done."""

    needs: tuple[str, ...]
    do: Callable[[Desk, Have], Awaitable[object]]


async def _read(desk: Desk, _: Have) -> str:
    return await desk.read()


async def _extract(desk: Desk, have: Have) -> dict[str, object]:
    return await desk.once("extract", lambda: desk.extract(have["read"]))


async def _judge(desk: Desk, have: Have) -> Risk:
    return await desk.once("judge", lambda: desk.judge(_invoice(desk, have)))


async def _compose(desk: Desk, have: Have) -> str:
    return await desk.compose(have["read"], have["judge"])


async def _record(desk: Desk, have: Have) -> None:
    await desk.record(_invoice(desk, have), have["judge"])


async def _enter(desk: Desk, have: Have) -> None:
    await desk.enter(_invoice(desk, have))


async def _charge(desk: Desk, have: Have) -> None:
    await desk.charge(_invoice(desk, have))


async def _notify(desk: Desk, have: Have) -> None:
    await desk.notify(have["compose"])


def _invoice(desk: Desk, have: Have) -> Invoice:
    return desk.accept(have["extract"])


STEPS: Final = {
    "read": Step((), _read),
    "extract": Step(("read",), _extract),
    "judge": Step(("extract",), _judge),
    "compose": Step(("judge",), _compose),
    "record": Step(("judge",), _record),
    "enter": Step(("extract",), _enter),
    "charge": Step(("record",), _charge),
    "notify": Step(("compose", "charge"), _notify),
}


def _noted_as(name: str) -> str:
    return f"step: {name}"


async def done_before(desk: Desk) -> Have:
    """Return what the steps have come to that an earlier try has done."""
    noted = await desk.noted()
    return {name: noted[_noted_as(name)] for name in STEPS if _noted_as(name) in noted}


async def do(desk: Desk, name: str, have: Have) -> Any:  # Any: plain data, each step's own
    """Do a step, and note it, so that no other try has to agree on it again."""
    return await desk.once(_noted_as(name), lambda: STEPS[name].do(desk, have))


def possible(have: Collection[str]) -> list[str]:
    """Name what is not done and could be."""
    return [
        name
        for name, step in STEPS.items()
        if name not in have and all(n in have for n in step.needs)
    ]
