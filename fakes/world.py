"""One of each fake, made when it is first touched."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING

from pileup.fakes._wire.httpx_client import stand_in_for_clients
from pileup.fakes.files import Files
from pileup.fakes.memory import Memory
from pileup.latency import Latency
from pileup.sim.drop_ins import drop_in
from pileup.sim.kernel import Sim

if TYPE_CHECKING:  # late where they are made, because they bring libraries with them
    from pileup.fakes.bus import Bus
    from pileup.fakes.cache import Cache
    from pileup.fakes.database import Database
    from pileup.fakes.http import HttpApi
    from pileup.fakes.model import Model


class World:
    """What agents share in one run. Subclass it to add things of your own.

    `latency` says how long calls to a part take in timed runs, by its name:
    World(sim, {"model": Latency(2.0, 12.0)}).
    """

    def __init__(self, sim: Sim, latency: Mapping[str, Latency] | None = None) -> None:
        self.sim = sim
        sim.latencies.update(latency or {})
        sim.fakes["world"] = self  # where drop-ins look for the fake that they stand for
        drop_in("redis", _redis)
        stand_in_for_clients()

    @cached_property
    def memory(self) -> Memory:
        """Named cells and locks of one process."""
        return Memory(self.sim)

    @cached_property
    def files(self) -> Files:
        """A shared folder."""
        return Files(self.sim)

    @cached_property
    def database(self) -> Database:
        """Tables, transactions and locks, as PostgreSQL has them."""
        from pileup.fakes.database import Database

        return Database(self.sim)

    @cached_property
    def cache(self) -> Cache:
        """A Redis."""
        from pileup.fakes.cache import Cache

        return Cache(self.sim)

    @cached_property
    def http(self) -> HttpApi:
        """An API on every host that nobody else answers for."""
        from pileup.fakes.http import HttpApi

        return HttpApi(self.sim)

    @cached_property
    def model(self) -> Model:
        """A language model, behind the hosts of its providers too."""
        from pileup.fakes.model import Model

        return Model(self.sim)

    @cached_property
    def bus(self) -> Bus:
        """Queues and topics."""
        from pileup.fakes.bus import Bus

        return Bus(self.sim)


def _redis() -> AbstractContextManager[object]:
    from pileup.fakes.cache.drop_in import install

    return install()
