"""Who tries again, how often, and after what wait.

Naive: the client, the tool and the agent's own loop each try three times, and
know nothing of each other. Hardened: none of them does. What goes wrong goes
wrong for the whole try at a task, and its one owner, the queue that the task
came from, hands it out again: later each time, and not for ever.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from redis.exceptions import RedisError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

import pileup
from pileup.fakes.bus import BusError
from pileup.fakes.database import DatabaseError
from pileup.fakes.http import BadStatus, HttpError
from pileup.fakes.model import ModelError
from pileup.scenarios.controls.not_now import NotNow

__tracebackhide__ = True  # because it is whoever calls it that somebody wants to see

T = TypeVar("T")
Attempt = Callable[[], Awaitable[T]]

TRIES: Final = 3
"""How often each layer tries where each has its own."""

LONGEST: Final = 300.0
SERVER_ERROR: Final = 500
PASSING: Final = (408, 409, 425, 429)
OUTSIDE: Final = (
    *(HttpError, ModelError, DatabaseError, BusError, RedisError),
    *(OSError, TimeoutError, NotNow),
)


def is_passing(error: BaseException) -> bool:
    """Whether it may go better next time: what is wrong lies outside, and is no refusal."""
    if isinstance(error, BadStatus):
        status = error.response.status
        return status in PASSING or status >= SERVER_ERROR
    return isinstance(error, OUTSIDE)


def backoff(tries: int) -> float:
    """Say how long to wait after so many tries: twice as long each time, with jitter."""
    return random.uniform(0.5, 1.0) * min(LONGEST, 2.0**tries)  # noqa: S311 - no secret is made of it


async def _nap(seconds: float) -> None:
    if seconds:
        await pileup.sleep(seconds)


def _layer() -> AsyncRetrying:
    return AsyncRetrying(
        stop=stop_after_attempt(TRIES),
        retry=retry_if_exception(is_passing),
        sleep=_nap,
        reraise=True,
    )


_CLIENT, _TOOL, _AGENT = _layer(), _layer(), _layer()


async def in_three_layers(attempt: Attempt[T]) -> T:
    """Let the agent's loop try the tool again, which tries the client again, which tries again."""
    return await _AGENT(_in_the_tool, attempt)


async def _in_the_tool(attempt: Attempt[T]) -> T:
    return await _TOOL(_in_the_client, attempt)


async def _in_the_client(attempt: Attempt[T]) -> T:
    return await _CLIENT(attempt)
