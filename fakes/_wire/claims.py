"""Who serves which host: fakes claim hosts, and drop-ins look up who answers for a URL.

What nobody serves is refused by name, with what there is, because the real
answer would be different each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple, TypeAlias

from pileup.errors import RealWorldTouched, UsageError
from pileup.fakes._port import Port, served
from pileup.fakes._suffering import Course
from pileup.fakes._wire.messages import Request, Response
from pileup.sim.agents import here
from pileup.sim.endings import Misuse
from pileup.sim.guard import allows
from pileup.sim.kernel import Sim

Respond: TypeAlias = Callable[[Request], Course[Response]]
"""How a fake answers: a course of operations that ends with the response."""

Offers: TypeAlias = Callable[[], Sequence[str]]
"""What a fake has to offer, in words, for the message to those who ask for something else."""

EVERY: Final = "*"
SERVERS: Final = ("model", "http")
MOST_OFFERS: Final = 12


class Claim(NamedTuple):
    """A host, or a pattern of hosts, that a fake answers for."""

    host: str
    port: Port
    respond: Respond
    offers: Offers


class Claims:
    """All hosts that are claimed in one run. An exact name wins over a pattern."""

    def __init__(self) -> None:
        self._exact: dict[str, Claim] = {}
        self._patterns: list[Claim] = []
        self.settled: dict[str, Claim] = {}
        """Who has turned out to answer for a host, until there is another claim."""

    def add(self, claim: Claim) -> None:
        """Note a claim; two for the same host are a mistake."""
        self.settled.clear()
        known = {each.host: each for each in (*self._exact.values(), *self._patterns)}
        if claim.host in known:
            raise UsageError(
                f"Two fakes claim the host {claim.host!r}: {known[claim.host].port.resource} and "
                f"{claim.port.resource}. Give each a host of its own, as in "
                "HttpApi(sim, 'https://api.example.com'), or put both on one HttpApi."
            )
        if EVERY in claim.host:
            self._patterns.append(claim)
            self._patterns.sort(key=lambda each: -len(each.host))  # the longer says more
        else:
            self._exact[claim.host] = claim

    def find(self, host: str) -> Claim | None:
        """Return who answers for a host."""
        found = self._exact.get(host)
        if found is not None:
            return found
        return next((each for each in self._patterns if fnmatchcase(host, each.host)), None)

    def offers(self) -> list[str]:
        """Say what there is, of all fakes."""
        claims = (*self._exact.values(), *self._patterns)
        return [line for claim in claims for line in claim.offers()]


def find(sim: Sim, request: Request) -> Claim | None:
    """Return who answers a request; None where this run fakes no HTTP at all."""
    registry: Claims | None = sim.fakes.get("wire")
    if registry is not None and request.host in registry.settled:
        return registry.settled[request.host]
    found = _found(sim, request)
    if found is not None:
        sim.fakes["wire"].settled[request.host] = found
    return found


def _found(sim: Sim, request: Request) -> Claim | None:
    found = _claimed(sim, request)
    if allows("socket"):
        return found  # what nobody claims goes where it is really meant to go
    if found is None or found.host == EVERY:
        for name in SERVERS:  # one that nobody has touched yet may claim the host
            served(sim, name)
        found = _claimed(sim, request)
    if found is None and "wire" in sim.fakes:
        raise refusal(sim, request)
    return found


def _claimed(sim: Sim, request: Request) -> Claim | None:
    registry: Claims | None = sim.fakes.get("wire")
    return None if registry is None else registry.find(request.host)


def refusal(sim: Sim, request: Request) -> RealWorldTouched:
    """End the run, because a request has nowhere to go; return the error that says so."""
    registry: Claims | None = sim.fakes.get("wire")
    offers = registry.offers() if registry is not None else []
    error = RealWorldTouched(_message(request, offers))
    sim.end(Misuse(error))  # an agent that swallows the error does not hide it
    return error


def _message(request: Request, offers: Sequence[str]) -> str:
    strand = here.get(None)
    listed = "; ".join(offers[:MOST_OFFERS]) + ("; ..." if len(offers) > MOST_OFFERS else "")
    there = f"There are {listed}" if offers else "There are no routes at all"
    return (
        f"{strand.name if strand else 'The run'} asked for {request.method} {request.url}, which "
        f"no fake serves. {there}. In setup, add what is missing: "
        f"api.route({request.method!r}, {request.url.partition('?')[0]!r}, handler) on world.http "
        "or on an HttpApi of your own, with handler(request, state) returning what the answer "
        "holds; or give routes that you have declared with respx: HttpApi(sim, router=...)."
    )
