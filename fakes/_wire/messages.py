"""What travels over HTTP: requests and responses, as plain values.

Header names are in lower case. A header that comes several times is one, its
values joined by commas.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pileup.fakes._wire.errors import BadStatus

NONE: Final[Mapping[str, str]] = MappingProxyType({})
JSON: Final = MappingProxyType({"content-type": "application/json"})
FIRST_ERROR: Final = 400

_spell: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Request(NamedTuple):
    """One request as a server receives it; `host` has the port unless it is the scheme's own.

    `params` are the parts of the path that a route has names for.
    """

    method: str
    host: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = NONE
    body: bytes = b""
    scheme: str = "https"
    params: Mapping[str, str] = NONE

    @property
    def url(self) -> str:
        """The whole address; only its path where no host was named."""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.host}{self.path}{query}" if self.host else self.path + query

    def json(self) -> Any:
        """Return the body, read as JSON. Any: it is the client's."""
        return json.loads(self.body)


class Response(NamedTuple):
    """One response; `chunks` instead of a body where it is sent piece by piece."""

    status: int
    headers: Mapping[str, str] = NONE
    body: bytes = b""
    chunks: Iterable[bytes] | None = None

    @property
    def ok(self) -> bool:
        """Whether the status tells of no error."""
        return self.status < FIRST_ERROR

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body, read as JSON. Any: it is the server's."""
        return json.loads(self.body)

    def raise_for_status(self) -> Response:
        """Return this response, or raise BadStatus if it tells of an error."""
        if self.ok:
            return self
        raise BadStatus(self)


def encoded(value: object) -> bytes:
    """Spell a value as JSON, in the order in which its keys were set."""
    return _spell(value).encode()


def reply(status: int, value: object = None, headers: Mapping[str, str] = NONE) -> Response:
    """Make a response of a value that is sent as JSON; without a value it has no body."""
    if value is None:
        return Response(status, headers)
    return Response(status, {**JSON, **headers} if headers else JSON, encoded(value))
