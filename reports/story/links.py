"""Which moments of a run belong together, found from versions, intents and marks alone.

Most are looked for among the events that prove a finding, because in a run
that is right things are read and written over all the time:

* `stale`: what was read, and the write that made it old;
* `lost`: a write that was erased by somebody who went by what was there before it;
* `over`: a write over another's, by whoever had not read before;
* `seen`: what was written, and who read it;
* `carried`: a secret or a mistake that went on from one to the other;
* `waits`: who waits for ever, and who took what it waits for;
* `retry` and `again`: the same was asked for once more; for `again` it had happened already.

Of the whole run: `born`, where an agent began a helper, and `sent`, where a message came from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from pileup.events import Event
from pileup.reports.story.bond import Bond
from pileup.reports.story.calls import births, carries, messages, repeats, waits
from pileup.reports.story.versions import of_versions

MOST: Final = 2_000
"""Bonds that are told: more would say less."""

MOST_PROOF: Final = 400
"""Of more events that prove something, the first and the last are looked at."""


def bonds(
    events: Sequence[Event], evidence: Collection[int], parents: Mapping[str, str | None]
) -> list[Bond]:
    """Find what belongs together; one thing is said of two moments, the most telling."""
    proof = [events[number] for number in _fewer(sorted(evidence)) if number < len(events)]
    found: dict[tuple[int, int], Bond] = {}
    for each in islice(_all(events, proof, parents), MOST):
        found.setdefault((each.start, each.end), each)
    return sorted(found.values(), key=lambda each: (each.end, each.start))


def _fewer(evidence: list[int]) -> list[int]:
    half = MOST_PROOF // 2
    return evidence if len(evidence) <= MOST_PROOF else [*evidence[:half], *evidence[-half:]]


def _all(
    events: Sequence[Event], proof: Sequence[Event], parents: Mapping[str, str | None]
) -> Iterator[Bond]:
    yield from of_versions(events, proof)
    yield from repeats(proof)
    yield from waits(events, proof)
    yield from carries(proof)
    yield from births(events, parents)
    yield from messages(events)
