"""A directory to try things in: a mounted fake one, and a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.files_twice import POINT, mounted


@pytest.fixture(params=["fake", "real"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Name an empty directory."""
    if request.param == "real":
        yield str(tmp_path)
        return
    with mounted():
        yield POINT
