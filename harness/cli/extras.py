"""What the topologies and incidents that come with pileup need besides, and how to get it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from pileup.errors import UsageError

NEEDED: Final = ("fakeredis", "pydantic", "redis", "tenacity")
EXTRA: Final = "pip install 'pileup[compare]'"


def missing() -> list[str]:
    """Name what is not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


def expect_extra() -> None:
    """Refuse before anything runs, in one sentence that helps."""
    if lacking := missing():
        raise UsageError(
            f"The topologies that come with pileup use {', '.join(lacking)}, which "
            f"{'is' if len(lacking) == 1 else 'are'} not installed here. Run: {EXTRA}"
        )
