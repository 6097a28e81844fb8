"""What a client can tell of a server: the same test bodies on the fake and on a real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import pytest
from support.http_shop import STATUSES, FakeShop, RealShop

T = TypeVar("T")
Shop: TypeAlias = FakeShop | RealShop

WAIT = 0.02
"""Below what the slow route takes, on the real clock and on the virtual one."""

PATIENCE = 60.0
"""For connecting, because a busy machine takes its time."""


def visited(shop: Shop, package: Any, body: Callable[[Any], T], **options: Any) -> T:
    """Let a client do something, with a connection of its own that it keeps."""

    def visit() -> T:
        with package.Client(base_url=shop.base, **options) as client:
            return body(client)

    return shop.visit(visit)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_and_what_comes_with_it(shop: Shop, package: Any, status: int) -> None:
    answer = visited(shop, package, lambda client: client.get(f"/status/{status}"))
    empty = status == 204
    assert (answer.status_code, answer.content) == (
        status,
        b"" if empty else b'{"status":%d}' % status,
    )
    assert answer.headers.get("content-type") == (None if empty else "application/json")
    assert answer.headers.get("content-length") == (None if empty else "14")
    assert answer.is_error == (status >= 400)


def test_reason_and_version(shop: Shop, package: Any) -> None:
    answer = visited(shop, package, lambda client: client.get("/status/404"))
    assert (answer.reason_phrase, answer.http_version) == ("Not Found", "HTTP/1.1")
    assert answer.request.url.path == "/status/404"
    assert answer.elapsed.total_seconds() >= 0
    with pytest.raises(package.HTTPStatusError):
        answer.raise_for_status()


def test_create_read_change_remove(shop: Shop, package: Any) -> None:
    def body(client: Any) -> list[tuple[int, Any]]:
        answers = [
            client.get("/items/a"),
            client.put("/items/a", json=1),
            client.put("/items/a", json={"é": [None]}),
            client.get("/items/a"),
            client.get("/items"),
            client.delete("/items/a"),
            client.delete("/items/a"),
        ]
        return [(each.status_code, each.json() if each.content else None) for each in answers]

    assert visited(shop, package, body) == [
        (404, {"error": "no a"}),
        (201, {"new": True}),
        (200, {"new": False}),
        (200, {"name": "a", "value": {"é": [None]}}),
        (200, ["a"]),
        (204, None),
        (404, {"error": "gone"}),
    ]
    assert shop.effects == 3


def test_a_head_tells_all_but_the_body(shop: Shop, package: Any) -> None:
    def body(client: Any) -> list[Any]:
        client.put("/items/a", json=1)
        return [client.get("/items/a"), client.head("/items/a")]

    got, told = visited(shop, package, body)
    assert told.content == b""
    for name in ("content-length", "content-type", "etag"):
        assert told.headers[name] == got.headers[name]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
def test_what_is_sent_is_what_arrives(shop: Shop, package: Any, method: str) -> None:
    def body(client: Any) -> Any:
        return client.request(
            method,
            "/echo/a%20b/%C3%A9",
            params={"q": "x y", "r": "ü"},
            headers=[("X-Id", "1"), ("X-Many", "a"), ("X-Many", "b")],
            json={"k": "v"},
        ).json()

    assert visited(shop, package, body) == {
        "method": method,
        "path": "/echo/a b/é",
        "query": visited(shop, package, _query),
        "headers": {"x-id": "1", "x-many": "a, b"},
        "type": "application/json",
        "length": 9,
    }


def _query(client: Any) -> str:
    request = client.build_request("GET", "/x", params={"q": "x y", "r": "ü"})
    return str(request.url.query.decode())


def test_a_large_body_and_one_in_parts(shop: Shop, package: Any) -> None:
    def body(client: Any) -> list[int]:
        whole = client.post("/echo/x", content=b"x" * 1_000_000)
        parts = client.post("/echo/x", content=iter([b"one ", b"two"]))
        return [whole.json()["length"], parts.json()["length"]]

    assert visited(shop, package, body) == [1_000_000, 7]


def test_a_redirect_keeps_method_and_body(shop: Shop, package: Any) -> None:
    def body(client: Any) -> Any:
        return client.post("/moved", json=[1])

    assert visited(shop, package, body).status_code == 307
    seen = visited(shop, package, body, follow_redirects=True).json()
    assert (seen["method"], seen["path"], seen["query"], seen["length"]) == (
        "POST",
        "/echo/there",
        "a=1",
        3,
    )


def test_a_cookie_is_kept(shop: Shop, package: Any) -> None:
    def body(client: Any) -> list[str]:
        return [client.get(path).text for path in ("/me", "/welcome", "/me")]

    assert visited(shop, package, body) == ["nobody", "welcome", "visit=1"]


def test_an_answer_in_parts(shop: Shop, package: Any) -> None:
    def body(client: Any) -> tuple[Any, ...]:
        with client.stream("GET", "/stream") as answer:
            lines = [line for line in answer.iter_lines() if line]
            headers = answer.headers
        return headers["content-type"], headers.get("transfer-encoding"), lines

    kind, encoding, lines = visited(shop, package, body)
    assert (kind, encoding) == ("text/event-stream", "chunked")
    assert lines == ["data: 1", "data: 2", "x" * 100_000]


def test_an_answer_in_parts_may_be_taken_whole_or_left(shop: Shop, package: Any) -> None:
    def body(client: Any) -> int:
        with client.stream("GET", "/stream"):
            pass
        return len(client.get("/stream").content)

    assert visited(shop, package, body) == 100_018


def raised(shop: Shop, package: Any, method: str, path: str, **sending: Any) -> tuple[str, int]:
    """Return the error that a client sees, and how often the server was reached."""

    def body(client: Any) -> tuple[str, int]:
        try:
            client.request(method, path, **sending)
        except package.HTTPError as error:
            return type(error).__name__, client.get("/hits").json()["hits"]
        return "", client.get("/hits").json()["hits"]

    return visited(shop, package, body)


def test_a_connection_that_breaks_off_in_the_middle(shop: Shop, package: Any) -> None:
    assert raised(shop, package, "GET", "/broken") == ("RemoteProtocolError", 0)


def test_a_server_that_hangs_up_without_an_answer(shop: Shop, package: Any) -> None:
    assert raised(shop, package, "POST", "/hangs-up") == ("RemoteProtocolError", 1)


def test_a_connection_that_is_reset(shop: Shop, package: Any) -> None:
    assert raised(shop, package, "POST", "/resets") == ("ReadError", 1)


def test_an_answer_that_comes_too_late_leaves_the_effect(shop: Shop, package: Any) -> None:
    timeout = package.Timeout(PATIENCE, read=WAIT)
    assert raised(shop, package, "POST", "/slow", timeout=timeout) == ("ReadTimeout", 1)


def test_an_answer_that_comes_in_time(shop: Shop, package: Any) -> None:
    assert raised(shop, package, "POST", "/slow", timeout=None) == ("", 1)


def test_a_server_that_is_not_there(shop: Shop, package: Any) -> None:
    assert raised(shop, package, "GET", shop.nowhere) == ("ConnectError", 0)


def test_an_error_tells_its_request(shop: Shop, package: Any) -> None:
    def body(client: Any) -> Any:
        with pytest.raises(package.TransportError) as caught:
            client.post("/hangs-up", json=1)
        return caught.value.request

    request = visited(shop, package, body)
    assert (request.method, request.url.path, request.content) == ("POST", "/hangs-up", b"1")


def test_a_client_that_was_left_in_the_lurch_can_go_on(shop: Shop, package: Any) -> None:
    """The connection is gone, or never was; a client cannot tell by what comes next."""

    def body(client: Any) -> list[int]:
        for path in ("/hangs-up", "/resets"):
            with pytest.raises(package.TransportError):
                client.post(path)
        return [client.put("/items/a", json=1).status_code for _ in range(2)]

    assert visited(shop, package, body) == [201, 200]


def test_connections_that_are_not_kept_make_no_difference(shop: Shop, package: Any) -> None:
    def body(client: Any) -> list[int]:
        headers = {"Connection": "close"}
        return [client.put("/items/a", json=1, headers=headers).status_code for _ in range(2)]

    assert visited(shop, package, body) == [201, 200]


def test_a_key_gets_the_first_answer_again(shop: Shop, package: Any) -> None:
    def body(client: Any) -> list[tuple[int, Any, str | None]]:
        answers = [
            client.post("/charges", json=order, headers={"Idempotency-Key": key})
            for key, order in (("a", 7), ("a", 7), ("b", 7), ("a", 8))
        ]
        replayed = "idempotent-replayed"
        return [(each.status_code, each.json(), each.headers.get(replayed)) for each in answers]

    assert visited(shop, package, body) == [
        (201, {"id": 1, "order": 7}, None),
        (201, {"id": 1, "order": 7}, "true"),
        (201, {"id": 2, "order": 7}, None),
        (422, {"error": "the idempotency key a belongs to another request"}, None),
    ]
    assert shop.effects == 2
