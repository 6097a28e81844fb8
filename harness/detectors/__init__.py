"""What went wrong in a run, found in its history alone.

A detector is a pure function of a history: it knows no clock, no fake and no
kernel. `detect` asks them all. To add one of your own, write a function that
takes a `History` and yields findings, and register it in one line:

    @pileup.detector
    def price_below_zero(history):
        for event in history:
            if event.name == "write" and event.detail == -1: ...
                yield pileup.Finding(kind="price_below_zero", ...)

To try it, write histories down in a few words (`told`):

    list(price_below_zero(told("a:r price1, b:w price2=-1")))
"""

from __future__ import annotations

from pileup.detectors.notation import spelled, told
from pileup.detectors.registry import DETECTORS, detect, detector, without_shadows
from pileup.detectors.taxonomy import KINDS, Kind

__all__ = [
    "DETECTORS",
    "KINDS",
    "Kind",
    "detect",
    "detector",
    "spelled",
    "told",
    "without_shadows",
]
