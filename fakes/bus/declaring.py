"""What is done with a bus from outside of the run: declared and filled before, looked at after."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict, Unpack

from pileup.errors import UsageError
from pileup.fakes.bus.bodies import spelled
from pileup.fakes.bus.ledger import Entry, entries
from pileup.fakes.bus.letters import Options, by_order
from pileup.fakes.bus.office import Office, packed


class Promises(TypedDict, total=False):
    """What a queue promises, or each group's queue of a topic.

    `visibility`: seconds after which a message that was claimed and not settled
    can be claimed again; None: only when its consumer has crashed or ended.
    `max_deliveries`: how often a message is delivered before it goes to the queue
    `dead_letter` (by itself `<name>.dead`). `fifo`: messages of one key keep their
    order, one at a time. `dedup_window`: how long a deduplication id is known.
    """

    visibility: float | None
    max_deliveries: int
    dead_letter: str
    fifo: bool
    dedup_window: float


class Declarations:
    """The part of a bus that takes no operations."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # Before the run ------------------------------------------------------------------------

    def queue(self, name: str, **promises: Unpack[Promises]) -> None:
        """Declare a queue that is not as usual (30 s, no limit, no keys); see `Promises`."""
        options = _checked(name, promises)
        if options.max_deliveries is not None and options.dead_letter is None:
            options = options._replace(dead_letter=f"{name}.dead")
        self._office.declare(name, options)

    def topic(self, name: str, *groups: str, **promises: Unpack[Promises]) -> None:
        """Declare a topic, with groups that are there from the beginning; see `Promises`."""
        topic = self._office.topic(name, _checked(name, promises))
        for group in groups:
            self._office.join(topic, group)

    def seed(self, name: str, *bodies: object, key: str | None = None) -> None:
        """Put messages into a queue before the agents start."""
        for body in bodies:
            parcel = packed(body, 0.0, key, None)
            self._office.put(self._office.queue(name), parcel, spelled(body), "")

    # After it ------------------------------------------------------------------------------

    @property
    def published(self) -> list[Entry]:
        """Every message that was accepted, in order; `agent` is empty for what was seeded."""
        return entries(self._office.ledger.published)

    @property
    def delivered(self) -> list[Entry]:
        """Every delivery, in order: a message that was delivered twice is here twice."""
        return entries(self._office.ledger.delivered)

    @property
    def acked(self) -> list[Entry]:
        """Every acknowledgement that took a message out of its queue, in order."""
        return entries(self._office.ledger.acked)

    def dead(self, name: str) -> list[Entry]:
        """Return what went from a queue to its dead letters, in order."""
        queue = self._office.find(name)
        return [] if queue is None else entries(queue.buried)

    def peek(self, name: str) -> list[Any]:
        """Return the bodies in a queue, also those that are claimed and not settled, or delayed."""
        queue = self._office.find(name)
        if queue is None:
            return []
        return [each.body for each in sorted((*queue.waiting, *queue.away), key=by_order)]


class _Check(NamedTuple):
    name: str
    fits: bool
    advice: str


def _checked(name: str, promises: Promises) -> Options:
    options = Options(**promises)
    visibility, most, dead, _, window = options
    checks = (
        _Check(
            f"visibility={visibility!r}",
            visibility is None or visibility > 0,
            "it is a number of seconds above 0, or None where messages stay with their consumer "
            "for as long as that is connected",
        ),
        _Check(
            f"max_deliveries={most!r}",
            most is None or most > 0,
            "it counts deliveries: write max_deliveries=5, or leave it out for no limit",
        ),
        _Check(
            f"dead_letter={dead!r}",
            dead is None or (most is not None and dead != name),
            "it names another queue, for what was delivered too often: write max_deliveries=5, "
            f"dead_letter='{name}.dead'",
        ),
        _Check(
            f"dedup_window={window!r}", window >= 0, "it is a number of seconds, 300 if left out"
        ),
    )
    for check in checks:
        if not check.fits:
            raise UsageError(f"{name!r} cannot have {check.name}: {check.advice}.")
    return options
