"""What setup and check ask of a cache: it happens at once, because nobody else is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pileup.fakes._suffering import Course
from pileup.fakes.cache.engine import Reply
from pileup.sim.agents import here


def at_once(course: Course[Reply], act: Callable[[Callable[[], object]], Reply]) -> Reply:
    """Take a whole course, each operation by `act`."""
    answer: Any = None
    error: Exception | None = None
    while True:
        try:
            op = course.send(answer) if error is None else course.throw(error)
        except StopIteration as stop:
            return stop.value
        answer = error = None
        try:
            answer = act(op.apply)
        except Exception as raised:  # noqa: BLE001 - the course decides what it means
            error = raised


def in_a_strand() -> bool:
    """Whether an agent is asking."""
    return here.get(None) is not None
