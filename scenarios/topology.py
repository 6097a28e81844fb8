"""What a topology is: the one protocol by which any of them, a user's own too, can be compared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileup.fakes import Model
    from pileup.scenarios.documents.desk import Desk
    from pileup.scenarios.documents.papers import Outcome


@dataclass(frozen=True)
class Topology:
    """Who works together on one document: a name, and the function of whoever is in charge.

        async def alone(desk):
            ...
            return Outcome("done")

        ALONE = Topology("alone", alone, "one agent does it all")

    `handle` gets a desk for the document and says how it ended; on it are the
    tools, and `desk.delegate(other_function, ...)` gives work to a sub-agent.
    `teach` tells the model what to answer to prompts of the topology's own.
    """

    name: str
    handle: Callable[[Desk], Awaitable[Outcome]]
    shape: str = ""
    teach: Callable[[Model], None] | None = None
    is_anti_pattern: bool = False
