"""The broker's side: all queues and topics, and what comes into them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from pileup.fakes._port import Port
from pileup.fakes.bus.bodies import copied, spelled
from pileup.fakes.bus.clocks import Clocks, once_each
from pileup.fakes.bus.errors import misuse
from pileup.fakes.bus.ledger import Ledger
from pileup.fakes.bus.letters import Letter, Options
from pileup.fakes.bus.queues import Queue, left_in
from pileup.fakes.bus.topics import Topic
from pileup.notes import Note
from pileup.operations import Footprint, Operation
from pileup.sim.agents import here
from pileup.sim.kernel import Sim
from pileup.spelling import Brief

DEFAULTS = Options()


class Parcel(NamedTuple):
    """What is published: a copy of the body, and how it is to be handled."""

    body: Any  # Any: the user's own
    delay: float
    key: str | None
    dedup: str | None


class Office:
    """Everything behind one bus."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.ledger = Ledger()
        self.clocks = Clocks(port)
        self._queues: dict[str, Queue] = {}
        self._topics: dict[str, Topic] = {}
        port.sim.contents[port.resource] = lambda: left_in(
            *self._queues.values(),
            *chain.from_iterable(each.queues for each in self._topics.values()),
        )

    @property
    def sim(self) -> Sim:
        """The run."""
        return self.port.sim

    # What there is -------------------------------------------------------------------------

    def queue(self, name: str) -> Queue:
        """Return a queue, which comes into being with the usual options when it is first named."""
        found = self._queues.get(name)
        return found if found is not None else self.declare(name, None)

    def declare(self, name: str, options: Options | None) -> Queue:
        """Make a queue, or make sure that it is as it is wanted now."""
        if name in self._topics:
            raise misuse(
                self.sim,
                f"{name!r} is a topic, from which nobody claims directly. Subscribe as a group: "
                f"subscription = await bus.subscribe({name!r}, group='writers'), and claim from "
                "that.",
            )
        wanted = options or DEFAULTS
        found = self._queues.get(name)
        if found is None:
            grave = None if wanted.dead_letter is None else self.port.cells[wanted.dead_letter]
            found = self._queues[name] = Queue(name, wanted, self.port.cells[name], grave)
        elif found.options != wanted:
            raise misuse(
                self.sim,
                f"The queue {name!r} is there already, with {_told(found.options)}; now it was "
                f"declared with {_told(wanted)}. A queue that is used before it is declared has "
                "the usual options: declare each once, in setup, before anything is published.",
            )
        return found

    def grave(self, queue: Queue) -> Queue:
        """Return the dead letter queue of a queue."""
        name = queue.options.dead_letter
        assert name is not None
        found = self._queues.get(name)
        return found or self.declare(name, Options(fifo=queue.options.fifo))

    def topic(self, name: str, options: Options) -> Topic:
        """Declare a topic."""
        if name in self._queues:
            raise misuse(
                self.sim,
                f"{name!r} is a queue already, because it was declared or used as one. Declare "
                f"topics in setup, before anything is published: bus.topic({name!r}).",
            )
        found = self._topics.setdefault(name, Topic(name, options, self.port.cells[name]))
        if found.options != options:
            raise misuse(
                self.sim,
                f"The topic {name!r} is there already, with {_told(found.options)}; now it was "
                f"declared with {_told(options)}. Declare each topic once, in setup.",
            )
        return found

    def known_topic(self, name: str) -> Topic:
        """Return a topic that was declared."""
        found = self._topics.get(name)
        if found is None:
            raise misuse(
                self.sim,
                f"There is no topic {name!r}; there are {', '.join(self._topics) or 'none'}. "
                f"Declare it in setup: bus.topic({name!r}). Otherwise what is published under "
                "that name goes to a queue, of which each message is claimed once.",
            )
        return found

    def join(self, topic: Topic, group: str) -> Queue:
        """Return a group's queue, from now on one of those that get every message."""
        found = topic.groups.get(group)
        if found is None:
            name = f"{topic.name}/{group}"
            options = topic.options
            if options.max_deliveries is not None and options.dead_letter is None:
                options = options._replace(dead_letter=f"{name}.dead")
            found = topic.groups[group] = self.declare(name, options)
        return found

    def find(self, name: str) -> Queue | None:
        """Return a queue if there is one, for whoever looks without being in the run."""
        return self._queues.get(name)

    # What comes in -------------------------------------------------------------------------

    def publishing(self, name: str, parcel: Parcel) -> Operation:
        """Put a message into a queue, or into each queue of a topic."""
        target = self._topics.get(name) or self.queue(name)
        fifo = target.options.fifo
        if parcel.key is not None and not fifo:
            raise misuse(
                self.sim,
                f"A message was published to {name!r} with key={parcel.key!r}, but its order is "
                "not promised, so keys mean nothing there. Declare it in setup: "
                f"bus.queue({name!r}, fifo=True), or bus.topic({name!r}, fifo=True).",
            )
        if parcel.delay < 0:
            raise misuse(
                self.sim,
                f"A message was published to {name!r} with delay={parcel.delay!r}; a delay is a "
                "number of seconds, 0 if left out.",
            )
        op = Operation("publish", target.touched, _unset)
        said = spelled(parcel.body)
        op.note = note = Note(effect=True, intent=f"{name} {said}")
        if parcel.dedup is not None:
            note.key = parcel.dedup
        if self.sim.marked:
            note.sent = self.sim.marks_in([name, *parcel])
        op.apply = partial(self._publish, op, target, parcel, said, here.get().agent.name)
        return op

    def _publish(
        self, op: Operation, target: Queue | Topic, parcel: Parcel, said: Brief, agent: str
    ) -> str:
        note = op.note
        assert note is not None
        if parcel.dedup is not None:
            known = target.window.known(parcel.dedup, self.sim.now)
            if known is not None:
                op.touches = target.cell.reads
                op.detail = f"{said} is known as {known}"
                note.effect, note.message = False, known
                return known
        late: Footprint = ()
        for queue in target.queues:
            if queue.soonest < self.sim.now:
                # Only what was never visible: the rest goes back to where it stood.
                late += self.clocks.catch_up(queue, self.sim.now, arrivals=True)[0]
        note.message = number = self.put(target, parcel, said, agent)
        op.touches = once_each(target.touched + late) if late else target.touched
        op.detail = f"{number}: {said}"
        return number

    def put(self, target: Queue | Topic, parcel: Parcel, said: Brief, agent: str) -> str:
        """Accept a message."""
        number, now = target.number(), self.sim.now
        if parcel.dedup is not None:
            target.window.note(parcel.dedup, now, number)
        self.ledger.published.append((target.name, number, parcel.body, agent, now, 0))
        for queue in target.queues:
            self._enqueue(queue, number, parcel, said)
        return number

    def _enqueue(self, queue: Queue, number: str, parcel: Parcel, said: Brief) -> None:
        item = self.sim.item(self.port.resource, _mark(queue, number))
        letter = Letter(number, item, parcel.body, said, parcel.key)
        if parcel.delay > 0:
            self.arrive(queue, letter, queue.append, parcel.delay)
        else:
            queue.append(letter)

    def arrive(
        self, queue: Queue, letter: Letter, apply: Callable[[Letter], None], seconds: float
    ) -> None:
        """Let a letter become visible after a while."""
        queue.hide(letter)
        due = self.sim.now + seconds

        def happen() -> None:
            self.clocks.struck(letter)
            late, _ = self.clocks.catch_up(queue, due, arrivals=True)
            op.touches = once_each(op.touches + late)
            apply(letter)

        op = Operation("arrive", queue.cell.alters + letter.alters, happen, delay=seconds)
        op.detail, op.note = letter.id, letter.note
        self.clocks.set(queue, letter, op)

    # What can be seen ----------------------------------------------------------------------

    def counting(self, name: str) -> Operation:
        """Count what could be claimed now."""
        queue = self.queue(name)
        return Operation("depth", queue.cell.reads, partial(queue.depth, self.sim))

    def subscribing(self, name: str, group: str) -> Operation:
        """Become a group of a topic."""
        topic = self.known_topic(name)

        def join() -> str:
            if group in topic.groups:
                op.touches = topic.cell.reads
            op.detail = group
            return self.join(topic, group).name

        op = Operation("subscribe", topic.cell.alters, join)
        return op


def packed(body: object, delay: float, key: str | None, dedup: str | None) -> Parcel:
    """Copy what is published, now, because its owner may change it afterwards."""
    return Parcel(copied(body), delay, key, dedup)


def _mark(queue: Queue, number: str) -> str:
    """Name a message's item: a topic's message is one in each queue."""
    return number if number.startswith(queue.name) else f"{queue.name}#{number}"


def _told(options: Options) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options._asdict().items())


def _unset() -> None:
    raise AssertionError("an operation was applied before it was made whole")
