"""What may be used up in all: declared for detectors, and enforced by nobody."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from pileup.errors import UsageError

Per: TypeAlias = Literal["run", "session", "agent"]
"""Whose use is added up: all of it, each session's, or each agent's."""

PERS: Final = get_args(Per)


def caps(limits: dict[str, float | None], per: Per) -> tuple[str, ...]:
    """Spell a budget as the history keeps it: `calls:20:session`."""
    given = {unit: limit for unit, limit in limits.items() if limit is not None}
    if not given or per not in PERS or any(limit <= 0 for limit in given.values()):
        raise UsageError(
            f"A budget of {given or 'nothing'} per {per!r} was declared. Write for instance "
            "model.budget(dollars=1.0), or model.budget(calls=20, per='session')."
        )
    return tuple(f"{unit}:{limit:g}:{per}" for unit, limit in given.items())
