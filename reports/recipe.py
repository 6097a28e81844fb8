"""How a run is seen again from where it was told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple


class Recipe(NamedTuple):
    """How a run is seen again: what to write for its token, and what that takes besides."""

    line: Callable[[str], str]
    beside: str = ""


def _in_python(token: str) -> str:
    return f'pileup.replay("{token}", ...)'


IN_PYTHON: Final = Recipe(_in_python, "with the same agent, setup and check")
