"""A real Redis beside the fake one, each with as many connections as a test asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from support.services import REDIS, address_of

from pileup.fakes.cache import Cache
from pileup.fakes.cache.connections import sync_pool
from pileup.settings import Budgets
from pileup.sim.kernel import Sim
from pileup.strategies import Dull

Client = Any  # redis-py leaves much of itself without types
Connect = Callable[[], Client]

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
DATABASE = 8 + WORKER % 8


@pytest.fixture(scope="session")
def address() -> tuple[str, int]:
    return address_of(REDIS)


@pytest.fixture
def real(address: tuple[str, int]) -> Iterator[Connect]:
    host, port = address
    made: list[Client] = []

    def connect() -> redis.Redis:
        client = redis.Redis(host, port, db=DATABASE, single_connection_client=True)
        made.append(client)
        return client

    connect().flushdb()
    yield connect
    connect().flushdb()
    for client in made:
        client.close()


def new_cache() -> Connect:
    """Make an empty cache, outside of any run: what is asked of it happens at once."""
    cache = Cache(Sim(Dull(), Budgets()))

    def connect() -> redis.Redis:
        pool = sync_pool(cache.server, decodes=False)
        return redis.Redis(connection_pool=pool, single_connection_client=True)

    return connect


@pytest.fixture
def fake() -> Connect:
    return new_cache()


@pytest.fixture
def new_fake() -> Callable[[], Connect]:
    return new_cache
