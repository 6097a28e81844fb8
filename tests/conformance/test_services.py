"""A real server that is there is never skipped."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from support.services import Service, address_of


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def service(port: int) -> Service:
    return Service("Made up", "PILEUP_MADE_UP", port)


def test_a_server_that_answers_is_used(port: int) -> None:
    assert address_of(service(port)) == ("127.0.0.1", port)


def test_the_environment_says_where_else_it_is(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILEUP_MADE_UP", f"localhost:{port}")
    assert address_of(service(1)) == ("localhost", port)


def test_where_none_answers_the_reason_says_what_to_set() -> None:
    with pytest.raises(pytest.skip.Exception, match="set PILEUP_MADE_UP=host:port"):
        address_of(service(1))


def test_one_that_is_required_is_not_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILEUP_REQUIRE", "Redis,Made up,")
    with pytest.raises(pytest.fail.Exception, match="it is required"):
        address_of(service(1))
