"""What holds for all tests of detectors: none speaks without its sign."""

from __future__ import annotations

from support.signs import watched_signs

__all__ = ["watched_signs"]
