"""What one run came to, told by the world's own side: the figures that a comparison adds up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pileup.scenarios.documents.books import accounts
from pileup.scenarios.documents.deeds import deeds
from pileup.scenarios.documents.desk import AUDIT

if TYPE_CHECKING:
    import pileup
    from pileup.scenarios.documents.books import Account
    from pileup.scenarios.documents.office import Office

TASK: Final = re.compile(r'"task": (\d+)')


@dataclass(frozen=True)
class Measured:
    """One run. Times are virtual seconds from a document's arrival until it was settled."""

    documents: int
    seconds: tuple[float, ...]
    done: int
    alone: int
    """Settled without a human: done or, said to be so, in part."""
    right: int
    judged: int
    recorded: int
    entered: int
    charged: int
    told: int
    duplicates: int
    """Charges, letters and records beyond the first of a document."""
    dollars: float
    model_calls: int
    calls: int
    intents: int
    """What the calls were for: a call that was made three times was meant once."""
    turns: int
    """Steps that the kernel took: how much the agents had to do with each other and the world."""
    refused: int
    """Model calls that the quota refused."""
    written_down: int = 0
    """Documents of which the audit log says who handed them to whom."""
    costs: tuple[float, ...] = ()
    """Dollars, for each document."""
    attempts: tuple[int, ...] = ()
    """Calls, for each thing that was meant."""
    recovery: float | None = None
    """How long after the trouble was over all was settled that had come till then; None: never."""

    @property
    def steps(self) -> dict[str, int]:
        """For how many documents each step was done."""
        return {
            "record": self.recorded,
            "enter": self.entered,
            "charge": self.charged,
            "tell": self.told,
        }


def measure(run: pileup.Run, over: float | None = None) -> Measured:
    """Add up what came of a run; `over` is when trouble was over, if there was any."""
    office: Office = run.world
    books = accounts(office)
    did = deeds(run.history)
    calls = did.calls
    usage, logged = office.model.usage, _logged(office)
    return Measured(
        documents=len(books),
        seconds=tuple(_seconds(office)),
        done=sum(each.status == "done" for each in books),
        alone=sum(each.status in ("done", "partial") for each in books),
        right=sum(each.is_right for each in books),
        judged=sum(each.is_judged_rightly for each in books),
        recorded=sum(each.steps["record"] for each in books),
        entered=sum(each.steps["enter"] for each in books),
        charged=sum(each.steps["charge"] for each in books),
        told=sum(each.steps["notify"] for each in books),
        duplicates=sum(_extra(each) for each in books),
        dollars=usage.cost,
        model_calls=usage.calls,
        calls=calls.total(),
        intents=len(calls),
        turns=run.steps,
        refused=did.refused,
        written_down=sum(each.document.number in logged for each in books),
        costs=tuple(did.dollars_of(f"customer-{each.document.number}") for each in books),
        attempts=tuple(calls.values()),
        recovery=None if over is None else _recovery(office, over),
    )


def _logged(office: Office) -> frozenset[int]:
    """Return of which documents the audit log says anything."""
    try:
        log = office.files.peek(AUDIT)
    except FileNotFoundError:
        return frozenset()
    return frozenset(int(number) for number in TASK.findall(log))


def _recovery(office: Office, over: float) -> float | None:
    came = [row for row in office.database.rows("documents") if row["arrived"] <= over]
    settled = [row["settled"] for row in came]
    return None if None in settled else round(max(0.0, max(settled) - over), 6)


def _extra(each: Account) -> int:
    return sum(max(0, len(made) - 1) for made in (each.charged, each.letters, each.records))


def _seconds(office: Office) -> Iterator[float]:
    for row in office.database.rows("documents"):
        if row["settled"] is not None:
            yield round(row["settled"] - row["arrived"], 6)
