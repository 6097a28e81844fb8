"""The shared world: fakes with the semantics of the real thing where concurrency can tell."""

from __future__ import annotations

from pileup.fakes.files import Files
from pileup.fakes.memory import Lock, Memory
from pileup.fakes.shared import Shared
from pileup.fakes.world import World

__all__ = ["Files", "Lock", "Memory", "Shared", "World"]
