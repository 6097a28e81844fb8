"""What a request touches, as far as its path tells: computed once for each method and path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pileup.fakes._port import Port
from pileup.fakes._wire import Request
from pileup.fakes.http.routes import Match, Route, Routes
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Access, Footprint


class Found(NamedTuple):
    """Who answers a method and path, and what that touches; `looking` if it has a condition."""

    route: Route
    params: Mapping[str, str]
    touches: Footprint
    looking: Footprint
    reads: Footprint


def found(port: Port, routes: Routes, match: Match, request: Request) -> Found:
    """Work out what a request that fits a route touches."""
    route, path = match.route, request.path
    host = request.host if route.host else ""
    cell = port.cells[host + path]
    by_access: Mapping[Access, Footprint] = {
        READ: cell.reads,
        UPDATE: cell.updates,
        WRITE: cell.writes,
        CHANGE: cell.alters,
    }
    above = _above(port, routes, host, path) if route.touch != READ else ()
    touches = by_access[route.touch] + above
    return Found(route, match.params, touches, cell.alters + above, cell.reads)


def _above(port: Port, routes: Routes, host: str, path: str) -> Footprint:
    """Touch what the path is a part of, where there are routes for that: it changes too."""
    touches: Footprint = ()
    above = path.rpartition("/")[0]
    while above:
        if routes.know(host, above):
            touches += port.cells[host + above].updates
        above = above.rpartition("/")[0]
    return touches
