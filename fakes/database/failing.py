"""How a transaction ends whose client has just heard of an error."""

from __future__ import annotations

from pileup.fakes.database.engine import Engine
from pileup.fakes.database.errors import ConnectionLost
from pileup.fakes.database.noting import of_unit
from pileup.fakes.database.work import Work
from pileup.operations import Operation
from pileup.sim.agents import here


def break_off(work: Work, error: BaseException) -> None:
    """Clean up after an error in a transaction, of which its client has just heard."""
    if work.state != "open":
        return
    if isinstance(error, ConnectionLost):
        work.engine.abandon(work)
    else:
        fail(work.engine, work)


def fail(engine: Engine, work: Work) -> None:
    """Roll back what has failed, at once: nothing can come between, as on the server."""
    strand = here.get(None)
    if engine.sim.ending is not None:
        return
    if not work.cells or strand is None:
        work.fail()
        return
    touches = work.locked()
    if work.serial is not None:
        touches += engine.items.serial.alters
    op = Operation("rollback", touches, work.fail)
    op.note = of_unit(work)
    engine.sim.witness(strand, op)
