"""Hands portions out, and puts what comes back in order, whoever was faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pileup.errors import PileupError
from pileup.search.accounts.endless import Endless
from pileup.search.accounts.portions import Portion
from pileup.search.accounts.progress import Teller
from pileup.search.accounts.stopping import Stop, real_seconds
from pileup.search.campaigns.crews import Crew, Job

LOOK: Final = 0.2
"""How many seconds pass at most until it is noticed that somebody wants to stop."""


class Sharing:
    """What of a campaign is to be played still, after the `portions` that there are."""

    def __init__(
        self,
        portions: list[Portion],
        runs: int,
        stop: Stop,
        write: Callable[[Portion], None],
        teller: Teller | None = None,
        *,
        endless: Endless,
    ) -> None:
        self._portions = portions
        self._runs = runs
        self._stop = stop
        self._write = write
        self._waiting: dict[int, tuple[Job, Portion]] = {}
        self._again: list[Job] = []
        self._begun: dict[int, float] = {}
        self._next = portions[-1].end
        self._teller = teller
        self._endless = endless
        for portion in portions:
            self._tell(portion)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be handed out."""
        last = self._portions[-1]
        enough = self._stop.now or self._endless.is_enough
        return enough or bool(last.failed) or last.end >= self._runs

    def share_out(self, crew: Crew, hands: int, pace: float, long: float) -> None:
        """Let so many play, `long` seconds at a time; a run takes `pace` seconds at first."""
        self._hands, self._pace, self._long = hands, pace, long
        while True:
            while crew.has_hands() and (job := self._job()) is not None:
                self._begun[job.begin] = real_seconds()
                crew.start(job)
            if not crew.is_busy():
                return
            try:
                for job, portion in crew.finished(LOOK):
                    self._take(job, portion)
            except PileupError:
                if self._stop.asked:  # Ctrl-C may have ended workers that are not ours, too
                    return
                raise

    def _job(self) -> Job | None:
        """Say what to play next."""
        if self._again:
            return self._again.pop()._replace(mode=self._portions[-1].mode)
        if self.is_over or self._next >= self._runs:
            return None
        left = self._runs - self._next
        # The last ones are short, so that nobody is waited for long.
        fair = -(-left // (2 * self._hands))
        size = max(1, min(int(self._long / self._pace), fair))
        job = Job(self._next, min(self._next + size, self._runs), self._portions[-1].mode)
        self._next = job.end
        return job

    def _take(self, job: Job, portion: Portion) -> None:
        """Put a portion where it belongs; go on as far as there is no gap."""
        took = real_seconds() - self._begun.pop(job.begin)
        self._pace = max(took, 1e-6) / max(portion.end - portion.begin, 1)
        self._waiting[job.begin] = (job, portion)
        while (made := self._portions[-1].end) in self._waiting and not self._endless.is_enough:
            job, portion = self._waiting.pop(made)
            if portion.began != self._portions[-1].mode:
                # A run before it has shown which loop the agents need: play it anew under that.
                self._again.append(job)
                return
            self._endless.add(portion.endless)
            if (end := self._endless.end) is not None and end < portion.end:
                # One worker would have stopped earlier: play it anew up to there.
                del self._endless.costs[-len(portion.endless) :]
                self._again.append(job._replace(end=end))
                return
            self._portions.append(portion)
            self._tell(portion)
            if not portion.failed:
                self._write(portion)

    def _tell(self, portion: Portion) -> None:
        if self._teller is not None:
            self._teller.tell(portion.end - portion.begin, portion.times)
