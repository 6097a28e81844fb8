"""Parts of one document's work that are done side by side, and what to do when one is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pileup.scenarios.documents.intake import HOPELESS
from pileup.scenarios.documents.joining import deadline, ending, raise_worst
from pileup.scenarios.documents.papers import Outcome

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk

__tracebackhide__ = True  # because it is whoever calls it that somebody wants to see

Part = Callable[..., Awaitable[Any]]  # Any: each part brings something else


class Parts(NamedTuple):
    """What came, by name, and why the others did not."""

    came: dict[str, Any]  # Any: each part brings something else
    failed: dict[str, Exception]


async def side_by_side(desk: Desk, parts: Mapping[str, Part], *given: object) -> Parts:
    """Have sub-agents do all parts at once, and wait until the last has ended."""
    if desk.controls.audit:
        for name in parts:
            await desk.write_down(name)
    helpers = {name: desk.start(do, *given, role=name) for name, do in parts.items()}
    joined, until = Parts({}, {}), deadline(desk)
    for name, helper in helpers.items():
        try:
            joined.came[name] = await ending(desk, helper, until)
        except Exception as error:  # noqa: BLE001 - whoever waits for the others first
            joined.failed[name] = error
    return joined


async def without(desk: Desk, failed: Mapping[str, Exception]) -> Outcome:
    """Fail, so that what is missing is tried again; at the last try say what it is.

    What came is kept by its checkpoints. No money is taken for a part of the work, and what
    an earlier try has taken is given back when the outcome is noted.
    """
    if not desk.task.is_last_try or any(isinstance(each, HOPELESS) for each in failed.values()):
        raise_worst(list(failed.values()))
    return Outcome("partial", missing=tuple(failed))
