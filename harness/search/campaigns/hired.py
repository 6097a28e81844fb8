"""Somebody's executor plays: any of `concurrent.futures`, of processes here or of a cluster."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from concurrent import futures
from functools import partial

from pileup.errors import UsageError
from pileup.search.accounts.portions import Portion
from pileup.search.campaigns.crews import Job, Recipe
from pileup.search.campaigns.forked import ignore_interrupts
from pileup.search.runs.program import Program, name_of


class Hired:
    """An executor, whoever made it: of processes here, or of a cluster."""

    def __init__(self, recipe: Recipe, executor: futures.Executor, count: int) -> None:
        _expect_importable(recipe.program)
        self._recipe = recipe
        self._executor = executor
        self._count = count
        self._out: dict[futures.Future[str], Job] = {}

    def has_hands(self) -> bool:
        """Whether more can be handed out."""
        return len(self._out) < self._count

    def is_busy(self) -> bool:
        """Whether something is handed out."""
        return bool(self._out)

    def start(self, job: Job) -> None:
        """Hand these runs out."""
        self._out[self._executor.submit(play_away, self._recipe, job)] = job

    def finished(self, seconds: float) -> Iterator[tuple[Job, Portion]]:
        """Wait for at most so long, and return what has been finished."""
        done, _ = futures.wait(self._out, seconds, futures.FIRST_COMPLETED)
        for future, job in [pair for pair in self._out.items() if pair[0] in done]:
            del self._out[future]
            error = future.exception()
            if error is not None:
                raise UsageError(
                    f"The executor could not play {job} ({type(error).__name__}: {error}). Its "
                    "workers need pileup and your agents importable, and one thread each; a "
                    "worker that ends on the way (os._exit, no memory left) shows like this too."
                ) from error
            yield job, Portion.from_json(future.result())

    def close(self) -> None:
        """Take back what has not begun; the executor stays its owner's."""
        for future in self._out:
            future.cancel()
        self._out = {}


class Spawned(Hired):
    """Processes of our own where none can be forked."""

    def __init__(self, recipe: Recipe, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._own = futures.ProcessPoolExecutor(count, context, ignore_interrupts)
        super().__init__(recipe, self._own, count)

    def close(self) -> None:
        """End the processes."""
        super().close()
        self._own.shutdown(cancel_futures=True)


def play_away(recipe: Recipe, job: Job) -> str:
    """Play some runs wherever this is called, and return what they add up to."""
    with recipe.player() as player:
        return player.play(*job).to_json()


def _expect_importable(program: Program) -> None:
    """Refuse what another process could not find by its name."""
    given: list[tuple[str, Callable[..., object] | None]] = [
        *(("an agent", body) for body in dict.fromkeys(program.bodies)),
        ("`setup`", program.setup),
        ("`check`", program.check),
    ]
    for what, thing in given:
        if thing is not None and not _is_importable(thing):
            raise UsageError(
                f"{name_of(thing)} ({what}) goes to processes that have to import it, and cannot "
                "be imported: it is made inside a function, or is no plain function. Write it "
                "with `def` at the top level of a module, or leave `executor` out: processes of "
                "pileup's own are forked, where that is possible, and take any function."
            )


def _is_importable(thing: object) -> bool:
    while isinstance(thing, partial):
        thing = thing.func
    found: object = sys.modules.get(getattr(thing, "__module__", None) or "")
    for part in getattr(thing, "__qualname__", "").split("."):
        found = getattr(found, part, None)
    return found is thing
