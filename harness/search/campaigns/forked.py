"""Processes of our own on this machine, forked: so agents may be any functions.

They are there already, and nothing but text goes through the pipes.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Final

from pileup.choices import Strategy
from pileup.errors import HarnessError
from pileup.search.accounts.portions import Portion
from pileup.search.campaigns.crews import Job, Recipe

PATIENCE: Final = 2.0
"""How many seconds a worker that has nothing more to do is given to end by itself."""


def can_fork() -> bool:
    """Whether processes can be forked here."""
    return "fork" in multiprocessing.get_all_start_methods()


@dataclass
class _Hand:
    process: ForkProcess
    line: Connection
    job: Job | None = None


class Forked:
    """Processes of our own on this machine."""

    def __init__(self, recipe: Recipe, count: int, taught: Strategy) -> None:
        self._hands: list[_Hand] = []
        self._recipe = recipe
        self._taught = taught
        try:
            for _ in range(count):
                self._hire()
        except BaseException:
            self.close()
            raise

    def _hire(self) -> None:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        # What others do with their lines keeps ours open, so a worker lets go of all but its own.
        lines = [*(hand.line for hand in self._hands), ours]
        known = self._recipe, self._taught
        process = context.Process(
            target=_serve, args=(*known, theirs, lines, os.getpid()), daemon=True
        )
        with warnings.catch_warnings():
            # From 3.12 on, because of threads: what they hold is not used by a worker.
            warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)
            process.start()
        theirs.close()
        self._hands.append(_Hand(process, ours))

    def has_hands(self) -> bool:
        """Whether a process has nothing to do."""
        return any(hand.job is None for hand in self._hands)

    def is_busy(self) -> bool:
        """Whether a process is at work."""
        return any(hand.job is not None for hand in self._hands)

    def start(self, job: Job) -> None:
        """Have a process play these runs."""
        hand = next(hand for hand in self._hands if hand.job is None)
        hand.job = job
        try:
            hand.line.send_bytes(json.dumps(job).encode())
        except OSError:
            raise _lost(hand, job) from None

    def finished(self, seconds: float) -> Iterator[tuple[Job, Portion]]:
        """Wait for at most so long, and return what has been finished."""
        busy = {hand.line: hand for hand in self._hands if hand.job is not None}
        for line in wait(list(busy), seconds):
            assert isinstance(line, Connection)
            hand, job = busy[line], busy[line].job
            assert job is not None
            try:
                text = line.recv_bytes()
            except (EOFError, OSError):
                raise _lost(hand, job) from None
            hand.job = None
            yield job, Portion.from_json(text)

    def close(self) -> None:
        """End all processes; none is left behind."""
        for hand in self._hands:
            hand.line.close()
            if hand.job is not None:
                hand.process.terminate()
        for hand in self._hands:
            hand.process.join(PATIENCE)
            if hand.process.is_alive():
                hand.process.kill()
                hand.process.join()
            hand.process.close()
        self._hands = []


def _lost(hand: _Hand, job: Job) -> HarnessError:
    hand.process.join(PATIENCE)
    code = hand.process.exitcode
    how = f"with exit code {code}" if code is None or code >= 0 else f"killed by signal {-code}"
    return HarnessError(
        f"A worker process ended, {how}, while it played {job}. Probably an agent ended the "
        "process (os._exit), a library in C crashed, or memory ran out. To see it happen, explore "
        "the same runs with workers=1."
    )


def _serve(
    recipe: Recipe, taught: Strategy, line: Connection, others: list[Connection], parent: int
) -> None:
    """Play what comes over the line, until it is closed or the parent process is gone."""
    for other in others:
        other.close()
    _mind_own_signals()
    alone = partial(_leave_orphaned, parent)
    with suppress(EOFError, OSError), recipe.player(taught) as player:
        while True:
            job = Job.from_json(line.recv_bytes())
            line.send_bytes(player.play(*job, alone).to_json().encode())


def _leave_orphaned(parent: int) -> None:
    if os.getppid() != parent:
        os._exit(1)


def _mind_own_signals() -> None:
    """Leave Ctrl-C to the parent, and what the parent did about other signals behind."""
    ignore_interrupts()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
