"""Every fault there is: when it strikes, how long it takes, what it does, in words.

`before` and `after` are the two sides of an operation's effect, which is all
the difference: an agent that retries after the one is right, after the other
it does things twice.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

Side: TypeAlias = Literal["before", "after", "around", "instead", "agent"]
"""Where a fault strikes: before or after the effect, around it, in place of it, or the agent."""


class Kind(NamedTuple):
    """One fault. `seconds` is how long it takes where the rule does not say."""

    side: Side
    says: str
    seconds: float = 0.0


CATALOGUE: Final[dict[str, Kind]] = {
    # Before the effect: nothing has happened, and the caller hears of it.
    "error": Kind("before", "the server answers with an error"),
    "timeout": Kind("before", "no answer comes, because the request never arrived", 30.0),
    "refused": Kind("before", "the connection is refused"),
    "throttled": Kind("before", "the server asks to slow down (429)"),
    "unavailable": Kind("before", "the server is overloaded (5xx)"),
    "full": Kind("before", "there is no space left"),
    "denied": Kind("before", "access is denied"),
    # After the effect: it has happened, and the caller does not know.
    "lost": Kind("after", "it happens, and the answer never arrives", 30.0),
    "reset": Kind("after", "it happens, and the connection breaks before the answer"),
    "late": Kind("after", "it happens, and the answer takes long", 30.0),
    # Around it.
    "slow": Kind("around", "it takes long to happen", 10.0),
    "hang": Kind("around", "it never happens, and no answer ever comes"),
    "partition": Kind("around", "the agent cannot reach it for a while", 30.0),
    "skew": Kind("around", "the agent's clock is off from here on", 300.0),
    # Instead of it: something else happens, which each fake knows.
    "stale": Kind("instead", "an older state is read"),
    "torn": Kind("instead", "only a part is written"),
    "evicted": Kind("instead", "the key was thrown out to make room"),
    "expired": Kind("instead", "the lease has run out"),
    "duplicated": Kind("instead", "it is delivered twice"),
    "reordered": Kind("instead", "it is delivered out of order"),
    "schema": Kind("instead", "the answer has another format"),
    "wrong": Kind("instead", "the model is wrong"),
    "invented": Kind("instead", "the model makes something up"),
    "truncated": Kind("instead", "the model's answer is cut off"),
    "malformed": Kind("instead", "the model's answer cannot be parsed"),
    "refusal": Kind("instead", "the model refuses"),
    # To the agent.
    "crash": Kind("agent", "the agent dies here; its locks stay"),
    "restart": Kind("agent", "the agent dies here and begins anew", 5.0),
    "pause": Kind("agent", "the agent stands still, as in a long garbage collection", 60.0),
    "cancel": Kind("agent", "the agent is cancelled here"),
}

ANYWHERE: Final = frozenset(
    name for name, kind in CATALOGUE.items() if kind.side in ("around", "agent")
) | {"late"}
"""What can befall any operation, whichever fake it is of."""
