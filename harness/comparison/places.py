"""Where each control is tried out, taken away and alone.

In a storm everything goes wrong, and whoever survives it owes that to the first
control that stepped in. So each control has a day on which it is the one that
matters, in a topology that has a use for it.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Place(NamedTuple):
    """Where a control is tried out: in which topology, on which day, how often."""

    topology: str
    day: str
    runs: int = 6


ANY_ORDER: Final = 24
"""So many runs where it takes a certain order of the agents to go wrong."""

PLACES: Final[dict[str, tuple[Place, ...]]] = {
    "idempotency": (Place("supervisor", "lost answers"),),
    "deduplication": (Place("supervisor", "lost answers"),),
    "exclusion": (Place("supervisor", "rough night", ANY_ORDER),),
    "one_retry_owner": (Place("supervisor", "short outage"),),
    "backoff": (Place("supervisor", "short outage", 3),),
    "retry_budget": (Place("supervisor", "long silence", 3),),
    "timeouts": (Place("supervisor", "hanging call"),),
    "breaker": (Place("supervisor", "outage", 3),),
    "gates": (Place("supervisor", "inventions"),),
    "partial_policy": (Place("fan-out", "refusals"),),
    "fallback": (Place("supervisor", "one model down"),),
    "money_cap": (Place("chaining", "calm day"),),
    "turn_caps": (Place("chaining", "calm day"),),
    "loop_detection": (Place("chaining", "calm day"), Place("critic", "misjudgements", 9)),
    "round_cap": (Place("critic", "misjudgements", 9),),
    "rate_limiter": (Place("supervisor", "rush", 3),),
    "private_cache": (Place("supervisor", "calm day"),),
    "semantic_cache": (Place("supervisor", "calm day"),),
    "routing": (Place("supervisor", "calm day"),),
    "checkpoints": (Place("mesh", "restarts"),),
    "compensation": (Place("supervisor", "no post"),),
    "standby": (Place("supervisor", "deaths"),),
    "scratchpads": (Place("pipeline", "rough night", ANY_ORDER),),
    "sanitising": (Place("supervisor", "calm day"),),
    "audit": (Place("supervisor", "calm day"),),
}
"""Where each control is seen at work: in a topology that has a use for it, on a day that needs it.
"""
