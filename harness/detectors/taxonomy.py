"""The kinds of findings, as data: what each proves, how bad it is, and what removes it.

A kind implies another where the second is only the first one's shadow: both
speak of the same events, and who mends the first has mended both. Then the
shadow is not reported.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple


class Kind(NamedTuple):
    """One kind of finding. `proves` completes the sentence "it proves that ..."."""

    severity: str
    proves: str
    advice: str
    implies: tuple[str, ...] = ()


KINDS: Final = MappingProxyType(
    {
        "lost_write": Kind(
            "critical",
            "a write that was based on a stale read erased a change its writer never saw",
            "let nobody come between the read and the write: hold a lock around both, read with "
            "for_update in a transaction, compare and set, or change it in one operation "
            "(an increment, an append)",
            ("write_skew", "read_skew", "dirty_write", "circular_flow"),
        ),
        "not_serial": Kind(
            "medium",
            "the agents came to a result that they come to in no order one after another",
            "make what each agent does one unit: a lock or a serializable transaction around all "
            "of it; if agents may well come between each other here, do not ask for the oracle",
        ),
    }
)
