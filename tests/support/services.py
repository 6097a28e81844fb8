"""Real servers to compare the fakes with: where one answers its tests run, elsewhere they skip.

A server is looked for on loopback at its standard port, or at the address in
an environment variable. If its port answers, nothing skips: a driver that is
missing then is an error. `.ci/run` notes in PILEUP_REQUIRE who answers before
the tests, so that a machine which has a server cannot pass without it.
"""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

import pytest


class Service(NamedTuple):
    """One kind of server, and where it is."""

    name: str
    variable: str
    port: int

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = os.environ.get(self.variable, "").rpartition(":")
        return (host or "127.0.0.1", int(port or self.port))

    @property
    def answers(self) -> bool:
        try:
            socket.create_connection(self.address, timeout=2).close()
        except OSError:
            return False
        return True


REDIS = Service("Redis", "PILEUP_REDIS", 6379)
POSTGRES = Service("PostgreSQL", "PILEUP_POSTGRES", 5432)


def address_of(service: Service) -> tuple[str, int]:
    """Return where a server is, or skip the test with the reason."""
    host, port = service.address
    if not service.answers:
        said = f"no {service.name} answers at {host}:{port}; set {service.variable}=host:port"
        if service.name in os.environ.get("PILEUP_REQUIRE", "").split(","):
            pytest.fail(f"{said}. It did before the tests, so it is required.")
        pytest.skip(said)
    return host, port
