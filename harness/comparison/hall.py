"""Where the jobs of a comparison are done: in as many processes as there are cores."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Final, TypeAlias, TypeVar

from pileup.comparison.jobs import Done, Job, do
from pileup.search.campaigns.forked import can_fork

J = TypeVar("J")
D = TypeVar("D")

TICK: Final = 0.5
"""Seconds after which a watcher is told again, even if nothing has come to an end."""

Watcher: TypeAlias = "Callable[[int, int], None]"
"""Is told how many jobs are done, and of how many."""


def do_all(jobs: Iterable[Job], workers: int, watch: Watcher | None = None) -> dict[Job, Done]:
    """Do all jobs; the result is the same for any number of workers."""
    asked = list(dict.fromkeys(jobs))
    done = do_each(do, sorted(asked, key=_length), workers, watch)
    return {job: done[job] for job in asked}


def do_each(
    act: Callable[[J], D], jobs: list[J], workers: int, watch: Watcher | None = None
) -> dict[J, D]:
    """Do something for each, those first that come first."""
    if workers == 1:
        return _one_after_another(act, jobs, watch)
    context = multiprocessing.get_context("fork" if can_fork() else "spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_heed_nobody) as pool:
        try:  # from the first submission on, which starts processes
            futures = {pool.submit(act, job): job for job in jobs}
            _await_all(futures, watch)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for each in multiprocessing.active_children():
                each.terminate()  # because nobody waits for what they are at
            raise
        return {job: future.result() for future, job in futures.items()}


def _heed_nobody() -> None:
    """Leave Ctrl-C to who began this, because a job cut short is no result."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _one_after_another(act: Callable[[J], D], jobs: list[J], watch: Watcher | None) -> dict[J, D]:
    done: dict[J, D] = {}
    for job in jobs:
        done[job] = act(job)
        if watch is not None:
            watch(len(done), len(jobs))
    return done


def _length(job: Job) -> tuple[int, str]:
    """Order jobs: what takes longest first, so that no core is left with it at the end."""
    return -_weight(job), job.name


def _weight(job: Job) -> int:
    before, _, number = job.day.rpartition(" ")
    return int(number) if before == "crowd of" else job.runs


def _await_all(futures: dict[Future[D], J], watch: Watcher | None) -> None:
    left = set(futures)
    while left:
        done, left = wait(left, TICK, return_when=FIRST_COMPLETED)
        for each in done:
            each.result()  # raises what went wrong in it, at once
        if watch is not None:
            watch(len(futures) - len(left), len(futures))
