"""A proposer and a critic: one judges, the other objects, until they agree.

What breaks it: where one of them was wrong at first, each stays with what it has
said, nobody concedes, and both repeat themselves for ever. And who waits for an
answer of somebody who is gone waits for ever too. Hardened, the rounds are
counted and another model breaks the tie, who does not hear anything gives up,
and who is told something twice takes it for one.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from pileup.scenarios.controls.caps import CapReached
from pileup.scenarios.controls.retrying import OUTSIDE
from pileup.scenarios.documents.calling import CALL
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.parts import side_by_side
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.fakes import Model
    from pileup.fakes.bus import Message
    from pileup.fakes.model import Prompt
    from pileup.scenarios.documents.desk import Desk
    from pileup.scenarios.documents.papers import Invoice, Risk

ROUNDS: Final = 2
"""So many objections are heard, then somebody else decides."""

STAY: Final = "Stay with it, or concede?"
HELD: Final = "You hold that the risk is "
OVER: Final = "over"

WAIT: Final = CALL / 2
WAITS: Final = 6
"""So often somebody waits for an answer, who does not wait for ever."""


async def decide(desk: Desk) -> Outcome:
    """Have the two argue about the risk, and do the rest alone."""
    text = await desk.read()
    found = await desk.once("extract", lambda: desk.extract(text))
    invoice = desk.accept(found)
    risk = await desk.once("risk", lambda: _argued(desk, invoice))
    letter = await desk.compose(text, risk)
    await desk.record(invoice, risk)
    await desk.enter(invoice)
    await desk.charge(invoice)
    await desk.notify(letter)
    return Outcome("done")


async def _argued(desk: Desk, invoice: Invoice) -> Risk:
    # Because an earlier try, or an earlier life, may not have ended.
    talk = f"{desk.task.session}, {desk.me.name}, life {desk.me.restarts}"
    two = {"proposer": propose, "critic": criticise}
    came, failed = await side_by_side(desk, two, invoice, talk)
    for error in failed.values():
        raise error
    risk: Risk = came["proposer"]
    return risk


async def propose(desk: Desk, invoice: Invoice, talk: str) -> Risk:
    """Say what the risk is, and defend it."""
    line = Line(desk, f"{talk}: to the proposer", f"{talk}: to the critic")
    try:
        risk = await _agreed(desk, invoice, line)
    except Exception as error:
        await line.give_up(error)
        raise
    await line.say(OVER)
    await line.close()
    return risk


async def _agreed(desk: Desk, invoice: Invoice, line: Line) -> Risk:
    """Propose until there is no objection, or until it gets nowhere."""
    risk = await desk.judge(invoice)
    rounds = 0
    while True:
        await line.say(risk)
        objection = await line.hear()
        if objection == risk:
            return risk
        if objection == OVER:
            raise TimeoutError("the critic has given up")
        rounds += 1
        if desk.controls.round_cap and rounds == ROUNDS:
            return await desk.delegate(break_tie, invoice)
        if desk.controls.loop_detection:
            desk.task.loops.note((risk, objection))
        risk = await _reconsidered(desk, risk, objection)


async def criticise(desk: Desk, invoice: Invoice, talk: str) -> None:
    """Object to what is proposed, as long as it seems wrong."""
    line = Line(desk, f"{talk}: to the critic", f"{talk}: to the proposer")
    try:
        await _objected(desk, invoice, line)
    except Exception as error:
        await line.give_up(error)
        raise


async def _objected(desk: Desk, invoice: Invoice, line: Line) -> None:
    held = None
    while (proposed := await line.hear()) != OVER:
        if held is None:
            held = await desk.judge(invoice, view="as a critic")
        elif held != proposed:
            held = await _reconsidered(desk, held, proposed)
        await line.say(held)


async def break_tie(desk: Desk, invoice: Invoice) -> Risk:
    """Decide where the two could not agree."""
    return await desk.judge(invoice, view="where two disagree", best=True)


async def _reconsidered(desk: Desk, held: Risk, other: str) -> Risk:
    prompt = f"{HELD}{held}. Somebody else says that it is {other}. {STAY}"
    return await desk.ask(prompt, desk.risk_in)


class Line:
    """One end of the line between the two."""

    def __init__(self, desk: Desk, mine: str, other: str) -> None:
        self._desk = desk
        self._bus = desk.office.bus
        self._mine, self._other = mine, other
        self._last: Message | None = None
        self._heard: list[str] = []
        self._said = 0

    async def say(self, word: str) -> None:
        """Tell the other something."""
        self._said += 1
        intent = OVER if word == OVER else f"{self._said}: {word}"  # because over is over
        once = intent if self._desk.controls.idempotency else None
        publish = partial(self._bus.publish, self._other, {"says": word}, dedup=once)
        await self._desk.call("say", publish)

    async def give_up(self, error: Exception) -> None:
        """Tell the other not to wait; without timeouts only who has used all that it may does."""
        if self._desk.controls.timeouts or isinstance(error, CapReached):
            with suppress(*OUTSIDE):
                await self.say(OVER)

    async def hear(self) -> str:
        """Wait for what the other says next; what was said before has been dealt with."""
        await self.close()
        wait = WAIT if self._desk.controls.timeouts else None
        for _ in range(WAITS):
            message = await self._desk.call("hear", lambda: self._bus.claim(self._mine, wait))
            if message is None:
                continue
            self._last = message
            if not (self._desk.controls.deduplication and message.id in self._heard):
                self._heard.append(message.id)
                return str(message.body["says"])
            await self.close()
        raise TimeoutError("nobody answers")

    async def close(self) -> None:
        """Acknowledge what was heard."""
        if self._last is not None:
            await self._desk.call("acknowledge", self._last.ack)
            self._last = None


def teach(model: Model) -> None:
    """Whoever has said something stays with it, as models do that are asked to defend it."""

    @model.rule(STAY)
    def stay(prompt: Prompt) -> object:
        return prompt.text.partition(HELD)[2].partition(".")[0]


CRITIC = Topology(
    "proposer and critic", decide, "one proposes, one objects, until they agree", teach
)
