"""Two workers say the same as one, and cost hardly more. Times are for `campaigns.py` to tell."""

from __future__ import annotations

import campaigns
from workloads import B


def test_sharing_out_costs_little() -> None:
    found = campaigns.gain(B, 400, 2)
    # Of processor time, because of the clock others on the machine have a say; and not less than
    # this, because two that share a core's insides are slower than one: it was 2 % on idle cores.
    assert found.dearer < 1.6
