"""A ticket that billing takes for shipping's, and shipping for billing's.

Naive, they hand it to and fro until somebody stops the run. Hardened, nobody gets it
for the third time: a human does.
"""

from __future__ import annotations

from functools import partial

from pileup.scenarios.controls import Controls
from pileup.scenarios.support.tickets import support

night = partial(support, faults=None, tickets=1, ambiguous=(1,))

NAIVE = night(Controls())
HARDENED = night(Controls.all())
