"""The bus against a model of it: plain Python that looks at all messages whenever it is asked.

Whoever is behind two or three consumers does one thing after another, so there
is one right answer to each; what happens by itself may come at once or late.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

import pileup
from pileup.choices import Point
from pileup.fakes.bus import Bus, Message, ReceiptExpired

VISIBILITY = 10.25
"""All else happens at whole seconds, so nothing is due just when somebody asks."""
MOST = 3


@dataclass
class Held:
    """A message in the model. `until` is when it is visible, `turn` how often it was handed out."""

    id: str
    body: int
    key: str | None
    place: float
    until: float = 0.0
    turn: int = 0
    deliveries: int = 0
    state: str = "ready"


@dataclass
class Model:
    """A queue and its dead letters."""

    fifo: bool
    messages: list[Held] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    known: dict[str, tuple[float, str]] = field(default_factory=dict)
    acked: dict[tuple[str, int], bool] = field(default_factory=dict)
    published: int = 0
    places: int = 0

    def settle_time(self, now: float) -> None:
        for each in sorted(self.messages, key=lambda message: message.until):
            if each.state == "ready" or each.until > now:
                continue
            if each.state == "taken" and each.deliveries >= MOST:
                self.bury(each)
                continue
            if each.state == "new":
                self.places += 1
                each.place = self.places
            each.state = "ready"

    def bury(self, message: Held) -> None:
        self.messages.remove(message)
        self.dead.append(message.body)

    def publish(
        self, now: float, body: int, delay: float, key: str | None, dedup: str | None
    ) -> str:
        if dedup is not None and dedup in self.known and now - self.known[dedup][0] < 300:
            return self.known[dedup][1]
        self.published += 1
        self.places += 1
        number = f"jobs#{self.published}"
        if dedup is not None:
            self.known[dedup] = (now, number)
        state = "new" if delay else "ready"
        self.messages.append(Held(number, body, key, self.places, now + delay, state=state))
        return number

    def claim(self, now: float) -> Held | None:
        under_way = {each.key for each in self.messages if each.state in ("taken", "back")}
        ready = [
            each
            for each in self.messages
            if each.state == "ready" and not (self.fifo and each.key in under_way)
        ]
        if not ready:
            return None
        taken = min(ready, key=lambda message: message.place)
        taken.state, taken.until = "taken", now + VISIBILITY
        taken.turn += 1
        taken.deliveries += 1
        return taken

    def find(self, number: str, turn: int) -> Held | None:
        return next(
            (each for each in self.messages if (each.id, each.turn) == (number, turn)), None
        )

    def ack(self, number: str, turn: int) -> bool:
        message = self.find(number, turn)
        if message is not None:
            self.messages.remove(message)
            self.acked[number, turn] = True
        return self.acked.get((number, turn), False)

    def nack(self, now: float, number: str, turn: int, delay: float) -> bool:
        message = self.find(number, turn)
        if message is None or message.state != "taken":
            return False
        message.turn += 1
        if message.deliveries >= MOST:
            self.bury(message)
        elif delay:
            message.state, message.until = "back", now + delay
        else:
            message.state = "ready"
        return True

    def extend(self, now: float, number: str, turn: int, seconds: float) -> bool:
        message = self.find(number, turn)
        if message is None or message.state != "taken":
            return False
        message.until = now + seconds
        return True

    def depth(self) -> int:
        return sum(1 for each in self.messages if each.state == "ready")

    def bodies(self) -> list[int]:
        return sorted(each.body for each in self.messages)


class Reluctant:
    """Do what agents want first; of what happens by itself, let some come late."""

    name = "reluctant"

    def __init__(self, answers: list[int]) -> None:
        self._answers = answers
        self._next = 0

    def begin(self, run: int) -> None:
        self._next = run * 0

    def choose(self, point: Point) -> int:
        if point.stream != "schedule":
            return 0
        options = [point.candidate(index) for index in range(point.count)]
        for index, each in enumerate(options):
            if each is not None and each.label.startswith("plays"):
                return index
        self._next += 1
        return self._answers[self._next % len(self._answers)] % point.count


CONSUMERS = st.integers(0, 2)
DELAYS = st.sampled_from([0, 0, 3.125, 20.375])
KEYS = st.sampled_from(["a", "b", None])
DEDUPS = st.sampled_from([None, None, "x", "y"])
STEPS = st.one_of(
    st.tuples(st.just("publish"), DELAYS, KEYS, DEDUPS),
    st.tuples(st.just("publish"), st.just(0), KEYS, st.none()),
    st.tuples(st.just("claim"), CONSUMERS),
    st.tuples(st.just("claim"), CONSUMERS),
    st.tuples(st.just("ack"), CONSUMERS, st.integers(0, 5)),
    st.tuples(st.just("nack"), CONSUMERS, st.integers(0, 5), DELAYS),
    st.tuples(st.just("extend"), CONSUMERS, st.integers(0, 5), st.sampled_from([2.75, 15.625])),
    st.tuples(st.just("sleep"), st.sampled_from([1, 4, 11, 301])),
    st.tuples(st.just("depth")),
)


PUBLISH = ("publish", 0, None, None)
LATE = ("publish", 3.125, None, None)
SLEEP = ("sleep", 11)


class Player:
    """Does each step on both sides, and compares what comes back."""

    def __init__(self, bus: Bus, me: pileup.Agent, fifo: bool) -> None:
        self.bus = bus
        self.me = me
        self.fifo = fifo
        self.model = Model(fifo)
        self.hands: list[list[tuple[Message, Held, int]]] = [[], [], []]
        self.bodies = 0

    @property
    def now(self) -> float:
        self.model.settle_time(self.me._sim.now)
        return self.me._sim.now

    async def play(self, step: tuple[Any, ...]) -> None:
        verb, *rest = step
        await getattr(self, verb)(*rest)
        self.model.settle_time(self.me._sim.now)
        assert set(self.model.bodies()) <= set(self.bus.peek("jobs"))  # what is late is still there

    async def publish(self, delay: float, key: str | None, dedup: str | None) -> None:
        self.bodies += 1
        if delay:  # which of two that are due at the same instant comes first is a choice
            delay += self.bodies / 1024
        key = key if self.fifo else None
        number = await self.bus.publish("jobs", self.bodies, delay=delay, key=key, dedup=dedup)
        assert number == self.model.publish(self.now, self.bodies, delay, key, dedup)

    async def claim(self, who: int) -> None:
        message = await self.bus.claim("jobs")
        held = self.model.claim(self.now)
        assert (message is None) == (held is None)
        if message is not None and held is not None:
            told = (message.id, message.body, message.key, message.deliveries)
            assert told == (held.id, held.body, held.key, held.deliveries)
            self.hands[who].append((message, held, held.turn))

    async def ack(self, who: int, which: int) -> None:
        if self.hands[who]:
            message, held, turn = self.hands[who][which % len(self.hands[who])]
            answer = await message.ack()
            assert self.now >= 0
            assert answer == self.model.ack(held.id, turn)

    async def nack(self, who: int, which: int, delay: float) -> None:
        if self.hands[who]:
            message, held, turn = self.hands[who][which % len(self.hands[who])]
            answer = await message.nack(delay)
            assert answer == self.model.nack(self.now, held.id, turn, delay)

    async def extend(self, who: int, which: int, seconds: float) -> None:
        if self.hands[who]:
            message, held, turn = self.hands[who][which % len(self.hands[who])]
            try:
                await message.extend(seconds)
                answer = True
            except ReceiptExpired:
                answer = False
            assert answer == self.model.extend(self.now, held.id, turn, seconds)

    async def sleep(self, seconds: int) -> None:
        await pileup.sleep(seconds)

    async def depth(self) -> None:
        count = await self.bus.depth("jobs")
        assert self.now >= 0
        assert count == self.model.depth()


@given(
    st.booleans(),
    st.lists(STEPS, min_size=5, max_size=40),
    st.lists(st.integers(0, 9), min_size=1, max_size=20),
)
@example(False, [PUBLISH, *[("claim", 0), SLEEP] * 4, ("depth",), ("claim", 1)], [9])
@example(False, [PUBLISH, *[("claim", 0), SLEEP] * 4, ("depth",), ("claim", 1)], [0])
@example(True, [PUBLISH, PUBLISH, *[("claim", 0), ("claim", 1), SLEEP] * 4, ("depth",)], [9])
@example(False, [PUBLISH, ("claim", 0), SLEEP, ("extend", 0, 0, 15.625), ("claim", 1)], [9])
@example(False, [PUBLISH, ("claim", 0), SLEEP, ("nack", 0, 0, 20.375), ("claim", 1)], [9])
@example(False, [LATE, ("sleep", 4), PUBLISH, ("claim", 0), ("claim", 0)], [9])
@example(False, [PUBLISH, PUBLISH, *[("claim", 0), ("sleep", 4)] * 5], [9])
@settings(max_examples=150, deadline=None)
def test_the_bus_answers_as_its_model_does(
    fifo: bool, steps: list[tuple[Any, ...]], answers: list[int]
) -> None:
    players: list[Player] = []

    def setup(sim: pileup.Sim) -> Bus:
        bus = Bus(sim)
        bus.queue("jobs", visibility=VISIBILITY, max_deliveries=MOST, fifo=fifo)
        return bus

    async def plays(bus: Bus, me: pileup.Agent) -> None:
        player = Player(bus, me, fifo)
        players.append(player)
        for step in steps:
            await player.play(step)

    run = (
        pileup.Scenario(plays, setup=setup, agents=1, backend="native")
        .explorer()
        .once(Reluctant(answers))
    )
    for finding in run.findings:
        raise AssertionError(finding.explanation)
    (player,) = players
    now = player.now
    assert {entry.body for entry in run.world.dead("jobs")} <= set(player.model.dead)
    assert [each.id for each in run.world.acked] == [number for number, _ in player.model.acked]
    assert now == player.me._sim.now
