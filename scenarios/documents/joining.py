"""Waiting for several sub-agents at once, and what to make of those that failed."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pileup
from pileup.scenarios.documents.desk import AGENT
from pileup.scenarios.documents.intake import HOPELESS

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk

__tracebackhide__ = True  # because it is whoever calls it that somebody wants to see

T = TypeVar("T")


async def all_of(desk: Desk, helpers: Sequence[Awaitable[T]]) -> list[T]:
    """Return what all of them came to, or raise the worst of what went wrong."""
    came, failed = await endings(desk, helpers)
    if failed:
        raise_worst(failed)
    return came


async def endings(desk: Desk, helpers: Sequence[Awaitable[T]]) -> tuple[list[T], list[Exception]]:
    """Wait until all of them have ended, however they did; who takes too long has failed."""
    came: list[T] = []
    failed: list[Exception] = []
    until = deadline(desk)
    for each in helpers:
        try:
            came.append(await ending(desk, each, until))
        except Exception as error:  # noqa: BLE001 - whoever waits for the others first
            failed.append(error)
    return came, failed


def deadline(desk: Desk) -> float:
    """Say until when sub-agents that begin now are waited for."""
    return desk.office.now() + AGENT


async def ending(desk: Desk, helper: Awaitable[T], until: float) -> T:
    """Wait for one; each has its own timeout, because an end that nobody waits for is not heard."""
    if not desk.controls.timeouts:
        return await helper
    async with pileup.timeout(max(0.0, until - desk.office.now())):
        return await helper


def raise_worst(failed: Sequence[Exception]) -> NoReturn:
    """Raise what no other try would mend, if there is any; else the first."""
    hopeless = [each for each in failed if isinstance(each, HOPELESS)]
    raise (*hopeless, *failed)[0]
