"""Async clients under trio and asyncio: the same test bodies on the fake and on a real server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import pytest
from support.http_shop import FakeShop, RealShop

T = TypeVar("T")
Shop: TypeAlias = FakeShop | RealShop

WAIT = 0.02
"""Below what the slow route takes, on the real clock and on the virtual one."""

PATIENCE = 60.0
"""For all that is not meant to be too late, because a busy machine takes its time."""


@pytest.fixture(params=["trio", "asyncio"])
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def visited(shop: Shop, package: Any, loop: str, body: Callable[[Any], Awaitable[T]]) -> T:
    async def visit() -> T:
        async with package.AsyncClient(base_url=shop.base) as client:
            return await body(client)

    return shop.visit_under(loop, visit)


def test_create_read_remove(shop: Shop, package: Any, loop: str) -> None:
    async def body(client: Any) -> list[tuple[int, Any]]:
        answers = [
            await client.put("/items/a", json=1),
            await client.get("/items/a"),
            await client.delete("/items/a"),
            await client.get("/items/a"),
        ]
        return [(each.status_code, each.json() if each.content else None) for each in answers]

    assert visited(shop, package, loop, body) == [
        (201, {"new": True}),
        (200, {"name": "a", "value": 1}),
        (204, None),
        (404, {"error": "no a"}),
    ]


def test_an_answer_in_parts(shop: Shop, package: Any, loop: str) -> None:
    async def body(client: Any) -> list[str]:
        async with client.stream("GET", "/stream") as answer:
            return [line async for line in answer.aiter_lines() if line]

    assert visited(shop, package, loop, body) == ["data: 1", "data: 2", "x" * 100_000]


@pytest.mark.parametrize(
    ("method", "path", "error", "hits"),
    [
        ("GET", "/broken", "RemoteProtocolError", 0),
        ("POST", "/hangs-up", "RemoteProtocolError", 1),
        ("POST", "/resets", "ReadError", 1),
        ("POST", "/slow", "ReadTimeout", 1),
    ],
)
def test_what_a_client_sees_of_a_failure(
    shop: Shop, package: Any, loop: str, method: str, path: str, error: str, hits: int
) -> None:
    timeout = package.Timeout(PATIENCE, read=WAIT if error == "ReadTimeout" else PATIENCE)

    async def body(client: Any) -> tuple[str, int]:
        seen = ""
        try:
            await client.request(method, path, timeout=timeout)
        except package.HTTPError as raised:
            seen = type(raised).__name__
        return seen, (await client.get("/hits")).json()["hits"]

    assert visited(shop, package, loop, body) == (error, hits)


def test_a_server_that_is_not_there(shop: Shop, package: Any, loop: str) -> None:
    async def body(client: Any) -> None:
        with pytest.raises(package.ConnectError):
            await client.get(shop.nowhere)

    visited(shop, package, loop, body)
