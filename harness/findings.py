"""A finding: what went wrong, by name and with proof, as data first and prose second."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from pileup.errors import UsageError
from pileup.spelling import Brief

SCHEMA: Final = 1

SEVERITIES: Final = ("low", "medium", "high", "critical")
"""From the least to the worst, which is the order in which an exploration reports them last."""


SYMPTOMS: Final = ("agent_failed", "check_failed", "overrun", "not_serial")
"""What only says that something went wrong; the cause, where it is named, is told first."""

Rank: TypeAlias = tuple[int, bool, str, str]
"""What findings are sorted by, so that their order is always the same."""

MADE_UP: Final = re.compile(
    r"(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|[0-9a-f]{12,}"
    r"|(?<![^\W_])(?=[a-f]*\d)[0-9a-f]{6,11}(?![^\W_])"
)
"""What was drawn at random or is a hash: a UUID, `3f2a90c1d4e5`, and `3f2a90` as a word."""

NUMBERS: Final = re.compile(rf"{MADE_UP.pattern}|\d+")
"""What differs between things of one sort: `order-17`, and what was made up."""


@dataclass(frozen=True)
class Finding:
    """One thing that went wrong in one run.

    `title` and `explanation` are for people; `receipt` holds the same facts
    for machines; `evidence` are the numbers of the events that prove it.
    `replay` is the token that shows it again.
    """

    kind: str
    severity: str
    title: str
    explanation: str
    resource: str = ""
    key: str = ""
    agents: tuple[str, ...] = ()
    evidence: tuple[int, ...] = ()
    receipt: dict[str, Brief] = field(default_factory=dict)
    advice: str = ""
    replay: str = ""
    mark: str = ""

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise UsageError(
                f"A finding's severity is one of {', '.join(SEVERITIES)}; "
                f"{self.severity!r:.60} was given for {self.kind!r:.60}."
            )

    @property
    def fingerprint(self) -> str:
        """The same for the same bug in another run: what went wrong and where, not who or when.

        `mark` is what tells two bugs of one kind on one resource apart, for
        instance the line that raised. Numbers in keys do not count: what goes
        wrong with order 17 goes wrong with order 18. What was made up for one
        run counts nowhere.
        """
        return _fingerprint(self.kind, self.resource, self.key, self.mark)

    @property
    def rank(self) -> Rank:
        """Worst first, causes before symptoms, then by kind and fingerprint."""
        symptom = self.kind in SYMPTOMS
        return (-SEVERITIES.index(self.severity), symptom, self.kind, self.fingerprint)

    def to_json(self) -> str:
        """Write the finding as one JSON object."""
        page = {"pileup_finding": SCHEMA, "fingerprint": self.fingerprint, **asdict(self)}
        return json.dumps(page, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Finding:
        """Read what `to_json` wrote."""
        try:
            page: dict[str, Any] = json.loads(text)
            if page["pileup_finding"] != SCHEMA:
                raise ValueError(f"format {page['pileup_finding']}")
            known = {each.name: page[each.name] for each in fields(cls)}
            for name in ("agents", "evidence"):
                known[name] = tuple(known[name])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UsageError(
                f"This is not a pileup finding of format {SCHEMA} ({error}). "
                "Give the text that `finding.to_json()` wrote, whole."
            ) from None
        return cls(**known)


@lru_cache(maxsize=4096)  # because most runs of a search show what one before them has shown
def _fingerprint(kind: str, resource: str, key: str, mark: str) -> str:
    key, mark = NUMBERS.sub("#", key), MADE_UP.sub("#", mark)
    text = f"{kind}\0{resource}\0{key}\0{mark}"
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()
