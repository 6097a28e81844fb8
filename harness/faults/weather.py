"""A plan in force: what it says of each operation of one run, and what of that it remembers."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

from pileup.choices import Stream
from pileup.faults.rules import Plan, Rule
from pileup.operations import Call, Operation, Verdict, nothing
from pileup.results import Tally

Texts: TypeAlias = tuple[str, ...]
"""What an operation is called: all of it, what is done, and each thing that is touched."""


class Choose(Protocol):
    """How a run asks for a choice."""

    def __call__(self, stream: Stream, count: int, label: str, odds: float | None = None) -> int:
        """Ask."""


CUT: Final = "partition"
ANYTHING: Final = "*"
REMEMBERED: Final = 4096


class Weather:
    """Asks each rule about each operation; the first that strikes decides.

    `crowd` tells how many agents there are, for a rule that picks its victim;
    `noted` is told each time when a rule has counted whom it met.
    """

    def __init__(
        self,
        plan: Plan,
        choose: Choose,
        crowd: Callable[[], int],
        noted: Callable[[], None] = nothing,
    ) -> None:
        self._choose = choose
        self._crowd = crowd
        self._noted = noted if any(map(_counts, plan.rules)) else nothing
        self._watches = [_Watch(number, rule) for number, rule in enumerate(plan.rules)]
        # Weather that may strike anywhere asks nobody what an operation is called.
        self._is_aimed = any(rule.on != ANYTHING or rule.after for rule in plan.rules)
        self._cuts: dict[tuple[str, str], float] = {}

    def befall(self, call: Call) -> Verdict | None:
        """Say what befalls an operation, if anything does."""
        self._noted()
        label = call.op.label
        if self._is_cut_off(call):
            return Verdict(CUT, self._cuts[_link(call)] - call.now, after=False)
        texts = _texts(call.op, label) if self._is_aimed else ()
        struck = next(
            (each for each in self._watches if self._strikes(each, call, label, texts)), None
        )
        for watch in self._watches:
            watch.see(call, texts)
        if struck is None:
            return None
        struck.strikes += 1
        rule = struck.rule
        if rule.fault == CUT:
            self._cuts[_link(call)] = call.now + rule.lasting
        return Verdict(rule.fault, rule.lasting, after=rule.moment == "after")

    @property
    def tally(self) -> tuple[Tally, ...]:
        """How often each rule met what it speaks of, and how often it struck."""
        return tuple(Tally(watch.met, watch.strikes) for watch in self._watches)

    def _is_cut_off(self, call: Call) -> bool:
        until = self._cuts.get(_link(call)) if self._cuts else None
        return until is not None and call.now < until

    def _strikes(self, watch: _Watch, call: Call, label: str, texts: Texts) -> bool:
        rule = watch.rule
        if rule.fault not in call.possible or not watch.concerns(call, texts):
            return False
        watch.met += 1
        if not watch.is_due(call.now):
            return False
        if rule.victim and not self._is_victim(watch, call):
            return False
        group = _group(rule, call)
        if group is None:
            return self._ask(rule, f"{call.agent}: {label}")
        if group not in watch.decided:
            watch.decided[group] = self._ask(rule, group)
        return watch.decided[group]

    def _is_victim(self, watch: _Watch, call: Call) -> bool:
        """Let one agent be the victim: each that comes up may be it, until one is."""
        if watch.victim is None:
            left = max(1, self._crowd() - len(watch.spared))
            if call.agent not in watch.spared:
                label = f"{call.agent} is the victim of {watch.rule.fault}"
                if self._choose("faults", 2, label, 1 / left):
                    watch.victim = call.agent
                watch.spared[call.agent] = None
        return watch.victim == call.agent

    def _ask(self, rule: Rule, whom: str) -> bool:
        return self._choose("faults", 2, f"{rule.fault}, {whom}", rule.odds) == 1


class _Watch:
    """One rule, and what it has seen in this run."""

    def __init__(self, number: int, rule: Rule) -> None:
        self.number = number
        self.rule = rule
        self.met = 0
        self.strikes = 0
        self.victim: str | None = None
        self.spared: dict[str, None] = {}
        self.decided: dict[str, bool] = {}
        self._armed: dict[str, None] = {}

    def concerns(self, call: Call, texts: Texts) -> bool:
        """Whether the rule speaks of this operation, by whom and when in its work it comes."""
        rule = self.rule
        return (
            _fits(rule.on, texts)
            and _fits(rule.by, (call.agent, call.role, call.session))
            and _fits(rule.step, (call.step or "",))
            and (rule.after is None or call.agent in self._armed)
        )

    def is_due(self, now: float) -> bool:
        """Whether this one of the operations that the rule speaks of is one that it may strike."""
        rule = self.rule
        first, last = rule.calls
        return (
            first <= self.met <= last
            and (rule.most is None or self.strikes < rule.most)
            and (rule.window is None or rule.window[0] <= now < rule.window[1])
            and (not rule.flap or (self.met - 1) // rule.flap % 2 == 0)
        )

    def see(self, call: Call, texts: Texts) -> None:
        """Remember what an agent has done, where the rule waits for it."""
        after = self.rule.after
        if after is not None and _fits(after, texts):
            self._armed[call.agent] = None


def _fits(pattern: str, texts: Texts) -> bool:
    return pattern == ANYTHING or any(matches(pattern, text) for text in texts)


def _counts(rule: Rule) -> bool:
    """Whether what a rule does to one agent's operation depends on what others have done."""
    counted = rule.nth is not None or rule.flap or rule.most is not None
    return bool(counted or rule.victim or rule.together == "all")


def _group(rule: Rule, call: Call) -> str | None:
    """Name those that the rule decides on at once; None where it decides one by one."""
    if rule.together == "step" and call.step is not None:
        return f"{call.agent} in step {call.step}"
    if rule.together == "agent":
        return call.agent
    return "everybody" if rule.together == "all" else None


def _texts(op: Operation, label: str) -> Texts:
    return (label, op.name, *[touch.item.name for touch in op.touches])


def _link(call: Call) -> tuple[str, str]:
    touches = call.op.touches
    return call.agent, touches[0].item.resource if touches else ""


@lru_cache(maxsize=REMEMBERED)
def matches(pattern: str, text: str) -> bool:
    """Hold a pattern against a text: `*` is anything, all else is itself."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=REMEMBERED)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
