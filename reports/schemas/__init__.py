"""The published schema of all JSON that pileup writes for others to read (JSON Schema 2020-12)."""

from __future__ import annotations

from importlib import resources
from typing import Final

NAME: Final = "report.schema.json"


def schema() -> str:
    """Return the schema, as JSON."""
    return resources.files(__name__).joinpath(NAME).read_text("utf-8")
