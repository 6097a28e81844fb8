"""A page that was scanned upside down comes in between two that are right.

Naive, what cannot be read is guessed: an unknown customer is charged nothing, and
gets a letter that says so. Hardened, nothing is taken for read that does not stand
in the document; a human gets it, and the other documents are not held up.
"""

from __future__ import annotations

from functools import partial

from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.single import SINGLE

night = partial(
    documents, SINGLE, faults=None, come=3, unreadable=(2,), timed=True, name="unreadable input"
)

NAIVE = night(Controls())
HARDENED = night(Controls.all())
