"""Each test goes to both shops, with each client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import httpx
import httpx2
import pytest
from support.http_shop import FakeShop, RealShop, real_shop

Shop: TypeAlias = FakeShop | RealShop


@pytest.fixture(scope="session")
def opened() -> Iterator[RealShop]:
    with real_shop() as shop:
        yield shop


@pytest.fixture(params=["fake", "real"])
def shop(request: pytest.FixtureRequest, opened: RealShop) -> Shop:
    return FakeShop() if request.param == "fake" else opened


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def package(request: pytest.FixtureRequest) -> Any:
    return request.param
