"""Plans by name, for those who want weather rather than a single lightning."""

from __future__ import annotations

from typing import Final, TypeAlias

from pileup.errors import UsageError
from pileup.faults.rules import Plan, Rule

Faults: TypeAlias = "str | Rule | Plan | list[Rule] | tuple[Rule, ...] | None"
"""What `faults=` takes: a profile's name, a rule, rules, or a plan."""

_NETWORK: Final = (
    Rule("refused", odds=0.02),
    Rule("timeout", odds=0.02),
    Rule("unavailable", odds=0.02),
    Rule("throttled", odds=0.02, together="step"),
    Rule("slow", odds=0.03),
)
_ACKS: Final = (
    Rule("lost", odds=0.05),
    Rule("reset", odds=0.03),
    Rule("late", odds=0.03),
    Rule("duplicated", odds=0.03),
)
_AGENTS: Final = (
    Rule("crash", odds=0.01, most=1),
    Rule("crash", odds=0.01, most=1, moment="before"),
    Rule("restart", odds=0.02, most=2),
    Rule("pause", odds=0.02, most=2),
)
_WORLD: Final = (
    Rule("error", odds=0.01),
    Rule("stale", odds=0.03),
    Rule("torn", odds=0.01),
    Rule("evicted", odds=0.02),
    Rule("expired", odds=0.02),
    Rule("reordered", odds=0.05),
    Rule("partition", odds=0.005, most=1),
    Rule("skew", odds=0.005, most=1),
    Rule("hang", odds=0.002, most=1),
    Rule("cancel", odds=0.005, most=1),
    Rule("schema", odds=0.01),
    Rule("wrong", odds=0.02),
    Rule("invented", odds=0.01),
    Rule("truncated", odds=0.01),
    Rule("malformed", odds=0.01),
    Rule("refusal", odds=0.01),
)

PROFILES: Final[dict[str, Plan]] = {
    plan.name: plan
    for plan in (
        Plan((), "none"),
        Plan(_NETWORK, "flaky-network"),
        Plan(_ACKS, "lossy-acks"),
        Plan(_AGENTS, "crashy"),
        Plan((*_ACKS, *_AGENTS, *_WORLD, *_NETWORK), "3am"),
    )
}


def plan_of(faults: Faults) -> Plan:
    """Return the plan that is meant."""
    if faults is None:
        return PROFILES["none"]
    if isinstance(faults, Plan):
        return faults
    if isinstance(faults, Rule):
        return Plan((faults,))
    if isinstance(faults, str) and faults in PROFILES:
        return PROFILES[faults]
    if isinstance(faults, list | tuple) and all(isinstance(each, Rule) for each in faults):
        return Plan(tuple(faults))
    raise UsageError(
        f"`faults` is the name of a profile ({', '.join(PROFILES)}), a pileup.faults.Rule, or a "
        f"list of rules; {faults!r} was given. Write faults='flaky-network', or "
        "faults=[Rule('lost', on='POST*', nth=3)]."
    )
