"""Two clients, any sequence of requests: the fake and a real server answer alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.http_shop import STATUSES, FakeShop, RealShop

Clients = tuple[httpx.Client, httpx2.Client]

NAMES = st.sampled_from(["a", "b", "c d", "é", "%"])
VALUES = st.one_of(st.integers(), st.text(max_size=5), st.lists(st.booleans()))
KEYS = st.sampled_from([None, None, "k", "l"])

REQUESTS = st.one_of(
    st.tuples(st.just("GET"), st.just("/items"), st.none(), st.none()),
    st.tuples(st.just("GET"), st.sampled_from(STATUSES).map("/status/{}".format), st.none(), KEYS),
    st.tuples(st.sampled_from(["GET", "HEAD"]), NAMES, st.none(), KEYS),
    st.tuples(st.just("DELETE"), NAMES, st.none(), KEYS),
    st.tuples(st.just("PUT"), NAMES, VALUES, KEYS),
    st.tuples(st.just("POST"), st.just("/charges"), VALUES, KEYS),
    st.tuples(st.sampled_from(["POST", "PUT"]), NAMES.map("/echo/{}".format), VALUES, KEYS),
    st.tuples(st.just("POST"), st.sampled_from(["/hangs-up", "/resets"]), st.none(), st.none()),
    st.tuples(st.just("GET"), st.sampled_from(["/broken", "/stream", "/hits"]), st.none(), KEYS),
)
STEPS = st.lists(st.tuples(st.sampled_from([0, 1]), REQUESTS), max_size=12)
TOLD = ("content-type", "content-length", "transfer-encoding", "etag", "idempotent-replayed")


@pytest.fixture(scope="session")
def clients() -> Iterator[Clients]:
    """Make the clients once, because their certificates take longer than all they ask."""
    with httpx.Client() as one, httpx2.Client() as other:
        yield one, other


def answers(shop: FakeShop | RealShop, clients: Clients, steps: list[Any]) -> tuple[list[Any], int]:
    def visit() -> list[Any]:
        return [_asked(clients[who], shop.base, *request) for who, request in steps]

    return shop.visit(visit), shop.effects


def _asked(client: Any, base: str, method: str, path: str, value: Any, key: str | None) -> Any:
    url = base + path if path.startswith("/") else f"{base}/items/" + path.replace("%", "%25")
    headers = {} if key is None else {"Idempotency-Key": key}
    sent = {"json": value} if method in ("PUT", "POST") else {}
    try:
        answer = client.request(method, url, headers=headers, **sent)
    except (httpx.HTTPError, httpx2.HTTPError) as error:
        return type(error).__name__
    return (
        answer.status_code,
        answer.content,
        {name: answer.headers[name] for name in TOLD if name in answer.headers},
    )


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_the_fake_and_a_real_server_answer_alike(
    opened: RealShop, clients: Clients, steps: list[Any]
) -> None:
    assert answers(FakeShop(), clients, steps) == answers(opened, clients, steps)
