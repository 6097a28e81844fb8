"""Property-based tests of agents: Hypothesis draws the order, the faults and who takes part.

    @given(order=schedules(), agents=st.integers(2, 5), faults=plans(on=["POST*"]))
    def test_nobody_pays_twice(order, agents, faults):
        order.play(pay, agents=agents, faults=faults, setup=shop).assert_clean()

Everything is drawn before a run begins, so what fails shrinks all together, and
Hypothesis' example database, `@example`, `@seed`, `@reproduce_failure` and
`derandomize` work as ever. See docs/hypothesis.md.
"""

from __future__ import annotations

from pileup.faults.drawn import plans
from pileup.hypothesis.jobs import Job
from pileup.hypothesis.machine import Machine, action
from pileup.hypothesis.mistakes import mistakes
from pileup.hypothesis.playing import Found, Played
from pileup.hypothesis.schedules import Schedule, schedules
from pileup.hypothesis.teams import Member, Team, teams

__all__ = [
    "Found",
    "Job",
    "Machine",
    "Member",
    "Played",
    "Schedule",
    "Team",
    "action",
    "mistakes",
    "plans",
    "schedules",
    "teams",
]
