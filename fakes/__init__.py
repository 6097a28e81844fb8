"""The shared world: fakes with the semantics of the real thing where concurrency can tell."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pileup.fakes.memory import Lock, Memory
from pileup.fakes.shared import Shared
from pileup.fakes.world import World

if TYPE_CHECKING:
    from pileup.fakes.bus import Bus
    from pileup.fakes.cache import Cache
    from pileup.fakes.database import Database
    from pileup.fakes.files import Files
    from pileup.fakes.http import HttpApi
    from pileup.fakes.model import Model

__all__ = [
    "Bus",
    "Cache",
    "Database",
    "Files",
    "HttpApi",
    "Lock",
    "Memory",
    "Model",
    "Shared",
    "World",
]

# Each is imported when it is first used, because a program needs one or two of them.
_HOMES = {
    "Bus": "bus",
    "Cache": "cache",
    "Database": "database",
    "Files": "files",
    "HttpApi": "http",
    "Model": "model",
}


def __getattr__(name: str) -> Any:  # Any: whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module 'pileup.fakes' has no attribute {name!r}")
    return getattr(import_module(f"pileup.fakes.{_HOMES[name]}"), name)
