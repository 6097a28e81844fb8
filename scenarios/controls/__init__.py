"""What keeps agents from harm in company: each control once, and a switch for each."""

from __future__ import annotations

from pileup.scenarios.controls.switches import CONTROLS, Controls

__all__ = ["CONTROLS", "Controls"]
