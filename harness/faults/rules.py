"""A rule: which fault befalls which operations, how often. A plan: rules in order, as plain data.

    Rule("lost", on="POST*", nth=3)                 the third POST takes effect, its answer is lost
    Rule("slow", on="*database*", odds=0.05)        one call in twenty
    Rule("crash", on="write files[b]", after="write files[a]")   between these two writes
    Rule("unavailable", on="*http*", window=(10, 40))            an outage
    Rule("throttled", on="*model*", together="step")             all parallel calls of a step

In a pattern `*` stands for anything and everything else for itself. It is held
against what a report says of the operation: the whole (`write files[config.json]`),
what is done (`write`), and each thing that is touched (`files[config.json]`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from math import inf
from typing import Any, Final, Literal, TypeAlias

from pileup.errors import UsageError
from pileup.faults.catalogue import CATALOGUE

FORMAT: Final = 1

Moment: TypeAlias = Literal["before", "after"]
Together: TypeAlias = Literal["step", "agent", "all"]


@dataclass(frozen=True)
class Rule:
    """One fault and where it strikes.

    `on` says which operations, `by` which agents (by name, role or session),
    `step` which unit of work. Of those that match, `nth` picks one, or the
    first to the last of a pair; `window` those in a stretch of virtual time;
    `after` those that come after this agent has done something else; `flap`
    lets as many pass as it strikes, in turns. `odds` is how often it then
    strikes. `together` decides once for a whole step, agent, or run, and
    `victim` strikes one agent of the run alone. At most `most` times in a run.
    `seconds` is how long it takes, where it takes time; `moment` says whether an
    agent is struck before or after the effect.
    """

    fault: str
    on: str = "*"
    by: str = "*"
    step: str = "*"
    odds: float = 1.0
    nth: int | tuple[int, int] | None = None
    window: tuple[float, float] | None = None
    after: str | None = None
    flap: int = 0
    together: Together | None = None
    victim: bool = False
    most: int | None = None
    seconds: float | None = None
    moment: Moment = "after"

    def __post_init__(self) -> None:
        for complaint in _complaints(self):
            raise UsageError(f"The fault rule {self.fault!r} cannot be: {complaint}")

    @property
    def calls(self) -> tuple[float, float]:
        """The first and the last of the matching operations that it may strike."""
        if self.nth is None:
            return (1, inf)
        return (self.nth, self.nth) if isinstance(self.nth, int) else self.nth

    @property
    def lasting(self) -> float:
        """How long the fault takes, in virtual seconds."""
        return CATALOGUE[self.fault].seconds if self.seconds is None else self.seconds

    def __str__(self) -> str:
        return " ".join(_words(self))


def _complaints(rule: Rule) -> Iterable[str]:
    wrong = [name for name, (kinds, _) in KINDS.items() if not _is(getattr(rule, name), kinds)]
    if wrong:
        given = ", ".join(f"{name}={getattr(rule, name)!r}" for name in wrong)
        yield f"{given}; write {', '.join(f'{name}={KINDS[name][1]}' for name in wrong)}."
        return
    if rule.fault not in CATALOGUE:
        yield f"there is no such fault; there are {', '.join(CATALOGUE)}."
    if not 0 < rule.odds <= 1:
        yield f"odds={rule.odds!r}, but odds are above 0 and at most 1, as in odds=0.05."
    if rule.calls[0] < 1 or rule.calls[1] < rule.calls[0]:
        yield f"nth={rule.nth!r}, but calls are counted from 1; write nth=3 or nth=(3, 6)."
    if rule.window is not None and not 0 <= rule.window[0] < rule.window[1]:
        yield f"window={rule.window!r}, but a window is (from, to) in seconds of virtual time."
    if rule.seconds is not None and not 0 <= rule.seconds < inf:
        yield f"seconds={rule.seconds!r}, but a fault lasts for a number of seconds."
    if rule.flap < 0 or (rule.most is not None and rule.most < 1):
        yield "flap and most count operations; leave them out, or give whole numbers above 0."
    if rule.together not in (None, "step", "agent", "all"):
        yield f"together={rule.together!r}, but it is 'step', 'agent' or 'all'."
    if rule.moment not in ("before", "after"):
        yield f"moment={rule.moment!r}, but it is 'before' or 'after' the effect."


def _is(value: object, kinds: tuple[object, ...]) -> bool:
    """Whether a value is of one of these kinds; a tuple of kinds is a pair of such values."""
    for kind in kinds:
        if isinstance(kind, tuple):
            pair = value if isinstance(value, tuple) else ()
            if len(pair) == len(kind) and all(map(_is, pair, zip(kind, strict=True))):
                return True
        elif isinstance(kind, type) and isinstance(value, kind) and not _is_flag(value, kind):
            return True
    return False


def _is_flag(value: object, kind: type) -> bool:
    return isinstance(value, bool) and kind is not bool


KINDS: Final[dict[str, tuple[tuple[object, ...], str]]] = {
    "fault": ((str,), "'lost'"),
    "on": ((str,), "'POST*'"),
    "by": ((str,), "'worker-*'"),
    "step": ((str,), "'checkout'"),
    "odds": ((int, float), "0.05"),
    "nth": ((int, (int, int), type(None)), "3"),
    "window": (((float, float), (int, int), (int, float), (float, int), type(None)), "(10, 40)"),
    "after": ((str, type(None)), "'write*'"),
    "flap": ((int,), "5"),
    "most": ((int, type(None)), "2"),
    "seconds": ((int, float, type(None)), "30"),
    "victim": ((bool,), "True"),
}
"""What each argument of a rule may be, and an example of it."""


def _words(rule: Rule) -> Iterable[str]:
    first, last = rule.calls
    yield f"{rule.fault} on {rule.on} ({CATALOGUE[rule.fault].says})"
    yield from (words for said, words in _conditions(rule, first, last) if said)


def _conditions(rule: Rule, first: float, last: float) -> Iterable[tuple[object, str]]:
    start, end = rule.window or (0, 0)
    yield rule.nth, f"at call {first}" if first == last else f"at calls {first} to {last}"
    yield rule.by != "*", f"by {rule.by}"
    yield rule.step != "*", f"in step {rule.step}"
    yield rule.after, f"after {rule.after}"
    yield rule.window, f"from {start:g} s to {end:g} s"
    yield rule.flap, f"on and off every {rule.flap} calls"
    yield rule.odds < 1, f"in {rule.odds:.2g} of cases"
    yield (
        rule.together,
        "for all alike" if rule.together == "all" else f"alike for one {rule.together}",
    )
    yield rule.victim, "to one agent only"
    yield rule.most, f"at most {rule.most} times"


@dataclass(frozen=True)
class Plan:
    """Rules in order: the first whose fault strikes decides."""

    rules: tuple[Rule, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return "\n".join(str(rule) for rule in self.rules) or "no faults"

    def to_json(self) -> str:
        """Write the plan as one JSON object; what is as usual is left out."""
        page = {"pileup_faults": FORMAT, "name": self.name, "rules": [_page(r) for r in self.rules]}
        return json.dumps(page, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `to_json` wrote."""
        try:
            page: dict[str, Any] = json.loads(text)
            if page["pileup_faults"] != FORMAT:
                raise ValueError(f"format {page['pileup_faults']}")
            return cls(tuple(_rule(each) for each in page["rules"]), str(page["name"]))
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise UsageError(
                f"This is not a fault plan of format {FORMAT} ({type(error).__name__}: "
                f"{error!s:.80}). Give the text that `plan.to_json()` wrote, whole."
            ) from None


_USUAL: Final = {each.name: each.default for each in fields(Rule)}


def _page(rule: Rule) -> dict[str, object]:
    return {name: value for name, value in asdict(rule).items() if value != _USUAL[name]}


def _rule(page: dict[str, Any]) -> Rule:  # Any: JSON, checked by the rule itself
    pairs = {name: tuple(value) for name, value in page.items() if isinstance(value, list)}
    return Rule(**{**page, **pairs})
