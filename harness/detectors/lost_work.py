"""Lost work: a message was acknowledged before its work was done, and the worker is gone.

Who acknowledges first and crashes then has lost the message: nobody will get
it again. That is only certain where it can be seen that the work was not done:

* between taking the message and its end neither the agent nor a helper of its
  changed anything at all; or
* others of its role, which lived on, each did more after acknowledging.

What is right must stay silent: to acknowledge after the work, and to crash
then; a message that is not acknowledged, because it comes back; a message
whose worker began anew and went on with it; one that was delivered more than
once, and somebody who had it has done something, so that there may have been
nothing left to do; one that was sent again, in the same words, for the same session; one of
several that say the same, of which another was worked on: perhaps it was sent until it was done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.detectors.case import TASKS, Case
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import FAIL, RawRow
from pileup.operations import READ, Item

CLAIM: Final = "claim"
ACK: Final = "ack"
PUBLISH: Final = "publish"


class _Job:
    """One message with one agent: its rows, and what was changed before and after the ack."""

    def __init__(self, claim: int, item: Item, message: str) -> None:
        self.claim = claim
        self.item = item
        self.message = message
        self.ack: int | None = None
        self.end: int | None = None
        self.before = 0
        self.after = 0

    def see(self, number: int, row: RawRow) -> None:
        """Look at what its agent did: acknowledge it, or change something."""
        if row[0] == ACK and self.ack is None and row[1] and row[1][-1][1] != READ:
            self.ack = number if row[1][-1][0] is self.item else None
        elif row[2] and any(access != READ for _, access in row[1]):
            self.before += self.ack is None
            self.after += self.ack is not None


def lost_work(case: Case) -> Iterator[Finding]:
    """Find the messages that were acknowledged and never worked on."""
    if not any(_message(case, number) for number in case.noted) or not _has_failed(case):
        return
    desk = _jobs(case)
    seen: set[str] = set()
    if not desk.broken:
        return
    post = _Post(case, desk.worked_on())
    for job in desk.broken:
        role = case.agents[case.rows[job.claim][3]].role
        mark = f"{role} {case.rows[job.claim][5] or ''}"
        if mark in seen or not _is_lost(job, desk.whole.get(role, [])):
            continue
        if not desk.is_done(job) and not post.has_again(job):
            seen.add(mark)
            yield _finding(case, job, mark)


def _has_failed(case: Case) -> bool:
    """Whether any agent has ended otherwise than it was to."""
    ends = (case.rows[number] for rows in case.gone.values() for number in rows)
    return any(row[8] == FAIL or row[0] == "crash" for row in ends)


def _message(case: Case, number: int) -> str | None:
    note = case.rows[number][11]
    return None if note is None else note.message


class _Desk:
    """Which job each agent has, and how the jobs before ended."""

    def __init__(self, case: Case) -> None:
        self._parents = case.parents
        self.jobs: dict[int, _Job] = {}
        self._taken: dict[int, _Job] = {}
        """What each agent took last: its helpers may live on without it."""
        self._given: dict[int, _Job | None] = {}
        """What each helper was started for."""
        self._deliveries: dict[Item, list[_Job]] = {}
        self.whole: dict[str, list[_Job]] = {}
        self.broken: list[_Job] = []

    def take(self, agent: int, job: _Job) -> None:
        """Note that an agent was handed a message."""
        self.jobs[agent] = self._taken[agent] = job
        self._deliveries.setdefault(job.item, []).append(job)

    def works_on(self, agent: int) -> _Job | None:
        """Return what an agent has in hand, or whoever started it had by then."""
        if agent not in self._given:
            above = self._parents.get(agent * TASKS, -TASKS) // TASKS
            self._given[agent] = self._taken.get(above) or self._given.get(above)
        return self.jobs.get(agent) or self._given[agent]

    def is_done(self, job: _Job) -> bool:
        """Whether another who was handed the message may have done its work."""
        others = (each for each in self._deliveries[job.item] if each is not job)
        return any(each.before or each.after for each in others)

    def worked_on(self) -> set[str]:
        """Return the messages of which some who were handed them have changed something."""
        taken = (each for jobs in self._deliveries.values() for each in jobs)
        return {each.message for each in taken if each.before or each.after}

    def crash(self, agent: int, number: int) -> None:
        """Note that an agent has crashed; it may begin anew, and go on with its job."""
        if agent in self.jobs:
            self.jobs[agent].end = number

    def leave(self, agent: int, role: str, number: int, *, failed: bool) -> None:
        """Note that an agent is done with its job, or never will be."""
        job = self.jobs.pop(agent, None)
        if job is None or job.ack is None:
            return
        if failed or job.end is not None:
            job.end = number if job.end is None else job.end
            self.broken.append(job)
        else:
            self.whole.setdefault(role, []).append(job)


def _jobs(case: Case) -> _Desk:
    """Return what was done with messages: to the end, by role, and until a crash or a failure."""
    desk = _Desk(case)
    for number, row in enumerate(case.rows):
        agent = row[3]
        job = desk.works_on(agent)
        if row[0] == "crash":
            desk.crash(agent, number)
        elif row[0] in (CLAIM, "end"):
            failed = row[0] == "end" and row[8] == FAIL
            desk.leave(agent, case.agents[agent].role, number, failed=failed)
            message = _message(case, number) if row[0] == CLAIM and row[2] else None
            if message is not None:
                desk.take(agent, _Job(number, row[1][min(1, len(row[1]) - 1)][0], message))
        elif job is not None and row[8] != FAIL:
            job.see(number, row)
    for agent in list(desk.jobs):
        if desk.jobs[agent].end is not None:
            desk.leave(agent, case.agents[agent].role, len(case.rows), failed=True)
    return desk


def _is_lost(job: _Job, others: list[_Job]) -> bool:
    """Whether it is certain that the work was not done."""
    if others:
        return all(each.after > job.after for each in others)
    return not job.before and not job.after


class _Post:
    """Which messages say the same, and which of these were sent late, or worked on."""

    def __init__(self, case: Case, worked_on: set[str]) -> None:
        self._said: dict[str, str] = {}
        self._alike: dict[str, dict[str, int]] = {}
        self._worked_on = worked_on
        for number in case.noted:
            row, note = case.rows[number], case.rows[number][11]
            if row[0] == PUBLISH and row[2] and note is not None and note.message is not None:
                what = f"{case.agents[row[3]].session} {note.intent}"
                self._said[note.message] = what
                self._alike.setdefault(what, {})[note.message] = number

    def has_again(self, job: _Job) -> bool:
        """Whether the same was sent once more since it was taken, or else was done for another.

        Who sends a thing until it is done may have sent it again before it was taken.
        """
        alike = self._alike.get(self._said.get(job.message, ""), {})
        return any(
            number > job.claim or message in self._worked_on
            for message, number in alike.items()
            if message != job.message
        )


def _finding(case: Case, job: _Job, mark: str) -> Finding:
    assert job.ack is not None
    assert job.end is not None
    worker = case.agents[case.rows[job.claim][3]].name
    crashed = case.rows[job.end][10] == "crash"
    gone = "crashed" if crashed else "failed"
    message = job.message
    did = "before it had done anything" if not job.after else "in the middle of the work"
    return found(
        "lost_work",
        title=f"the message {message} was acknowledged, and its work was never done",
        explanation=(
            f"{worker} took {message}{said(case, job.claim)} and acknowledged it at once"
            f"{said(case, job.ack)}.\n"
            f"Then {worker} {gone} {did}{said(case, job.end)}.\n"
            "The queue has forgotten the message, so nobody will ever do it."
        ),
        item=job.item,
        agents=(worker,),
        evidence=(job.claim, job.ack, job.end),
        receipt={"message": message, "worker": worker, "crashed": crashed, "changes": job.after},
        mark=mark,
    )
