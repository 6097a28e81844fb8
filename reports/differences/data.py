"""What two reports differ in as JSON data.

{"pileup_differences": 1, "is_worse": true, "found": [{"trend": "new", ...}], "same": 3, ...}
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

from pileup.reports.differences.model import Count, Difference, Differences, Figure

SCHEMA: Final = 1


def write(found: Differences) -> str:
    """Write it as one JSON object."""
    page = {
        "pileup_differences": SCHEMA,
        "is_worse": found.is_worse,
        **asdict(found),
        "found": [_difference(each) for each in found.found],
    }
    return json.dumps(page, indent=1)


def _difference(each: Difference) -> dict[str, object]:
    return {**asdict(each), "before": _figure(each.before), "after": _figure(each.after)}


def _figure(each: Figure) -> dict[str, object]:
    return each._asdict() if isinstance(each, Count) else asdict(each)
