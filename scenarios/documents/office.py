"""The office: the world that all agents of the document work share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pileup
from pileup.fakes.http import Request
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.models import teach
from pileup.scenarios.documents.papers import Document
from pileup.scenarios.documents.place import GONE, Place

if TYPE_CHECKING:
    from pileup.scenarios.topology import Topology

CONFIG: Final = "config.json"
SMUDGE: Final = "lNV0 CE\nCu5t0mer A1d r\n1tem 5KU\n"
"""What comes of a page that was scanned upside down."""


@dataclass(frozen=True)
class Setting:
    """How an office is: who works there and how, how much comes in, what the model gets wrong."""

    topology: Topology
    controls: Controls
    documents: int = 2
    every: float = 0.0
    """Documents arrive so many seconds one after another."""
    quota: int = 60
    """So many model calls are let through in a minute."""
    wrong: float = 0.0
    """How often a judgement is wrong, each time anew."""
    unreadable: tuple[int, ...] = ()
    """These documents came in so that nobody can tell what they say."""


class Office(Place):
    """Files, database, payments, model and cache, and who works with them."""

    def __init__(self, sim: pileup.Sim, setting: Setting) -> None:
        super().__init__(sim, setting.controls, setting.quota)
        self.setting = setting
        self.documents = [
            Document(number, sim.secret(f"customer-{number}"))
            for number in range(1, setting.documents + 1)
        ]
        self._furnish()

    def _furnish(self) -> None:
        for document in self.documents:
            unreadable = document.number in self.setting.unreadable
            self.files.seed(document.path, SMUDGE if unreadable else document.text)
        self.files.seed(CONFIG, json.dumps({"paid": {}}))
        rows = [
            {
                "id": each.number,
                "status": "new",
                "owner": None,
                "tries": 0,
                "withdrawals": 0,
                "arrived": arrives,
                "due": arrives,
                "settled": None,
            }
            for each, arrives in zip(self.documents, self._arrivals, strict=True)
        ]
        self.database.table("documents", rows=rows)
        for name in ("records", "escalations"):
            self.database.table(name)
        self.database.table("steps", key=("document", "step"))
        if self.setting.topology.teach is not None:
            self.setting.topology.teach(self.model)
        teach(self.model, self.setting.wrong)
        self.model.limit(self.setting.quota)
        self._open_payments()

    @property
    def _arrivals(self) -> list[float]:
        return [round(self.setting.every * place, 6) for place in range(len(self.documents))]

    def _open_payments(self) -> None:
        @self.http.route("POST", "/charges")
        def charge(request: Request, state: dict[str, Any]) -> object:
            key = request.headers.get("idempotency-key")
            if key is not None and key in state.setdefault("withdrawn", {}):
                return GONE, {"error": "this payment was withdrawn"}
            return 201, {"paid": request.json()["amount"]}

        @self.http.route("POST", "/withdrawals", repeatable=True)
        def withdraw(request: Request, state: dict[str, Any]) -> object:
            state.setdefault("withdrawn", {})[request.json()["payment"]] = True
            return 200, {}

        @self.http.route("POST", "/letters")
        def send(request: Request, _state: dict[str, Any]) -> object:
            return 202, {"sent": request.json()["document"]}
