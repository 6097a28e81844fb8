"""The floor of the support desk: the world that all who answer tickets share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pileup.scenarios.documents.place import GONE, Place
from pileup.scenarios.documents.tasks import MOST_TRIES
from pileup.scenarios.support.models import teach
from pileup.scenarios.support.papers import ARTICLES, KINDS, session_of, ticket

if TYPE_CHECKING:
    import pileup
    from pileup.fakes.http import Request
    from pileup.scenarios.controls import Controls

TICKETS: Final = "tickets"

HELD: Final = 150.0
"""Seconds after which a ticket whose worker says nothing is another's."""

MOST_DELIVERIES: Final = MOST_TRIES + 8
"""After so many it is with the dead letters, because not even a human could be told of it."""


@dataclass(frozen=True)
class Shift:
    """How a floor is: which controls, how much comes in, what the model gets wrong."""

    controls: Controls
    tickets: int = 3
    ambiguous: tuple[int, ...] = ()
    """These tickets are such that each specialist takes them for the other's."""
    wrong: float = 0.0
    """How often a classification is wrong, each time anew."""
    quota: int = 60


class Floor(Place):
    """Tickets on a bus, a knowledge base, a cache, payments, mail and a dashboard."""

    def __init__(self, sim: pileup.Sim, shift: Shift) -> None:
        super().__init__(sim, shift.controls, shift.quota)
        self.tickets = [
            ticket(number, sim.secret(session_of(number)), ambiguous=number in shift.ambiguous)
            for number in range(1, shift.tickets + 1)
        ]
        self._furnish()
        teach(self.model, shift.wrong)
        self.model.limit(shift.quota)
        self._open_counters()

    def _furnish(self) -> None:
        if self.controls.retry_budget:
            self.bus.queue(TICKETS, visibility=HELD, max_deliveries=MOST_DELIVERIES)
        else:
            self.bus.queue(TICKETS, visibility=HELD)
        self.bus.seed(TICKETS, *(each._asdict() for each in self.tickets))
        rows = [{"id": each.number, "status": "new", "kind": None} for each in self.tickets]
        self.database.table("tickets", rows=rows)
        self.database.table("articles", rows=[each._asdict() for each in ARTICLES])
        dashboard = [{"kind": kind, "answered": 0} for kind in KINDS]
        self.database.table("dashboard", key="kind", rows=dashboard)
        self.database.table("steps", key=("document", "step"))
        self.database.table("escalations")

    def _open_counters(self) -> None:
        @self.http.route("POST", "/refunds")
        def refund(request: Request, state: dict[str, Any]) -> object:
            body = request.json()
            if body["ticket"] in state.setdefault("withdrawn", {}):
                return GONE, {"error": "a human sees to this ticket"}
            return 201, {"paid": body["amount"]}

        @self.http.route("POST", "/withdrawals", repeatable=True)
        def withdraw(request: Request, state: dict[str, Any]) -> object:
            state.setdefault("withdrawn", {})[request.json()["ticket"]] = True
            return 200, {}

        @self.http.route("POST", "/replies")
        def send(request: Request, _state: dict[str, Any]) -> object:
            return 202, {"sent": request.json()["ticket"]}
