"""Three instances enter what they have paid in one config file, at the same moment.

Naive, it is written in place: a third reads half of what two are writing, or one
writes over what another has just entered. Hardened, a lock is held around reading
and writing, and a whole new file takes the place of the old one.
"""

from __future__ import annotations

from functools import partial

from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.single import SINGLE

night = partial(documents, SINGLE, faults=None, instances=3, name="torn config")

NAIVE = night(Controls())
HARDENED = night(Controls.all())
