"""Webhooks: what the server sends back by itself, at a moment that the search chooses."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from pileup.fakes._port import Port, noted
from pileup.fakes._wire import encoded
from pileup.operations import Operation
from pileup.sim.bodies import is_async

To: TypeAlias = Callable[..., object]
"""Whoever is called with the payload; an async function may take the world as well."""


def deliver(port: Port, to: To, payload: object, *, delay: float, redeliveries: int) -> None:
    """Have `to` called with the payload once it is due, and perhaps again after that."""
    body = encoded(payload)

    def arrive() -> None:
        _hand_over(port, to, body)
        if redeliveries > 0:
            deliver(port, to, payload, delay=0.0, redeliveries=redeliveries - 1)

    def arrive_twice() -> None:
        _hand_over(port, to, body)
        arrive()

    op = Operation("deliver", port.cells[f"webhook {_name(to)}"].writes, arrive, delay=delay)
    op.twists = {"duplicated": arrive_twice}
    port.later(noted(op, body.decode()))


def _hand_over(port: Port, to: To, body: bytes) -> None:
    payload: Any = json.loads(body)  # Any: JSON; anew each time, because it may be changed
    if is_async(to):
        number = port.sim.count("webhook")
        port.sim.spawn(partial(to, payload), name=f"webhook-{number}", role="webhook")
    else:
        to(payload)


def _name(to: To) -> str:
    inner: object = to
    while isinstance(inner, partial):
        inner = inner.func
    return str(getattr(inner, "__name__", type(inner).__name__))
