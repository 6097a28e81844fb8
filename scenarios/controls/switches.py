"""The switches: which controls are on. Naive is all off, hardened is all on.

Each switch has one implementation, in this package or, where it is a way to do
something (a lock, an upsert), in the tool that does it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

from pileup import UsageError

CONTROLS: Final[dict[str, str]] = {
    "idempotency": "a key, made once for each intent, on every call that changes something",
    "deduplication": "a shared record has a key of its own, and the second insert does nothing",
    "exclusion": "locks, transactions and compare-and-set around read, change, write",
    "one_retry_owner": "one layer tries again, the outermost; those below it fail at once",
    "backoff": "waits between attempts grow, with jitter, and heed what a server asks for",
    "retry_budget": "so many retries for a task, not for each of its calls",
    "timeouts": "every call and every agent has one",
    "breaker": "who fails too often is left alone for a while",
    "gates": "what is handed on is validated: its form, and that its source says it",
    "partial_policy": "a missing part is asked for again, and else it is said to be missing",
    "fallback": "another model, then a human, when the first does not get it right",
    "money_cap": "at 80% of the money a cheaper model, at 100% what there is, marked incomplete",
    "turn_caps": "so many turns for an agent, and so many turns and tool calls for a task",
    "loop_detection": "who is in the same state three times is stopped",
    "round_cap": "a debate ends after so many rounds, and somebody breaks the tie",
    "rate_limiter": "all agents ask one place whether they may call, urgent ones first",
    "private_cache": "what is private is cached for its own session alone",
    "semantic_cache": "what has been answered before is not asked again, if only worded otherwise",
    "routing": "what is easy goes to a cheaper model",
    "checkpoints": "each step that is done is noted, and a restart goes on from there",
    "compensation": "what was done is undone where the rest cannot be",
    "standby": "somebody watches, and takes over from who has died",
    "scratchpads": "intermediate results are private, and shared only once they are validated",
    "sanitising": "what goes out is cleaned of what must not",
    "audit": "every hand-off is written down, with what was handed over",
}
"""Every control there is, and what it does."""


@dataclass(frozen=True)
class Controls:
    """Which controls are on: `Controls(idempotency=True, timeouts=True)`."""

    idempotency: bool = False
    deduplication: bool = False
    exclusion: bool = False
    one_retry_owner: bool = False
    backoff: bool = False
    retry_budget: bool = False
    timeouts: bool = False
    breaker: bool = False
    gates: bool = False
    partial_policy: bool = False
    fallback: bool = False
    money_cap: bool = False
    turn_caps: bool = False
    loop_detection: bool = False
    round_cap: bool = False
    rate_limiter: bool = False
    private_cache: bool = False
    semantic_cache: bool = False
    routing: bool = False
    checkpoints: bool = False
    compensation: bool = False
    standby: bool = False
    scratchpads: bool = False
    sanitising: bool = False
    audit: bool = False

    @classmethod
    def all(cls) -> Controls:
        """Switch all of them on: hardened."""
        return cls(**dict.fromkeys(CONTROLS, True))

    @classmethod
    def only(cls, *names: str) -> Controls:
        """Switch these on, and no other."""
        return replace(cls(), **dict.fromkeys(_known(names), True))

    def without(self, *names: str) -> Controls:
        """Switch these off."""
        return replace(self, **dict.fromkeys(_known(names), False))

    @classmethod
    def named(cls, said: str) -> Controls:
        """Return the controls that `str` has called so."""
        if said in ("naive", "hardened"):
            return cls() if said == "naive" else cls.all()
        how, _, names = said.partition(" ")
        if how not in ("only", "without"):
            raise UsageError(
                f"{said!r} says nothing of controls. Write 'naive', 'hardened', "
                "'without gates, timeouts' or 'only gates'."
            )
        listed = names.split(", ")
        return cls.only(*listed) if how == "only" else cls.all().without(*listed)

    @property
    def on(self) -> tuple[str, ...]:
        """Name those that are on."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name))

    def __str__(self) -> str:
        """Say which they are in the shortest way: the names, or those that are missing."""
        off = [name for name in CONTROLS if name not in self.on]
        if not self.on:
            return "naive"
        if not off:
            return "hardened"
        if len(off) < len(self.on):
            return f"without {', '.join(off)}"
        return f"only {', '.join(self.on)}"


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in CONTROLS:
            raise UsageError(f"There is no control {name!r}. There are {', '.join(CONTROLS)}.")
    return names
