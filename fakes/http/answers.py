"""What a handler returns, and what a client gets for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.errors import UsageError
from pileup.fakes._wire import Request, Response, reply
from pileup.fakes.http.routes import Versions

WITH_HEADERS: Final = 3
STATUSES: Final = range(100, 600)


def answer(returned: object, name: str) -> Response:
    """Make a response of what a handler returned.

    A dict or a list is sent as JSON, a str as text, bytes as they are, an
    iterator of bytes piece by piece; None is 204. A number is a status, and
    `(status, body)` or `(status, body, headers)` say both.
    """
    if isinstance(returned, Response):
        return returned
    if isinstance(returned, int) and not isinstance(returned, bool):
        return Response(_status(returned, name))
    if isinstance(returned, tuple) and len(returned) in (2, WITH_HEADERS):
        status, body, headers = (*returned, {})[:WITH_HEADERS]
        made = _of_body(body, name)
        lowered = {key.lower(): _sendable(key, str(value)) for key, value in headers.items()}
        return made._replace(status=_status(status, name), headers={**made.headers, **lowered})
    return _of_body(returned, name)


def _status(given: object, name: str) -> int:
    if isinstance(given, int) and given in STATUSES:
        return given
    raise UsageError(
        f"The handler of {name} returned {given!r} as a status, which is a number from 100 to 599. "
        "A number that is meant as the body goes beside one: `return 200, 7`."
    )


def _sendable(key: str, value: str) -> str:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise UsageError(
            f"The header {key}: {value} cannot be sent, because HTTP's headers are Latin-1. "
            "Send it in the body, or quoted: urllib.parse.quote(value)."
        ) from None
    return value


def _of_body(body: object, name: str) -> Response:
    if body is None:
        return Response(204)
    if isinstance(body, dict | list | bool | int | float):
        return reply(200, body)
    if isinstance(body, str):
        return Response(200, {"content-type": "text/plain; charset=utf-8"}, body.encode())
    if isinstance(body, bytes):
        return Response(200, {"content-type": "application/octet-stream"}, body)
    if isinstance(body, Iterator):
        return Response(200, {"content-type": "text/event-stream"}, chunks=body)
    raise UsageError(
        f"The handler of {name} returned {type(body).__name__}. It may return a status, a dict, "
        "a list, text, bytes, an iterator of bytes, None, (status, body), "
        "(status, body, headers), or a Response."
    )


def in_version(response: Response, versions: Versions, version: str | None) -> Response:
    """Spell an answer in another version of its schema; None is the newest."""
    if version is None or not response.ok or not response.body:
        return response
    body = reply(response.status, versions[version](response.json())).body
    return response._replace(body=body, headers={**response.headers, "api-version": version})


def asked_version(request: Request, versions: Versions) -> str | None:
    """Return the version that a client asks for, if it is an older one."""
    asked = request.headers.get("api-version")
    return asked if asked in versions else None
