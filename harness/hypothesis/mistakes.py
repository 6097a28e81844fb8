"""How a model behaves: which of its answers are wrong, and in which way."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from hypothesis.strategies import SearchStrategy

from pileup.faults import Plan
from pileup.faults.drawn import plans

MISTAKES: Final = ("wrong", "invented", "truncated", "malformed", "refusal", "schema")
"""What a model can make of an answer; see docs/faults.md."""


def mistakes(
    *, kinds: Collection[str] = MISTAKES, by: Collection[str] = ("*",), most: int = 2
) -> SearchStrategy[Plan]:
    """Draw which answers of a model are wrong, invented, cut off, broken, refused or renamed.

    `by` names who asked: agents, by name, role or session.
    """
    return plans(faults=kinds, by=by, most=most)
