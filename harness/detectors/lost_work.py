"""Lost work: a message was acknowledged before its work was done, and the worker is gone.

Who acknowledges first and crashes then has lost the message: nobody will get
it again. That is only certain where it can be seen that the work was not done:

* between taking the message and its end the agent changed nothing at all; or
* others of its role, which lived on, each did more after acknowledging.

What is right must stay silent: to acknowledge after the work, and to crash
then; a message that is not acknowledged, because it comes back; a message
whose worker began anew and went on with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.detectors.case import Case
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import FAIL
from pileup.operations import Item

CLAIM: Final = "claim"
ACK: Final = "ack"


class _Job:
    """One message with one agent: its rows, and what was changed before and after the ack."""

    def __init__(self, claim: int, item: Item) -> None:
        self.claim = claim
        self.item = item
        self.ack: int | None = None
        self.end: int | None = None
        self.before = 0
        self.after = 0

    def change(self) -> None:
        """Count what its agent has changed."""
        if self.ack is None:
            self.before += 1
        else:
            self.after += 1


def lost_work(case: Case) -> Iterator[Finding]:
    """Find the messages that were acknowledged and never worked on."""
    if not any(_message(case, number) for number in case.noted) or not _has_failed(case):
        return
    desk = _jobs(case)
    seen: set[str] = set()
    for job in desk.broken:
        role = case.agents[case.rows[job.claim][3]].role
        mark = f"{role} {case.rows[job.claim][5] or ''}"
        if mark not in seen and _is_lost(job, desk.whole.get(role, [])):
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

    def __init__(self) -> None:
        self.jobs: dict[int, _Job] = {}
        self.whole: dict[str, list[_Job]] = {}
        self.broken: list[_Job] = []

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
    desk = _Desk()
    for number, row in enumerate(case.rows):
        agent, job = row[3], desk.jobs.get(row[3])
        if row[0] == "crash" and job is not None:
            job.end = number  # it may begin anew and go on
        elif row[0] in (CLAIM, "end"):
            failed = row[0] == "end" and row[8] == FAIL
            desk.leave(agent, case.agents[agent].role, number, failed=failed)
            if row[0] == CLAIM and row[2] and _message(case, number) is not None:
                desk.jobs[agent] = _Job(number, row[1][min(1, len(row[1]) - 1)][0])
        elif job is None or row[8] == FAIL:
            continue
        elif row[0] == ACK and job.ack is None and row[1] and row[1][-1][1] != "read":
            job.ack = number if row[1][-1][0] is job.item else None
        elif row[2] and any(access != "read" for _, access in row[1]):
            job.change()
    for agent in list(desk.jobs):
        if desk.jobs[agent].end is not None:
            desk.leave(agent, case.agents[agent].role, len(case.rows), failed=True)
    return desk


def _is_lost(job: _Job, others: list[_Job]) -> bool:
    """Whether it is certain that the work was not done."""
    if others:
        return all(each.after > job.after for each in others)
    return not job.before and not job.after


def _finding(case: Case, job: _Job, mark: str) -> Finding:
    assert job.ack is not None
    assert job.end is not None
    worker = case.agents[case.rows[job.claim][3]].name
    crashed = case.rows[job.end][10] == "crash"
    gone = "crashed" if crashed else "failed"
    message = _message(case, job.claim)
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
