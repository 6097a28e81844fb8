"""Who takes part: how many agents, whose they are, and what each is given to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pileup.errors import UsageError
from pileup.hypothesis.binding import bind
from pileup.hypothesis.printing import Pretty

NO_WORK: Final = object()


@dataclass(frozen=True, repr=False)
class Member(Pretty):
    """One agent: the session it belongs to, if it is not one of its own, and its work."""

    session: str | None = None
    work: object = NO_WORK

    def __repr__(self) -> str:
        parts = [] if self.session is None else [repr(self.session)]
        parts += [] if self.work is NO_WORK else [f"work={self.work!r}"]
        return f"Member({', '.join(parts)})"


@dataclass(frozen=True, repr=False)
class Team(Pretty):
    """All agents of a run. Called with a function, it makes agents of it: `team(support)`."""

    members: Sequence[Member]

    def __repr__(self) -> str:
        return f"Team({list(self.members)!r})"

    def __len__(self) -> int:
        return len(self.members)

    def __call__(self, agent: Callable[..., object]) -> list[Callable[..., object]]:
        """Return the agents: copies of a function that takes `(world, me)`, and `work` if any."""
        return [
            bind(agent, each.session, {} if each.work is NO_WORK else {"work": each.work})
            for each in self.members
        ]


def teams(
    *,
    least: int = 2,
    most: int = 5,
    sessions: Collection[str] = (),
    work: SearchStrategy[object] | None = None,
) -> SearchStrategy[Team]:
    """Draw who takes part, from `least` to `most` agents.

    `sessions` names the sessions that they may belong to; without it each has
    its own. `work` draws what each is given to do.
    """
    _check(least, most, sessions, work)
    session = st.sampled_from(tuple(sessions)) if sessions else st.none()
    member = st.builds(Member, session, st.just(NO_WORK) if work is None else work)
    return st.lists(member, min_size=least, max_size=most).map(Team)


def _check(least: object, most: object, sessions: object, work: object) -> None:
    if type(least) is not int or type(most) is not int or not 0 < least <= most:
        raise UsageError(
            f"A team of least={least!r} to most={most!r} agents cannot be. Write whole numbers "
            "from 1 on, as in teams(least=2, most=5)."
        )
    if isinstance(sessions, str) or not all(isinstance(each, str) for each in _all(sessions)):
        raise UsageError(
            f"sessions={sessions!r}, but it is a list of names to draw from. Write "
            'teams(sessions=["ann", "bob"]).'
        )
    if work is not None and not isinstance(work, SearchStrategy):
        raise UsageError(
            f"work={work!r}, but it is a strategy that draws what one agent has to do. Write "
            f"teams(work=st.lists(st.integers(1, 3))), or st.just(...) for what is always the same."
        )


def _all(sessions: object) -> Collection[object]:
    return sessions if isinstance(sessions, Collection) else (None,)
