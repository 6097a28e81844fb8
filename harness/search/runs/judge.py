"""From how a run ended to findings: what can be said without any detector.

A check that fails, an agent that raises, a deadlock and a spent budget are
findings like any other. Detectors, which read the history alone, are added to
these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pileup.detectors import detect, without_shadows
from pileup.errors import UsageError
from pileup.findings import Finding
from pileup.history import INFO, History
from pileup.search.runs.failures import failures, left_waiting, origin, said_by
from pileup.search.runs.outcome import Ended
from pileup.search.runs.program import Program
from pileup.search.runs.serial import SerialOracle
from pileup.sim.endings import Deadlock, Overrun, Stuck
from pileup.sim.kernel import Sim

NEWEST = 12
FAR_BACK = 500
"""How many events tell what a run was at when it was stopped, and how far back they are looked for.
"""

REMEDY = {
    "steps": "an agent polls or retries without end; give it a limit, or allow more with "
    "budgets=pileup.Budgets(steps=...)",
    "events": "an agent works on without end; give it a limit, or allow more with "
    "budgets=pileup.Budgets(events=...)",
    "seconds": "an agent waits for something that never comes; give it a deadline, or allow more "
    "with budgets=pileup.Budgets(seconds=...)",
}


def symptoms(sim: Sim, program: Program) -> list[Finding]:
    """Say what is plain to see when a run has ended: how it ended, and what the check says."""
    return [*_endings(sim), *failures(sim), *_check(sim, program)]


def causes(
    ended: Ended, excused: Callable[[], bool | None], oracle: SerialOracle | None
) -> list[Finding]:
    """Say what detectors find in a run that has ended.

    The oracle, where the user asks for it, speaks only where no detector does:
    what they name is why the run is not serial.
    """
    found = detect(ended.history, excused)
    unexplained = None if oracle is None else oracle.finding(ended)
    return found if found or unexplained is None else [unexplained]


def judge(seen: list[Finding], causes: list[Finding]) -> tuple[Finding, ...]:
    """Put together what is plain to see and what has caused it, worst first."""
    found = without_shadows([*seen, *causes]) if seen and causes else [*seen, *causes]
    return tuple(sorted(found, key=lambda finding: finding.rank))


def _endings(sim: Sim) -> Iterator[Finding]:
    if isinstance(sim.ending, Deadlock):
        yield _deadlock(sim.ending, sim.history)
    elif isinstance(sim.ending, Overrun):
        yield _overrun(sim.ending, sim.history)


def _deadlock(ending: Deadlock, history: History) -> Finding:
    stuck = ending.stuck
    names = tuple(dict.fromkeys(each.name for each in stuck))
    return Finding(
        kind="deadlock",
        severity="critical",
        title=f"{', '.join(names)} {'waits' if len(names) == 1 else 'wait'} for ever",
        explanation="\n".join(_wait(each) for each in stuck),
        agents=names,
        evidence=left_waiting(history),
        advice="take locks in one order everywhere, or wait with a timeout"
        if any(each.held_by for each in stuck)
        else "wait with a timeout, and say what happens when it has passed",
        mark=" | ".join(sorted({f"{each.wants} {each.where[-1:]}" for each in stuck})),
    )


def _wait(each: Stuck) -> str:
    held = f", held by {', '.join(each.held_by)}" if each.held_by else ""
    wants = f"to {each.wants}{held}" if each.wants else "for something of its event loop"
    where = ", called from ".join(reversed(each.where)) or "a place that cannot be seen"
    return f"{each.name} waits {wants}, at {where}"


def _overrun(ending: Overrun, history: History) -> Finding:
    where = f"; the last agent to act was at {ending.where[-1]}" if ending.where else ""
    return Finding(
        kind="overrun",
        severity="high",
        title=f"the run did not end within its budget of {ending.limit:,g} {ending.budget}",
        evidence=_at_last(history),
        explanation=f"The run was stopped{where}. Probably {REMEDY[ending.budget]}.",
        advice="bound every loop: attempts, turns, or a deadline",
        mark=ending.budget,
    )


def _at_last(history: History) -> tuple[int, ...]:
    """Return the rows of what took effect last, and last by each agent that was at it still."""
    rows, acting = history.rows, set[int]()
    found: list[int] = []
    for number in range(len(rows) - 1, max(-1, len(rows) - FAR_BACK), -1):
        row = rows[number]
        if row[8] == INFO and not row[2]:
            continue  # what was still waited for
        if len(found) < NEWEST or row[3] not in acting:
            found.append(number)
        acting.add(row[3])
    return tuple(reversed(found))


def _check(sim: Sim, program: Program) -> Iterator[Finding]:
    if program.check is None or not all(agent.done for agent in sim.agents):
        return
    try:
        program.check(sim.world)
    except UsageError:
        raise  # a mistake in using pileup is no finding
    except Exception as error:  # noqa: BLE001 - a check may fail with anything
        said, rest = said_by(error)
        where = origin(error) or "an unknown line"
        yield Finding(
            kind="check_failed",
            severity="high",
            title=said or type(error).__name__,
            explanation=f"After all agents had ended, check(world) raised this "
            f"{type(error).__name__} at {where}.\n{rest}".rstrip(),
            advice="the interleaving below shows which operations came between which",
            mark=f"{type(error).__name__} {origin(error).partition(':')[2]}",
        )
