"""What a client sees when no usable answer comes, whichever client it is.

`kind` is what httpx calls it, so that its drop-in can raise that instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileup.fakes._wire.messages import Response


class HttpError(Exception):
    """Base of all that a call to a fake over HTTP raises."""


class NoAnswer(HttpError):
    """No answer came. Whether the request took effect the caller cannot know, but for refusals."""

    kind = "NetworkError"

    def __init__(self, message: str = "", kind: str = "") -> None:
        super().__init__(message)
        if kind:
            self.kind = kind


class ConnectFailed(NoAnswer):
    """The connection was refused, so nothing has happened."""

    kind = "ConnectError"


class TimedOut(NoAnswer, TimeoutError):
    """The caller has waited for as long as it wanted to."""

    kind = "ReadTimeout"


class ConnectionReset(NoAnswer):
    """The connection broke while the caller waited for the answer."""

    kind = "ReadError"


class Disconnected(NoAnswer):
    """The server closed the connection without an answer, or in the middle of one."""

    kind = "RemoteProtocolError"


class BadStatus(HttpError):
    """An answer whose status says that it went wrong; `Response.raise_for_status` raises it."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status}: {response.text[:200]}")
        self.response = response


class Answered(HttpError):
    """Raised by an operation that takes no effect and is answered all the same (429, 503).

    So the history shows an operation that failed, and its caller sees a response.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(str(response.status))
        self.response = response


class GaveUp(Exception):
    """The deadline of a request has passed; it reaches its caller as TimedOut."""
