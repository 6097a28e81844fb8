"""Certificates are loaded when a connection needs them: in a run never, afterwards as ever."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest

import pileup
from pileup.fakes import World

MAKERS: dict[str, Callable[[], ssl.SSLContext]] = {
    "as it comes": ssl.create_default_context,
    "with a file": lambda: ssl.create_default_context(cafile=certifi.where()),
    "for a server": lambda: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
}
SETTINGS = ("check_hostname", "verify_mode", "verify_flags", "options", "protocol")


def made_in_a_run(make: Callable[[], Any], **given: Any) -> Any:
    made: list[Any] = []

    def agent(_: World) -> None:
        made.append(make())

    found = pileup.explore(agent, agents=1, runs=1, **given)
    assert found.clean, str(found)
    return made[-1]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_context_of_a_run_is_as_any_other(make: Callable[[], ssl.SSLContext]) -> None:
    late, usual = made_in_a_run(make), make()
    assert [getattr(late, each) for each in SETTINGS] == [getattr(usual, each) for each in SETTINGS]
    assert isinstance(late, ssl.SSLContext)
    assert type(usual) is ssl.SSLContext
    assert late.cert_store_stats() == usual.cert_store_stats()
    assert late.get_ca_certs() == usual.get_ca_certs()


@pytest.mark.parametrize("use", ["wrap_bio", "cert_store_stats"])
def test_what_it_trusts_is_loaded_at_its_first_use(
    use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    real = ssl.SSLContext.load_verify_locations

    def load(self: ssl.SSLContext, *args: Any) -> None:
        loaded.append(args)
        real(self, *args)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    late = made_in_a_run(MAKERS["with a file"])
    assert loaded == []
    for _ in range(2):
        arguments = (ssl.MemoryBIO(), ssl.MemoryBIO(), False, "example.com")
        getattr(late, use)(*(arguments if use == "wrap_bio" else ()))
    assert loaded == [(certifi.where(), None)]


def test_a_file_that_is_not_there_is_refused_at_once() -> None:
    def agent(_: World) -> None:
        with pytest.raises(FileNotFoundError):
            ssl.create_default_context(cafile="no/such/file.pem")

    assert pileup.explore(agent, agents=1, runs=1).clean


def test_what_is_no_certificate_is_refused_when_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.write_text("no certificate")
    late = made_in_a_run(lambda: ssl.create_default_context(cafile=str(file)))
    with pytest.raises(ssl.SSLError):
        late.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.com")


def test_a_client_of_a_run_is_made_without_any(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("certificates were loaded")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", never)
    made_in_a_run(httpx.Client)


class AsksTheSystem:
    """What stands for ssl.SSLContext where a library asks the system what to trust."""

    def __init__(self, *_: object) -> None:
        pass

    def load_default_certs(self, purpose: object) -> None:
        pass


def test_contexts_of_another_kind_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made_in_a_run(MAKERS["as it comes"])  # so that the stand-in is known from before
    monkeypatch.setattr(ssl, "SSLContext", AsksTheSystem)
    assert type(made_in_a_run(lambda: ssl.create_default_context())) is AsksTheSystem  # noqa: PLW0108


def test_what_somebody_has_put_in_its_place_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", lambda: "theirs")
    assert made_in_a_run(lambda: ssl.create_default_context()) == "theirs"  # noqa: PLW0108 - later
