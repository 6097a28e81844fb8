"""What a caller of the native handle sees when the model's provider does not answer.

Callers that come through a real SDK see that SDK's own exceptions instead.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Final

RETRY_AFTER: Final = 1.0


class ModelError(Exception):
    """Base of all that a call to a model raises; `status` is what HTTP would say."""

    status = 0


class Throttled(ModelError):
    """Too many calls (429). Nothing was done; ask again after `retry_after` seconds."""

    status = 429

    def __init__(self, message: str, retry_after: float = RETRY_AFTER) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    @property
    def header(self) -> str:
        """The same in a Retry-After header, which knows whole seconds."""
        return str(ceil(self.retry_after))


class Overloaded(ModelError):
    """The provider has more to do than it can (529). Nothing was done."""

    status = 529


class ServerError(ModelError):
    """The provider failed (500). Nothing was done."""

    status = 500


class NotReached(ModelError, ConnectionError):
    """No connection. Nothing was done."""


class NoAnswer(ModelError):
    """No answer came. Whether the call was done, and billed, the caller cannot know."""


class TimedOut(NoAnswer, TimeoutError):
    """The caller has waited for as long as it wanted to."""


class Broken(NoAnswer, ConnectionError):
    """The connection broke before the answer."""


FAILURES: Final[dict[str, Callable[[str], Exception]]] = {
    "error": ServerError,
    "timeout": TimedOut,
    "refused": NotReached,
    "throttled": Throttled,
    "unavailable": Overloaded,
    "lost": TimedOut,
    "reset": Broken,
}
