"""What a client sees when the bus does not answer as it should, and what it may not ask for."""

from __future__ import annotations

from typing import Final

from pileup.errors import UsageError
from pileup.fakes._suffering import Failures
from pileup.sim.endings import Misuse
from pileup.sim.kernel import Sim


class BusError(Exception):
    """Base of all that a call to the bus raises."""


class NoAnswer(BusError, TimeoutError):
    """No answer came in time. Whether the call took effect the caller cannot know."""


class Unreachable(BusError, ConnectionError):
    """The connection was refused, so nothing has happened."""


class ConnectionLost(BusError, ConnectionError):
    """The connection broke before the answer. Whether the call took effect the caller cannot know.

    A queue without a visibility timeout takes back what this call has claimed.
    """


class Rejected(BusError):
    """The bus answered with an error, so nothing has happened."""


class Throttled(Rejected):
    """The bus asks to slow down, so nothing has happened."""


class Empty(BusError):
    """No message came for as long as `claimed` was to wait."""


class ReceiptExpired(BusError):
    """The message is no longer this consumer's: its time ran out, or it was settled."""


FAILURES: Final[Failures] = {
    "error": Rejected,
    "timeout": NoAnswer,
    "refused": Unreachable,
    "throttled": Throttled,
    "unavailable": Rejected,
    "lost": NoAnswer,
    "reset": ConnectionLost,
}
"""What a client sees of each fault."""


def misuse(sim: Sim, advice: str) -> UsageError:
    """End the run because the bus is used wrongly; return the error that says so."""
    error = UsageError(advice)
    sim.end(Misuse(error))  # an agent that swallows the error does not hide it
    return error
