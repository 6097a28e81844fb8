"""What can go wrong, as data: rules, plans and profiles for `explore(..., faults=...)`."""

from __future__ import annotations

from pileup.faults.catalogue import CATALOGUE
from pileup.faults.profiles import PROFILES, plan_of
from pileup.faults.rules import Plan, Rule

__all__ = ["CATALOGUE", "PROFILES", "Plan", "Rule", "plan_of"]
