"""Routes that were declared with respx: its router decides who answers, and what.

A router matches on httpx's own requests, so each request is made into one.
What respx does at once and in one piece is here the effect; around it there
are the same moments as around any other.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol

from pileup.errors import UsageError
from pileup.fakes._wire import (
    ConnectFailed,
    ConnectionReset,
    Disconnected,
    NoAnswer,
    Request,
    Response,
    TimedOut,
    refusal,
)
from pileup.fakes.http.routes import State
from pileup.sim.kernel import Sim

if TYPE_CHECKING:  # imported late, because most users declare no routes with respx
    import httpx

OURS: Final[dict[str, type[NoAnswer]]] = {
    each.kind: each for each in (ConnectFailed, ConnectionReset, Disconnected, TimedOut)
}
NOWHERE: Final = "http://testserver"


class Router(Protocol):
    """As much of a respx.Router as is needed."""

    def async_handler(self, request: httpx.Request) -> Coroutine[Any, Any, httpx.Response]:
        """Answer as the route that matches says. Any: a coroutine's types."""


class RespxRoutes:
    """A handler for whatever a respx router has routes for."""

    def __init__(self, sim: Sim, router: Router) -> None:
        self._sim = sim
        self._router = router

    def __call__(self, request: Request, _: State) -> Response:
        """Answer as the route that matches says."""
        import httpx

        url = request.url if request.host else NOWHERE + request.url
        asked = httpx.Request(
            request.method, url, headers=dict(request.headers), content=request.body
        )
        try:
            given = _at_once(self._router.async_handler(asked), request)
        except httpx.TransportError as error:
            kind = type(error).__name__
            raise _ours(kind)(str(error), kind) from error
        except UsageError:
            raise
        except Exception as error:  # respx' own, which are not imported only to be named
            if type(error).__name__ not in ("AllMockedAssertionError", "PassThrough"):
                raise
            raise refusal(self._sim, request) from error
        return Response(given.status_code, dict(given.headers), given.content)


def _at_once(answering: Coroutine[Any, Any, httpx.Response], request: Request) -> httpx.Response:
    """Run a router to its answer; it may be written with async, but has nothing to wait for."""
    try:
        answering.send(None)
    except StopIteration as stop:
        response: httpx.Response = stop.value
        return response
    answering.close()
    raise UsageError(
        f"The respx side effect for {request.method} {request.url} awaits something. It is the "
        "effect, which is atomic: let it compute its answer without waiting."
    )


def _ours(kind: str) -> type[NoAnswer]:
    """Return which of our exceptions comes nearest to one of httpx's."""
    return OURS.get(kind, TimedOut if kind.endswith("Timeout") else NoAnswer)
