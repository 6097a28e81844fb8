"""A request and its answer: two moments, and what lies between them.

The effect takes place; then the answer is received, in a second operation. An
agent that gives up in between leaves the effect behind. One that gives up
before the effect has sent its request all the same: it is still on its way,
and may arrive later or never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from pileup.errors import RunOver
from pileup.fakes._port import Port
from pileup.fakes._suffering import Course, Failures
from pileup.fakes._wire.errors import (
    Answered,
    ConnectFailed,
    ConnectionReset,
    GaveUp,
    TimedOut,
)
from pileup.fakes._wire.messages import Response, reply
from pileup.notes import Note
from pileup.operations import READ, Firm, Operation, nothing
from pileup.sim.agents import Strand, here
from pileup.sim.kernel import Sim

RETRY_AFTER: Final = "1"


def answering(status: int) -> Callable[[str], Exception]:
    """Make a failure that the caller sees as a response: nothing has happened."""
    headers = {"retry-after": RETRY_AFTER} if status == 429 else {}  # noqa: PLR2004 - HTTP's own

    def failure(message: str) -> Exception:
        return Answered(reply(status, {"error": message}, headers))

    return failure


FAILURES: Final[Failures] = {
    "error": answering(500),
    "timeout": TimedOut,
    "refused": ConnectFailed,
    "throttled": answering(429),
    "unavailable": answering(503),
    "lost": TimedOut,
    "reset": ConnectionReset,
}
"""What a client sees of each fault; a fake with answers of its own puts them in place of these."""


def exchange(port: Port, effect: Operation) -> Course[Response]:
    """Let a request take effect, and then its answer arrive."""
    sent = _Sent(port, effect)
    try:
        response: Response = yield from port.course(effect)
    except Answered as early:
        response = early.response
        if effect.note is not None:
            refuse(effect.note, response)
    except Exception as error:
        if isinstance(error, GaveUp):
            sent.leave_on_its_way()
        raise
    except (GeneratorExit, RunOver):
        raise
    except BaseException:  # cancelled, or a timeout around it has run out
        sent.leave_on_its_way()
        raise
    # It touches nothing, because no other agent can tell when it happens; and no
    # fault is asked about, because one that strikes here is one that strikes
    # after the effect, which the effect was asked about already.
    yield Operation("receive", (), nothing)
    return response


def refuse(note: Note, response: Response) -> None:
    """Note that an answer was a failure, and when it says to ask again."""
    note.refused = str(response.status)
    after = response.headers.get("retry-after", "")
    if after.isdigit():  # else it is a date, which nobody here sends
        note.wait = float(after)


class _Sent:
    """A request that has left its caller, until it has taken effect.

    A client that gives up closes its connection, which most servers notice only
    when they answer. So to take the request back with its caller would hide the
    write that arrives after its own retry.
    """

    __slots__ = ("_apply", "_arrived", "_begun", "_effect", "_port")

    def __init__(self, port: Port, effect: Operation) -> None:
        self._port = port
        self._effect = effect
        self._apply = effect.apply
        self._arrived = False
        self._begun = port.sim.now
        effect.apply = self._arrive

    def _arrive(self) -> object:
        self._arrived = True
        return self._apply()

    def leave_on_its_way(self) -> None:
        """Let it take effect later, or never: its caller has gone, the request has not."""
        sim, effect = self._port.sim, self._effect
        # One that only reads is left out: nobody could tell whether it came. So is one
        # that a fault has struck, which has said by itself what becomes of it.
        harmless = all(access == READ for _, access in effect.touches)
        if self._arrived or harmless or sim.over or effect.fault not in (None, "slow"):
            return
        delay = max(0.0, self._begun + effect.delay - sim.now)
        late = Operation(f"late {effect.name}", effect.touches, effect.apply, delay=delay)
        late.apply = partial(self._arrive_late, late)
        late.note = effect.note
        self._port.later(late)

    def _arrive_late(self, late: Operation) -> object:
        """Take effect as before; whatever `apply` says of its operation, it says of this one."""
        answer = self._apply()
        late.touches, late.detail = self._effect.touches, self._effect.detail
        return answer


def within(
    sim: Sim, seconds: float | None, course: Course[Any], *, chosen: bool = True
) -> Course[Any]:
    """Give up on a course after so many seconds of virtual time, as a client's timeout does.

    A timeout that nobody has `chosen` runs out only on what is slow.
    """
    if seconds is None:
        return (yield from course)
    # By strand and not by operation, because under a fault plan one operation becomes several.
    deadline = _Deadline(sim, here.get(), chosen)
    sim.timers.set(sim.now + seconds, deadline)
    try:
        return (yield from course)
    except GaveUp:
        raise TimedOut(f"no answer within {seconds:g} s") from None
    finally:
        deadline.timer = 0


class _Deadline:
    """Makes the strand that waits for an answer give up instead, when the time has come."""

    __slots__ = ("_chosen", "_sim", "_strand", "timer")

    def __init__(self, sim: Sim, strand: Strand, chosen: bool) -> None:
        self.timer = 0
        self._chosen = chosen
        self._sim = sim
        self._strand = strand

    def fire(self) -> None:
        """Take back what the strand is parked with, which may be a fault's own wait by now."""
        strand = self._strand
        if strand.op is None or type(strand.op) is Firm:
            return
        if self._chosen or strand.op.delay or strand.op.fault is not None:
            self._sim.withdraw(strand)
            self._sim.park(strand, Operation("give up", (), _give_up))


def _give_up() -> None:
    raise GaveUp


def next_chunk(sim: Sim, chunks: Iterator[bytes], seconds: float | None) -> Course[bytes | None]:
    """Receive one more piece of a body; None after the last."""
    return within(sim, seconds, _chunk(chunks))


def _chunk(chunks: Iterator[bytes]) -> Course[bytes | None]:
    chunk: bytes | None = yield Operation("receive", (), partial(next, chunks, None))
    return chunk
