"""What a fault does to an operation: how a verdict of the plan becomes something that happens.

An operation's way is a generator of operations, so that sync and async code
share it. Most of it is one line for each kind of fault; what the client of
the real thing would see is the fake's to say (`failures`), and what half an
operation does as well (`Operation.twists`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, NoReturn, TypeAlias, TypeVar

from pileup.errors import Crashed, Unacknowledged
from pileup.faults.catalogue import ANYWHERE, CATALOGUE
from pileup.operations import Call, Operation, Verdict, nothing
from pileup.sim import mishaps
from pileup.sim.agents import Strand, here
from pileup.sim.kernel import Sim
from pileup.sim.paths import Tries

T = TypeVar("T")

Course: TypeAlias = Generator[Operation, Any, T]  # Any: what operations return
"""Operations one after another, each answered with what it returned or raised."""

Failures: TypeAlias = Mapping[str, Callable[[str], Exception]]
"""What a client sees of a fault, by the fault's name: a function of the message."""


def suffer(sim: Sim, op: Operation, failures: Failures) -> Course[Any]:
    """Perform an operation as the fault plan will have it."""
    strand = here.get()
    if mishaps.is_gone(strand):  # a task that a crashed agent's loop has run on
        return (yield mishaps.gone())
    verdict = None if sim.over else _ask(sim, strand, op, failures)
    if verdict is None:
        if sim.tries is not None:
            op.apply = partial(_close, sim.tries, strand, op, op.apply)
        return (yield op)
    return (yield from _befallen(sim, strand, op, failures, verdict))


def _close(tries: Tries, strand: Strand, op: Operation, apply: Callable[[], object]) -> object:
    """Take effect; if it is what has failed before, it has succeeded at last."""
    answer = apply()
    if op.note is None or op.note.refused is None:
        tries.answered(strand, op)
    return answer


def befall_unattended(sim: Sim, op: Operation) -> None:
    """Let the plan twist what happens by itself: a delivery that comes twice, or in disorder."""
    assert sim.faults is not None
    assert op.twists is not None
    call = Call(op, "world", "world", "", None, sim.now, op.twists)
    verdict = sim.faults.befall(call)
    if verdict is not None:
        op.fault, op.apply = verdict.fault, op.twists[verdict.fault]


def _ask(sim: Sim, strand: Strand, op: Operation, failures: Failures) -> Verdict | None:
    assert sim.faults is not None
    agent = strand.agent
    possible: Collection[str] = _possible(tuple(failures), tuple(op.twists or ()))
    call = Call(op, agent.name, agent.role, agent.session, strand.step, sim.now, possible)
    return sim.faults.befall(call)


@lru_cache(maxsize=1024)
def _possible(failures: tuple[str, ...], twists: tuple[str, ...]) -> frozenset[str]:
    return ANYWHERE | set(failures) | set(twists)


def _befallen(
    sim: Sim, strand: Strand, op: Operation, failures: Failures, verdict: Verdict
) -> Course[Any]:
    fault, seconds, _ = verdict
    op.fault = fault
    if op.twists is not None and fault in op.twists:
        op.apply = op.twists[fault]
        return (yield op)
    side = CATALOGUE[fault].side
    if side == "agent":
        return (yield from _strike(sim, strand, op, verdict))
    if side == "before":
        return (yield _failing(op, failures[fault], seconds))
    if side == "after":
        return (yield from _after(op, failures, fault, seconds))
    return (yield from _around(strand, op, failures, verdict))


def _failing(op: Operation, failure: Callable[[str], Exception], seconds: float) -> Operation:
    """Make an operation fail before its effect, once `seconds` have passed."""
    message = f"{op.label}: {CATALOGUE[op.fault or ''].says}"

    def fail() -> NoReturn:
        raise failure(message)

    op.apply, op.ready = fail, None
    op.delay += seconds
    return op


def _after(op: Operation, failures: Failures, fault: str, seconds: float) -> Course[Any]:
    """Let an operation happen and its caller hear of it late, or never."""
    if fault == "late":
        answer = yield op
        yield _waiting("answer", op, seconds)
        return answer
    error = failures[fault](f"{op.label}: {CATALOGUE[fault].says}")
    try:
        yield _unheard(op, error)
    except type(error):
        if seconds:
            yield _waiting("no answer", op, seconds)
        raise
    raise AssertionError("an unheard operation has answered")


def _unheard(op: Operation, error: Exception) -> Operation:
    """Make an operation happen without its caller hearing of it."""
    apply = op.apply

    def happen() -> NoReturn:
        apply()
        raise Unacknowledged(error)

    op.apply = happen
    return op


def _around(strand: Strand, op: Operation, failures: Failures, verdict: Verdict) -> Course[Any]:
    fault, seconds, _ = verdict
    if fault == "skew":
        strand.agent.skew += seconds
    elif fault == "partition":
        way = next((each for each in ("timeout", "refused", "error") if each in failures), None)
        if way is not None:
            return (yield _failing(op, failures[way], 0.0 if way != "timeout" else seconds))
        op.delay += seconds
    elif fault == "hang":
        op.ready = lambda: False
    else:
        op.delay += seconds
    return (yield op)


def _strike(sim: Sim, strand: Strand, op: Operation, verdict: Verdict) -> Course[Any]:
    """Let something happen to the agent, on this side of the effect or on the other."""
    fault, seconds, after = verdict
    if fault == "pause":
        answer = (yield op) if after else None
        yield mishaps.paused(seconds)
        return answer if after else (yield op)
    if fault == "cancel":
        mishaps.cancel(sim, strand)
        return (yield op)
    if after:
        with suppress(Exception):  # whatever came of it, nobody is there to hear
            yield _unheard(op, Crashed("nobody is there to hear of it"))
    if fault == "crash":
        mishaps.crash(sim, strand)
    else:
        mishaps.crash_and_restart(sim, strand, seconds)
    yield mishaps.gone()
    return None


def _waiting(name: str, op: Operation, seconds: float) -> Operation:
    wait = Operation(name, (), nothing, delay=seconds)
    wait.fault = op.fault
    return wait
