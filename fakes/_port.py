"""The one way from a fake to the kernel: what every fake's operations go through.

A fake builds an `Operation` with its footprint and hands it to its `Port`.
The port asks the fault plan, if there is one, what befalls the operation;
then it parks, takes effect atomically, and is recorded. Nothing else in a
fake knows of faults, but for the exceptions that its clients would see
(`failures`) and what an operation does when it goes wrong half-way
(`Operation.twists`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pileup.fakes._suffering import Course, Failures, befall_unattended, suffer
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Item, Operation, Touch
from pileup.sim.agents import Strand
from pileup.sim.kernel import Sim
from pileup.spelling import brief

T = TypeVar("T")


class Cell:
    """An item with its footprints made once, because they are needed at every operation."""

    __slots__ = ("alters", "item", "reads", "updates", "writes")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.reads = (Touch(item, READ),)
        self.writes = (Touch(item, WRITE),)
        self.alters = (Touch(item, CHANGE),)
        self.updates = (Touch(item, UPDATE),)


class Cells(dict[str, Cell]):
    """A fake's items by key; a key that is met for the first time gets its own."""

    def __init__(self, sim: Sim, resource: str) -> None:
        self._sim = sim
        self._resource = resource

    def __missing__(self, key: str) -> Cell:
        cell = self[key] = Cell(self._sim.item(self._resource, key))
        return cell


class Port:
    """One fake's way to the kernel: `await port.perform(op)`, or `port.call(op)` in sync code."""

    __slots__ = ("call", "cells", "failures", "perform", "resource", "sim")

    def __init__(self, sim: Sim, resource: str, failures: Failures | None = None) -> None:
        self.sim = sim
        self.resource = resource
        self.failures: Failures = failures or {}
        self.cells = Cells(sim, resource)
        self.perform: Callable[[Operation], Awaitable[Any]]  # Any: what the operation returns
        self.call: Callable[[Operation], Any]
        sim.lines.append(self._connect)
        self._connect()

    def _connect(self) -> None:
        """Lead straight to the kernel where no faults are to be asked about: it is the hot path."""
        fair = self.sim.faults is None and not self.sim.timed
        self.perform = self.sim.perform if fair else self._perform_in_weather
        self.call = self.sim.call if fair else self._call_in_weather

    def _perform_in_weather(self, op: Operation) -> Awaitable[Any]:
        return self.walk(self.course(op))

    def _call_in_weather(self, op: Operation) -> Any:
        return self.walk_sync(self.course(op))

    def course(self, op: Operation) -> Course[Any]:
        """Perform an operation as latency and faults will have it: as part of a longer course."""
        latency = self.sim.latencies.get(self.resource) if self.sim.timed else None
        if latency is not None:
            values = latency.values
            op.delay += values[self.sim.choose("data", len(values), f"time of {op.name}")]
        if self.sim.faults is None:
            return (yield op)
        return (yield from suffer(self.sim, op, self.failures))

    async def walk(self, course: Course[T]) -> T:
        """Perform one operation after another, in async code."""
        answer: Any = None
        error: BaseException | None = None
        try:
            while True:
                op = course.send(answer) if error is None else course.throw(error)
                answer = error = None
                try:
                    answer = await self.sim.perform(op)
                except BaseException as raised:  # noqa: BLE001 - the course decides what it means
                    error = raised
        except StopIteration as stop:
            result: T = stop.value
            return result

    def walk_sync(self, course: Course[T]) -> T:
        """Perform one operation after another, in sync code."""
        answer: Any = None
        error: BaseException | None = None
        try:
            while True:
                op = course.send(answer) if error is None else course.throw(error)
                answer = error = None
                try:
                    answer = self.sim.call(op)
                except BaseException as raised:  # noqa: BLE001 - the course decides what it means
                    error = raised
        except StopIteration as stop:
            result: T = stop.value
            return result

    def later(self, op: Operation) -> Strand:
        """Let an operation take effect by itself; `sim.forget` takes it back."""
        if self.sim.faults is not None and op.twists is not None:
            befall_unattended(self.sim, op)
        return self.sim.later(op)


def served(sim: Sim, name: str) -> Any:  # Any: each fake has its own type
    """Return the fake behind a drop-in: one made by itself, or the world's, made now if need be."""
    fake = sim.fakes.get(name)
    return fake if fake is not None else getattr(sim.fakes.get("world"), name, None)


def noted(op: Operation, detail: object) -> Operation:
    """Give an operation what the history should say of it."""
    op.detail = brief(detail)
    return op
