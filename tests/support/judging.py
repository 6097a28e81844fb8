"""Detectors against the oracle: all orders of a program, and where the two disagree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import factorial, prod
from typing import Any

from support.exhaust import Odometer
from support.generated import Generated

from pileup.results import Run
from pileup.search.explorer import Explorer
from pileup.sim.world import controlled
from pileup.strategies import Random

MOST_ORDERS = 40
"""How many orders of a program are run one by one; of a larger one, as many are drawn."""

SYMPTOMS = ("not_serial", "agent_failed", "check_failed", "deadlock", "overrun")
"""What is no detector's: how a run ended, and what the oracle itself says."""


@dataclass
class Judged:
    """What the oracle and the detectors said of each run of a program."""

    runs: int = 0
    wrong: int = 0
    complete: bool = False
    missed: Run | None = None
    """A run that is not serial, of which no detector says anything."""
    accused: dict[str, Run] = field(default_factory=dict)
    """By mark of a finding, the first run in which a detector said it."""
    confirmed: set[str] = field(default_factory=set)
    """The marks that were said of a run that is not serial."""

    @property
    def alarms(self) -> list[str]:
        """Name what was said of serial runs alone."""
        return [mark for mark in self.accused if mark not in self.confirmed]


def judged(program: Generated, most: int = MOST_ORDERS) -> Judged:
    """Run a program in every order, or in many, and note what was said."""
    explorer = program.explorer()
    told = Judged()
    verdicts: list[bool | None] = []
    original = explorer.oracle.explains

    def explains(ended: Any) -> bool | None:
        verdicts.append(original(ended))
        return verdicts[-1]

    explorer.oracle.explains = explains  # type: ignore[method-assign] # to hear what it says
    with controlled(explorer.conditions.budgets):
        try:
            for run in _runs(explorer, program, told, most):
                _note(told, run, verdicts[-1])
        finally:
            explorer.runtime.close()
    return told


def _runs(explorer: Explorer, program: Generated, told: Judged, most: int) -> Iterator[Run]:
    if _orders(program) <= 8 * most:  # waiting for locks makes them fewer than they seem
        odometer = Odometer()
        for _ in range(4 * most):
            yield explorer.run(odometer, 0)
            if not odometer.advance():
                told.complete = True
                return
    drawn = Random(0)
    for number in range(most):
        yield explorer.run(drawn, number)


def _orders(program: Generated) -> int:
    """Count the orders in which the operations of a program could come, were there no waiting."""
    lengths = [1 + sum(map(_length, each)) for each in program.agents]
    return factorial(sum(lengths)) // prod(map(factorial, lengths))


def _length(instruction: Any) -> int:
    if instruction[0] == "lock":
        return 2 + sum(map(_length, instruction[2]))
    return 2 if instruction[0] == "swap" else 1


def _note(told: Judged, run: Run, verdict: bool | None) -> None:
    told.runs += 1
    found = [each for each in run.findings if each.kind not in SYMPTOMS]
    wrong = verdict is False
    told.wrong += wrong
    for each in found:
        told.accused.setdefault(f"{each.kind} {each.fingerprint}", run)
        if wrong:
            told.confirmed.add(f"{each.kind} {each.fingerprint}")
    failed = any(each.kind == "agent_failed" for each in run.findings)  # which says enough
    if wrong and not found and not failed and told.missed is None:
        told.missed = run


def disagreement(program: Generated, most: int = MOST_ORDERS) -> str:
    """Say where detectors and oracle disagree; empty where they do not."""
    told = judged(program, most)
    if program.is_whole and told.missed is not None:
        return "missed"
    if told.alarms and told.complete:
        return f"alarm {told.alarms[0].partition(' ')[0]}"
    if told.alarms and not told.wrong:
        again = judged(program, 20 * most)
        if again.alarms and (again.complete or not again.wrong):
            return f"alarm {again.alarms[0].partition(' ')[0]}"
    return ""
