"""How a fake becomes reachable by URL."""

from __future__ import annotations

from pileup.fakes._port import Port
from pileup.fakes._wire.claims import Claim, Claims, Offers, Respond
from pileup.fakes._wire.httpx_client import stand_in_for_clients


def claim(port: Port, host: str, respond: Respond, offers: Offers) -> None:
    """Answer for a host (`api.example.com`), or for all that match (`*.example.com`, `*`).

    httpx and httpx2 clients in the run then reach `respond`, which yields
    operations and returns the response; `exchange(port, effect)` does both.
    `offers` says in words what there is, for those who ask for something else.
    """
    registry: Claims = port.sim.fakes.setdefault("wire", Claims())
    registry.add(Claim(host, port, respond, offers))
    stand_in_for_clients()
