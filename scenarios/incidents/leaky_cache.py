"""Letters are cached, because the model is slow and letters are alike.

Naive, they are cached by what the letter is about: the next customer with such an
invoice gets the letter of the one before, with that one's name and reference in
it. Hardened, what is private is cached for its own session alone.
"""

from __future__ import annotations

from functools import partial

from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.single import SINGLE

night = partial(documents, SINGLE, faults=None, come=5, timed=True, name="leaky cache")

NAIVE = night(Controls())
HARDENED = night(Controls.all())
