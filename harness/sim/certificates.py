"""Certificates that are loaded when they are needed, which in a run they never are.

A client of an API makes a TLS context, and to load the certificates of all
authorities into it takes 20 to 50 ms: most of what a run costs whose agents
each make a client of their own. In a run nobody gets as far as the network, so
what is made there loads them when the first connection is made, if ever: a
client that outlives its run, or that may reach the network, finds all as it
would have been. That a file holds no certificate is said then, too, and not
when the context is made.
"""

from __future__ import annotations

import sys
from functools import cache, wraps
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from pileup.sim.presence import run_here
from pileup.sim.swaps import Pair


def stand_ins() -> tuple[Pair, ...]:
    """Return what makes a context and what stands in for it, where TLS is loaded at all."""
    tls = sys.modules.get("ssl")
    return () if tls is None or not _is_as_it_comes(tls) else (_pair(tls),)


def _is_as_it_comes(tls: ModuleType) -> bool:
    """Whether nobody else has put something in its place."""
    make = tls.create_default_context
    return type(make) is FunctionType and make.__globals__ is vars(tls) and _is_own(tls)


def _is_own(tls: ModuleType) -> bool:
    """Whether contexts are Python's own, and not such as ask the system what to trust."""
    return bool(tls.SSLContext.__module__ == "ssl")


@cache
def _pair(tls: ModuleType) -> Pair:
    real = tls.create_default_context
    # The very same code, so that a context has the settings that this Python gives to it.
    late = FunctionType(
        real.__code__, {**vars(tls), "SSLContext": _late_context(tls)}, argdefs=real.__defaults__
    )
    late.__kwdefaults__ = real.__kwdefaults__

    @wraps(real)
    def create_default_context(*args: Any, **settings: Any) -> Any:
        make = late if run_here() is not None and _is_own(tls) else real
        return make(*args, **settings)

    return real, create_default_context


def _late_context(tls: ModuleType) -> type:  # noqa: C901 - a class of short methods
    class SSLContext(tls.SSLContext):  # type: ignore[name-defined, misc] # it is loaded late
        """A TLS context that has yet to load what it is to trust."""

        def __init__(self, *_: object) -> None:
            self._pending: list[tuple[str, tuple[Any, ...]]] = []

        def load_verify_locations(
            self, cafile: Any = None, capath: Any = None, cadata: Any = None
        ) -> None:
            places = [each for each in (cafile, capath) if each is not None]
            if cadata is None and places and all(_exists(each) for each in places):
                self._pending.append(("load_verify_locations", (cafile, capath)))
            else:  # it says at once what is wrong with it
                super().load_verify_locations(cafile, capath, cadata)

        def load_default_certs(self, purpose: Any = tls.Purpose.SERVER_AUTH) -> None:
            self._pending.append(("load_default_certs", (purpose,)))

        def _load(self) -> None:
            pending, self._pending = self._pending, []
            for name, args in pending:
                getattr(super(), name)(*args)

        def wrap_socket(self, *args: Any, **settings: Any) -> Any:
            self._load()
            return super().wrap_socket(*args, **settings)

        def wrap_bio(self, *args: Any, **settings: Any) -> Any:
            self._load()
            return super().wrap_bio(*args, **settings)

        def get_ca_certs(self, *args: Any, **settings: Any) -> Any:
            self._load()
            return super().get_ca_certs(*args, **settings)

        def cert_store_stats(self) -> Any:
            self._load()
            return super().cert_store_stats()

    SSLContext.__qualname__, SSLContext.__module__ = "SSLContext", "ssl"
    return SSLContext


def _exists(place: Any) -> bool:  # Any: a path as users give it, perhaps none at all
    return isinstance(place, str | Path) and Path(place).exists()
