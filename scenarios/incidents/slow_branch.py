"""One of five specialists asks the model, and no answer ever comes.

Naive, the others are done within seconds, and the document waits for the fifth
for ever. Hardened, the call has a timeout; the part that is missing is asked for
again with the next try, and what the others found is kept.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pileup.faults import Rule
from pileup.scenarios.controls import Controls
from pileup.scenarios.documents.scenario import documents
from pileup.scenarios.topologies.fan_out import FAN_OUT

HANGS: Final = Rule("hang", on="complete*", nth=3)

night = partial(documents, FAN_OUT, faults=HANGS, timed=True, name="slow branch")

NAIVE = night(Controls())
HARDENED = night(Controls.all())
