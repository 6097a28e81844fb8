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
        "dirty_write": Kind(
            "critical",
            "units of work wrote over each other's half-done work, and what is left is a mixture",
            "hold one lock around all writes of a unit, or write all of it in one transaction",
            ("circular_flow", "intermediate_read", "read_skew", "write_skew"),
        ),
        "circular_flow": Kind(
            "high",
            "units of work each went by what the other had not finished yet",
            "let a unit's work be seen only when all of it is done: one transaction, or one lock "
            "around the unit",
        ),
        "aborted_read": Kind(
            "high",
            "a unit of work went by what another wrote and then took back",
            "let nobody see what may still be taken back: read only what is committed",
        ),
        "intermediate_read": Kind(
            "high",
            "a unit of work read what another was about to write over",
            "write the final value once, at the end, or hold a lock around all writes of a unit "
            "and around the read",
        ),
        "read_skew": Kind(
            "high",
            "a unit of work saw one thing from before and another from after a change",
            "read all of it at one time: from one snapshot (a transaction with repeatable read), "
            "in one operation, or under the lock that its writers hold",
        ),
        "write_skew": Kind(
            "high",
            "units of work each decided by what another was about to change",
            "let the second one see the first: a serializable transaction that is tried again when "
            "it is refused, for_update on all rows that are read, or one lock around the check "
            "and the write",
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
        "orphaned_lock": Kind(
            "high",
            "a lock is held by an agent that is gone, and another waits for it in vain",
            "give it back whatever happens (`with`, `finally`); where its holder may crash, take a "
            "lock that goes with its holder (flock) or runs out by itself (a lease)",
            ("deadlock",),
        ),
        "stolen_lease": Kind(
            "high",
            "who had lost a lease without noticing took it from the next holder",
            "give a lease back only if it is still one's own (compare and delete, as redis-py's "
            "lock does), make it longer in time (a heartbeat), and stop the work when that fails",
            ("lost_write",),
        ),
        "zombie_write": Kind(
            "high",
            "something was written by who had been given up, over what had been written instead",
            "let each attempt carry a number that only grows (a fencing token, a version) and "
            "refuse what comes with an older one; or stop an attempt for sure before the next",
            ("lost_write",),
        ),
        "session_leak": Kind(
            "critical",
            "the secret of one session came out in another's prompt, request or answer",
            "keep what belongs to a session under that session: in every key, file name and query, "
            "and in the call instead of the process' memory; share only what is public",
        ),
        "contamination": Kind(
            "high",
            "what a model got wrong was passed on without a check",
            "check an answer before anybody goes by it (a schema, a look-up in the real data, a "
            "second opinion), and stop there or ask again when it fails",
        ),
        "lost_work": Kind(
            "critical",
            "something was accepted and will never be done",
            "acknowledge a message after its work is done, not before; who crashes then gets it "
            "delivered again",
        ),
        "endless_loop": Kind(
            "high",
            "the same was done again and again, and nothing could make the next time different",
            "bound every loop (turns, rounds, hand-overs), stop when the same state has come three "
            "times, and say who decides then",
            ("overrun",),
        ),
        "livelock": Kind(
            "high",
            "agents were busy keeping each other from getting on, and none of them did any work",
            "take locks in one order everywhere, or wait a random while before trying again, "
            "longer each time",
            ("overrun", "starvation"),
        ),
        "starvation": Kind(
            "medium",
            "an agent never got what another got time and again",
            "let those who wait have their turn: a lock that serves in order, or a queue; who has "
            "had it waits a while before asking again",
            ("overrun",),
        ),
        "silent_partial": Kind(
            "high",
            "parts of a result never came, and it claims to be whole",
            "decide what happens when a part fails: fail as a whole, ask for it again, or say in "
            "the result what is missing",
        ),
        "budget_overrun": Kind(
            "medium",
            "more of a model was used than was allowed in all",
            "reserve what a call may use before making it, under one lock or in one atomic "
            "operation, and give back what was not used; to look first and call then is a race",
        ),
        "not_serial": Kind(
            "medium",
            "the agents came to a result that they come to in no order one after another",
            "make what each agent does one unit: a lock or a serializable transaction around all "
            "of it; if agents may well come between each other here, do not ask for the oracle",
        ),
    }
)

LASTING: Final = (
    *("lost_write", "dirty_write", "circular_flow", "aborted_read", "intermediate_read"),
    *("read_skew", "write_skew", "torn_read", "torn_write", "duplicate_effect"),
    *("session_leak", "contamination", "zombie_write", "stolen_lease", "deadlock"),
)
"""Kinds that have happened as soon as they show: what comes later neither takes them back nor
makes them worse, as more attempts make an amplification worse."""
