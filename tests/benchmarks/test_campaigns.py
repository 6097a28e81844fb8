"""Two workers say the same as one, and cost hardly more. Times are for `campaigns.py` to tell."""

from __future__ import annotations

import campaigns
from workloads import B


def test_sharing_out_costs_little() -> None:
    found = campaigns.gain(B, 1_500, 3)
    # Of processor time, because of the clock others on the machine have a say.
    assert found.dearer < 1.25
