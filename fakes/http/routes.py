"""Routes: which handler answers which method and path, and what it promises.

The first route that fits wins, in the order in which they were declared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias, TypedDict, cast
from urllib.parse import urlsplit

from pileup.errors import UsageError
from pileup.fakes._wire import Request
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Access

State: TypeAlias = dict[str, Any]
"""What the handlers of one api share. Any: it is the user's."""

Handler: TypeAlias = Callable[[Request, State], object]
"""Takes a request and the api's state, and returns what the answer holds."""

Versions: TypeAlias = Mapping[str, Callable[[Any], object]]
"""Older schemas by name: what each makes of the newest body. Any: JSON."""

REPEATABLE: Final = ("PUT", "DELETE")
"""Methods that leave the same behind however often they are called, as HTTP defines them."""

# POST is an update because it adds to a collection: two of them commute but for
# the numbers that they get, and a list that was read before is no lost write.
USUAL: Final[dict[str, Access]] = {
    "GET": READ,
    "HEAD": READ,
    "OPTIONS": READ,
    "POST": UPDATE,
    "PATCH": CHANGE,  # it leaves what it does not name
}
PART: Final = re.compile(r"\{(\w+)(:path)?\}")
NO_VERSIONS: Final[Versions] = MappingProxyType({})


class Promises(TypedDict, total=False):
    """What a route promises, where it is not what its method usually does.

    `touch` is what it does to what its path names: "read" (GET), "update" (POST,
    which adds to it), "write" (all others; with an If-Match header it is a
    "change", which looks at what is there). `effect` says whether it is for the ledger:
    all are but GET, HEAD and OPTIONS. `repeatable` says that to do it again does no harm,
    as with PUT and DELETE. `idempotency` says what an Idempotency-Key does:
    True (honoured), False (ignored), or for how many seconds it is known.
    `versions` are older schemas, asked for by the header api-version.
    """

    touch: Access
    effect: bool
    repeatable: bool
    idempotency: bool | float
    versions: Versions


@dataclass(frozen=True)
class Route:
    """One route; `host` may be a pattern, and is empty where it answers under any."""

    method: str
    host: str
    path: str
    handler: Handler
    touch: Access
    effect: bool
    repeatable: bool
    idempotency: bool | float
    versions: Versions

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.method} {self.host}{self.path}"

    def is_at(self, host: str) -> bool:
        """Whether it answers under this host."""
        return self.host in ("", host) or fnmatchcase(host, self.host)

    @property
    def pattern(self) -> re.Pattern[str]:
        """What its paths look like; `{name}` stands for one part, `{name:path}` for any number."""
        pieces, end = [], 0
        for part in PART.finditer(self.path):
            pieces.append(re.escape(self.path[end : part.start()]))
            pieces.append(f"(?P<{part[1]}>{'.*' if part[2] else '[^/]+'})")
            end = part.end()
        return re.compile("".join(pieces) + re.escape(self.path[end:]))


class Match(NamedTuple):
    """A route that fits, and the parts of the path that it has names for."""

    route: Route
    params: Mapping[str, str]


class Place(NamedTuple):
    """Where something is: a host (with its port), empty where any will do, and a path."""

    scheme: str
    host: str
    path: str

    @classmethod
    def of(cls, url: str) -> Place:
        """Take a URL apart, or a path alone."""
        parts = urlsplit(url)
        return cls(parts.scheme or "https", parts.netloc, parts.path)


class Routes:
    """All routes of one api."""

    def __init__(self) -> None:
        self._routes: list[tuple[re.Pattern[str], Route]] = []

    def add(self, route: Route) -> None:
        """Add a route; a second one for the same is refused."""
        for _, other in self._routes:
            if (other.method, other.host, other.path) == (route.method, route.host, route.path):
                raise UsageError(
                    f"{route.name} is declared twice: by {_spelled(other)} and {_spelled(route)}. "
                    "Keep one of them; to answer in turns, let one handler count in its state."
                )
        self._routes.append((route.pattern, route))

    def find(self, method: str, host: str, path: str) -> Match | None:
        """Return the first route that fits."""
        for pattern, route in self._routes:
            if route.method == method and route.is_at(host):
                found = pattern.fullmatch(path)
                if found is not None:
                    return Match(route, found.groupdict())
        return None

    def know(self, host: str, path: str) -> bool:
        """Whether any route has this path, whatever the method."""
        return any(route.is_at(host) and pattern.fullmatch(path) for pattern, route in self._routes)

    def names(self) -> list[str]:
        """List them, for a message."""
        return [route.name for _, route in self._routes]


def make(method: str, place: Place, handler: Handler, promises: Promises) -> Route:
    """Check a route, all of it, and make it."""
    method, given = method.upper(), cast("object", handler)
    if not place.path.startswith("/"):
        raise UsageError(
            f"The route {method} {place.path!r} has no path. A path begins with a slash: "
            "api.route('POST', '/charges'), or 'https://api.example.com/charges' with a host."
        )
    if iscoroutinefunction(handler) or not callable(given):
        raise UsageError(
            f"The handler of {method} {place.path} is {_spelled_handler(handler)}. It must be a "
            "plain function of (request, state), not async: it is the effect, which is atomic."
        )
    return Route(
        method,
        place.host,
        place.path,
        handler,
        promises.get("touch", USUAL.get(method, WRITE)),
        promises.get("effect", USUAL.get(method) != READ),
        promises.get("repeatable", method in REPEATABLE),
        promises.get("idempotency", True),
        promises.get("versions", NO_VERSIONS),
    )


def _spelled(route: Route) -> str:
    return _spelled_handler(route.handler)


def _spelled_handler(handler: object) -> str:
    return str(getattr(handler, "__qualname__", repr(handler)))
