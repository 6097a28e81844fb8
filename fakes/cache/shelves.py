"""The databases of a server: fakeredis' dictionaries, in which nothing happens by itself.

What happens to a key is reported to whoever keeps the deadlines and the
footprints (`Watcher`). When a key expires is never decided here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, TypeAlias, cast
from weakref import WeakSet

from fakeredis import FakeServer
from fakeredis._core import Database
from fakeredis.model import ExpiringMembersSet

from pileup.sim.virtual_time import EPOCH

VERSION: Final = (7, 0)
EXPIRES_WITHOUT_LOOKING: Final = False

Place: TypeAlias = tuple[int, bytes]
"""A key in a numbered database."""


class Watcher:
    """Hears of what happens to keys. The keeper of a server's keys derives from this."""

    now: float

    def changed(self, place: Place) -> None:
        """A key has been written or deleted."""

    def expires(self, place: Place, when: float | None) -> None:
        """A key has got a time to live, a new one, or none any more."""


class NoLock:
    """Stands where fakeredis locks against threads; in a run there is one thread."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class Shelf(Database):
    """One numbered database. Nothing in it expires by itself: the run decides when."""

    def __init__(self, number: int, watcher: Watcher) -> None:
        self.number = number
        self.watcher = watcher
        self._dict: dict[bytes, Any] = {}  # Any: fakeredis' items
        self._expiry_heap: list[tuple[float, bytes]] = []
        self._watches: dict[bytes, WeakSet[Any]] = defaultdict(WeakSet)
        self.get = self._dict.get  # type: ignore[method-assign] # the shortest way to an item

    @property
    def time(self) -> float:
        """What the server's clock shows."""
        return EPOCH + self.watcher.now

    @time.setter
    def time(self, value: float) -> None:
        """Ignore what fakeredis sets: the clock is the run's."""

    def expired(self, item: Any) -> bool:
        """Say that nothing is over: what is over has been taken away."""
        return EXPIRES_WITHOUT_LOOKING

    def schedule_expiry(self, key: bytes, expireat: float | None) -> None:
        """Report a key's time to live."""
        self.watcher.expires((self.number, key), expireat)

    def _remove_expired(self) -> None:
        pass

    def wake_all(self) -> None:
        """Wake nobody: who waits is served in the order in which they came."""

    def notify_watch(self, key: bytes) -> None:
        """Tell those who watch a key that it has changed."""
        for session in self._watches.get(key, ()):
            session.notify_watch()
        self.watcher.changed((self.number, key))

    def clear(self) -> None:
        """Delete everything."""
        for key in list(self._dict):
            del self[key]
            self.notify_watch(key)

    def swap(self, other: Database) -> None:
        """Change places with another database."""
        assert isinstance(other, Shelf)
        mine, theirs = self._dict, other.emptied()
        other.fill(mine)
        self.fill(theirs)
        for key in dict.fromkeys([*mine, *theirs]):
            for shelf in (self, other):
                item = shelf.get(key)
                shelf.schedule_expiry(key, item and item.expireat)
                shelf.notify_watch(key)

    def emptied(self) -> dict[bytes, Any]:
        """Hand over all there is; Any: fakeredis' items."""
        content = self._dict
        self.fill({})
        return content

    def fill(self, content: dict[bytes, Any]) -> None:
        """Hold this from now on."""
        self._dict, self.get = content, content.get  # type: ignore[method-assign] # as above

    def __getitem__(self, key: bytes) -> Any:
        return self._dict[key]

    def __contains__(self, key: object) -> bool:
        return key in self._dict

    def __setitem__(self, key: bytes, item: Any) -> None:
        self._dict[key] = item
        if item.expireat is not None:
            self.schedule_expiry(key, item.expireat)

    def __delitem__(self, key: bytes) -> None:
        del self._dict[key]
        self.schedule_expiry(key, None)


class Shelves(dict[int, Shelf]):
    """All databases, made when first used."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def __missing__(self, number: int) -> Shelf:
        shelf = self[number] = Shelf(number, self._watcher)
        return shelf


def new_server(watcher: Watcher) -> FakeServer:
    """Make an empty server that belongs to one run."""
    server = FakeServer(version=VERSION)
    server.lock = cast("Any", NoLock())
    server.dbs = cast("Any", Shelves(watcher))
    return server


def held(server: FakeServer) -> dict[str, object]:
    """Return all keys of a server, with what they hold."""
    return {
        f"{key.decode('utf-8', 'backslashreplace')}{f' db{number}' if number else ''}": item.value
        for number, shelf in sorted(server.dbs.items())
        for key, item in sorted(shelf._dict.items())  # noqa: SLF001 - this module knows them
    }


def _in_order(members: ExpiringMembersSet) -> Iterator[bytes]:
    members._expire_members()  # noqa: SLF001 - this module knows fakeredis' insides
    return iter(sorted(members._values))  # noqa: SLF001 - as above


# fakeredis goes through a set's members in the order of a Python set, which differs from process
# to process; Redis promises no order, so a fixed one is as good, and the history is the same.
ExpiringMembersSet.__iter__ = _in_order  # type: ignore[method-assign] # see above
