"""A real PostgreSQL beside the fake one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.databases import Real
from support.services import POSTGRES, address_of


@pytest.fixture(scope="module")
def postgres() -> Iterator[Real]:
    server = Real(address_of(POSTGRES), "read committed")
    yield server
    server.close()
