"""Who has handed out the parts of a document and puts them together dies halfway through.

Naive, the instance that waits for it dies as well. The document is recorded and
not paid, and it stays marked as taken: nobody will ever look at it again.
Hardened, it goes back to the queue, and whoever has it next goes on from the steps
that are noted as done.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.books import check_in_full
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.fan_out import FAN_OUT

DEATH: Final = Rule("crash", on="insert*database[records/*", by=f"{FAN_OUT.name}*", nth=1)

night = partial(
    documents,
    FAN_OUT,
    faults=DEATH,
    timed=True,
    check=check_in_full,
    name="dead supervisor",
)

NAIVE = night(Controls())
HARDENED = night(Controls.all())
