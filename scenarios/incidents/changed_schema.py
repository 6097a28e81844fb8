"""The provider updates its model at night, and from then on answers come in another format.

Naive, each stage works with what it has: what is missing is guessed, and an invoice
of an unknown customer over nothing is recorded and charged. Hardened, a gate
refuses what is not in the form that was agreed on; no other model does better, so
a human gets the document, and nothing is charged.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.single import SINGLE

UPDATE: Final = Rule("schema", on="complete*", nth=(4, 10_000))

night = partial(
    documents, SINGLE, faults=UPDATE, every=30.0, come=4, timed=True, name="changed schema"
)

NAIVE = night(Controls())
HARDENED = night(Controls.all())
