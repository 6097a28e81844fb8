"""Asked what is on an invoice, the model makes an item up, and a customer with it.

Naive, every stage after it trusts what it is handed: the invention is judged,
recorded, paid and written to the customer about. Hardened, a gate compares the answer
with the document; what does not stand there is refused, and the model is asked again.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.pipeline import PIPELINE

INVENTION: Final = Rule("invented", on="complete*", nth=1)

night = partial(
    documents,
    PIPELINE,
    faults=INVENTION,
    instances=1,
    come=2,
    timed=True,
    name="invented SKU",
)

NAIVE = night(Controls())
HARDENED = night(Controls.all())
