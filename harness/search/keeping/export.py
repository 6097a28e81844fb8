"""A finding as a pytest file that stands alone, with its order spelled out.

The test fails as long as the bug is there, and passes once the agents are
mended: then the order no longer comes about, or does no harm. What is written
has been tried: of several ways to spell the order the plainest is taken that
shows the finding, with as few agents as act in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pileup.errors import UsageError
from pileup.findings import Finding
from pileup.results import Run
from pileup.search.keeping.again import under
from pileup.search.keeping.page import Call, write
from pileup.search.keeping.spell import spell
from pileup.search.proving.prover import Prover
from pileup.search.runs.program import Program
from pileup.strategies.spelled import Spelled
from pileup.tokens import decode

LONGEST_NAME: Final = 70


@dataclass(frozen=True)
class _Way:
    """One way to bring a finding about: these agents, in this order."""

    program: Program
    order: str


def export(prover: Prover, finding: Finding) -> str:
    """Write a test that shows a finding which the agents of `prover` have; the text of a file."""
    if not finding.replay:
        raise UsageError(
            f"The finding {finding.title!r} has no replay token, so it cannot be exported. Export "
            "one that pileup.explore returned: its findings have been seen twice."
        )
    ticket = decode(finding.replay)
    again = under(prover, ticket)
    run = again.replay(ticket)
    told = _told(run, finding)
    if told is None:
        raise UsageError(
            f"The agents no longer show this: {finding.title}. Explore again, and export what is "
            "found then."
        )
    shown = (way for way in _ways(again.program, run, told) if _shows(again, way, told))
    way = next(shown, None)
    call = Call(way.program if way else again.program, again.conditions)
    return write(told, call, name_of(told), way.order if way else None)


def name_of(finding: Finding) -> str:
    """Name the test of a finding: `test_lost_write_of_memory_entries`; its file is named alike."""
    what = re.sub(r"[^a-z0-9]+", "_", f"{finding.resource} {finding.key}".lower()).strip("_")
    kind = re.sub(r"[^a-z0-9]+", "_", finding.kind.lower()).strip("_")
    return f"test_{kind}{f'_of_{what}' if what else ''}"[:LONGEST_NAME].rstrip("_")


def _told(run: Run, finding: Finding) -> Finding | None:
    same = (each for each in run.findings if each.fingerprint == finding.fingerprint)
    return next(same, None)


def _ways(program: Program, run: Run, finding: Finding) -> Iterator[_Way]:
    """Offer ways to bring it about, the plainest first."""
    orders = [spell(run, finding), spell(run, finding, fully=True)]
    acting = _acting(program, run, finding)
    if 0 < len(acting) < len(program.bodies):
        fewer = replace(program, bodies=tuple(program.bodies[each] for each in acting))
        for order in orders:
            yield _Way(fewer, _renumbered(order, run, acting, len(program.bodies)))
    for order in orders:
        yield _Way(program, order)


def _acting(program: Program, run: Run, finding: Finding) -> list[int]:
    """Return those of the agents at the top who do something before the proof is complete."""
    names = {who.name: place for place, who in enumerate(run.history.agents)}
    end = max(finding.evidence, default=len(run.history)) + 1
    events = (event for event in run.history[:end] if event.items and event.name != "end")
    acting = {names[event.agent] for event in events}
    return [place for place in range(len(program.bodies)) if place in acting]


def _renumbered(order: str, run: Run, acting: list[int], agents: int) -> str:
    """Call the agents as they will be called when there are no others."""
    places = {old: new for new, old in enumerate(acting)}
    gone = agents - len(acting)
    names: dict[str, str] = {}
    for old, who in enumerate(run.history.agents):
        new = places.get(old) if old < agents else old - gone
        if new is not None and who.name.endswith(f"-{old}"):
            names[who.name] = f"{who.name.removesuffix(f'-{old}')}-{new}"
    lost = [who.name for old, who in enumerate(run.history.agents[:agents]) if old not in places]
    kept = [line for line in order.splitlines(keepends=True) if line.partition(": ")[0] not in lost]
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)({pattern})(?!\w)", lambda found: names[found[1]], "".join(kept))


def _shows(prover: Prover, way: _Way, finding: Finding) -> bool:
    trial = Prover(way.program, prover.conditions)
    return _told(trial.once(Spelled(way.order)), finding) is not None
