"""Ways for operations to take effect: awaited or called, one alone or a course of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from pileup.operations import Operation

T = TypeVar("T")


class Ways:
    """`perform` and `walk` for async code, `act` and `run` for sync code."""

    def __init__(
        self,
        perform: Callable[[Operation], Awaitable[Any]],  # Any: what operations return
        act: Callable[[Operation], Any],
    ) -> None:
        self.perform = perform
        self.act = act

    async def walk(self, course: Generator[Operation, Any, T]) -> T:
        """Perform one operation after another, each told what the one before returned or raised."""
        try:
            op = next(course)
            while True:
                try:
                    answer = await self.perform(op)
                except BaseException as error:  # noqa: BLE001 - the course decides what it means
                    op = course.throw(error)
                else:
                    op = course.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def run(self, course: Generator[Operation, Any, T]) -> T:
        """Do the same in sync code."""
        try:
            op = next(course)
            while True:
                try:
                    answer = self.act(op)
                except BaseException as error:  # noqa: BLE001 - the course decides what it means
                    op = course.throw(error)
                else:
                    op = course.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
