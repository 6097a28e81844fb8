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
            ("write_skew", "read_skew", "dirty_write", "circular_flow", "torn_write"),
        ),
        "torn_read": Kind(
            "high",
            "somebody read what another had written only in part",
            "write beside it and let that take its place in one operation (replace_text, "
            "os.replace), or hold a lock around all parts of the write and around the read",
        ),
        "torn_write": Kind(
            "high",
            "two writes of one thing were mixed, and what is left is neither",
            "write beside it and let that take its place in one operation (replace_text, "
            "os.replace), or hold a lock around all parts of the write",
        ),
        "retry_amplification": Kind(
            "high",
            "one call became many attempts, because several places retry it one above the other",
            "let one place retry, with a bound, and the others pass the failure on: switch off the "
            "client's own retries (max_retries=0), or give all of them one budget of attempts",
        ),
        "duplicate_effect": Kind(
            "critical",
            "one effect that was meant once happened more than once",
            "make an idempotency key once, before the first attempt, store it with the work, and "
            "send it with every attempt; let the server refuse or replay what it has seen",
            ("lost_write",),
        ),
        "rate_limit_storm": Kind(
            "medium",
            "agents that were refused by a quota came back at once, again and again",
            "wait for as long as Retry-After says, or back off exponentially with jitter; share "
            "one limiter among all agents that use one quota",
        ),
        "no_recovery": Kind(
            "high",
            "work did not go on when the fault was over",
            "let a breaker that has opened try again after a while, bound queues and retries, and "
            "shed load until the service is up",
        ),
        "not_serial": Kind(
            "medium",
            "the agents came to a result that they come to in no order one after another",
            "make what each agent does one unit: a lock or a serializable transaction around all "
            "of it; if agents may well come between each other here, do not ask for the oracle",
        ),
    }
)
