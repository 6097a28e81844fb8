"""Six instances begin at the same moment, on a quota of six model calls a minute.

Naive, whoever is refused comes back at once, and so do the others: the quota is
run against by calls that cannot succeed, until the instances give up. Hardened, all
ask one limiter before they call, and each waits for its turn.
"""

from __future__ import annotations

from functools import partial

from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.single import SINGLE

night = partial(
    documents,
    SINGLE,
    faults=None,
    instances=6,
    quota=6,
    timed=True,
    name="rate-limit stampede",
)

NAIVE = night(Controls())
HARDENED = night(Controls.all())
