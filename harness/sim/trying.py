"""The half of a run that knows of attempts: which operations failed, and from where they came."""

from __future__ import annotations

from pileup.operations import Firm, Operation
from pileup.settings import Budgets
from pileup.sim.agents import NOBODY, Strand
from pileup.sim.marking import Marking
from pileup.sim.parking import RESUME
from pileup.sim.paths import Tries


class Trying(Marking):
    """Notes the path of each attempt that fails, in case it is made again."""

    __slots__ = (
        "_living",
        "faulted",
        "tries",
    )

    def __init__(self, budgets: Budgets) -> None:
        super().__init__(budgets)
        self.tries: Tries | None = None  # from the first failure on
        self.faulted: list[tuple[BaseException, str, str]] = []
        """The errors that faults raised: which fault, and what it befell."""
        self._living = 0

    @property
    def over(self) -> bool:
        """Whether all agents have ended, or the run has."""
        return not self._living or self.ending is not None

    def note_failure(self, strand: Strand, op: Operation) -> None:
        """Note from where an attempt was made that has failed, and which fault made it fail."""
        if op.fault is not None and strand.error is not None:
            self.faulted.append((strand.error, op.fault, op.label))
        if strand.handle is not NOBODY:
            self._known_tries().failed(strand, op)

    def note_refusal(self, strand: Strand, op: Operation) -> None:
        """Note it where what has failed may well be tried again: not where it lost a race."""
        if op.fault is not None or (op.note is not None and op.note.refused is not None):
            self.note_failure(strand, op)

    def withdraw(self, strand: Strand) -> None:
        """Take a strand's operation back before it took effect: its caller gave up."""
        op = strand.op
        super().withdraw(strand)
        if op is None or op is RESUME or type(op) is Firm or self.over:
            return
        if strand.life == strand.agent.life:  # or else it has crashed, and gave nothing up
            self._known_tries().given_up(strand, op, self._rows)

    def _known_tries(self) -> Tries:
        if self.tries is None:
            self.tries = Tries()
        return self.tries
