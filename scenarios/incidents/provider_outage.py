"""The model's provider is down, from a quarter past three on a Friday night, for ten minutes.

Naive, the client, the tool and the agent each try three times: 27 calls in a
moment for one that was meant, and then the instances give up, each with a
document in its hands. Hardened, a breaker leaves the provider alone, the documents
go back to the queue, and come up again when it answers.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.books import check_in_full
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.single import SINGLE

OUTAGE: Final = Rule("unavailable", on="complete*", window=(30, 630))

night = partial(
    documents,
    SINGLE,
    faults=OUTAGE,
    instances=3,
    come=6,
    every=10.0,
    timed=True,
    check=check_in_full,
    name="provider outage",
)

NAIVE = night(Controls())
HARDENED = night(Controls.all())
