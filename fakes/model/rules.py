"""Who answers what: rules over the prompt, and scripts that are read answer by answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from pileup.errors import UsageError
from pileup.fakes.model.answers import Reply, as_reply
from pileup.fakes.model.odds import Odds, Rates, odds_of
from pileup.fakes.model.prompts import Prompt
from pileup.faults.weather import matches

Pattern: TypeAlias = "str | re.Pattern[str]"
Says: TypeAlias = Callable[[Prompt], object]
"""What a rule is: a function of the prompt."""

EVERYTHING: Final = "*"
LONGEST: Final = 120


class Where(Rates, total=False):
    """For whom a rule is, and how often it goes wrong where that differs from the model's rates.

    `by` is an agent's name, role or session, `model` a model's name; in both
    `*` stands for anything. `wrong_answers` are given in place of the right one
    when the answer is to be wrong.
    """

    by: str
    model: str
    wrong_answers: Sequence[object]


class Rule(NamedTuple):
    """One rule: whose prompts it fits, and what it says to them."""

    pattern: Pattern
    fits: Callable[[str], object]
    says: Says
    by: str
    model: str
    odds: Odds | None
    wrong_answers: tuple[Reply, ...]

    def is_for(self, prompt: Prompt) -> bool:
        """Whether it is for who asks, and for the model that is asked."""
        if self.by is self.model is EVERYTHING:
            return True
        names = (prompt.agent, prompt.role, prompt.session)
        asks = any(matches(self.by, name) for name in names)
        return asks and matches(self.model, prompt.model)

    def __str__(self) -> str:
        pattern = self.pattern if isinstance(self.pattern, str) else self.pattern.pattern
        limits = [f"{name}={text!r}" for name, text in (("by", self.by), ("model", self.model))]
        named = [each for each in limits if not each.endswith("'*'")]
        of_script = f"{self.says}, " if isinstance(self.says, Script) else ""
        return f"{of_script}{', '.join([repr(pattern), *named])}"


class Script:
    """Answers in order. Each agent reads it from its beginning, unless it is `shared`."""

    def __init__(self, answers: Sequence[object], shared: bool) -> None:
        self._answers = [as_reply(answer) for answer in answers]
        self._read: dict[str, int] = {}
        self.shared = shared

    def __call__(self, prompt: Prompt) -> Reply | None:
        """Read the next answer; None after the last."""
        reader = "" if self.shared else prompt.agent
        at = self._read.get(reader, 0)
        if at == len(self._answers):
            return None
        self._read[reader] = at + 1
        return self._answers[at]

    def __str__(self) -> str:
        return f"a script of {len(self._answers)}"


def make(pattern: Pattern, says: Says, where: Where) -> Rule:
    """Check what was declared, and make a rule of it."""
    unknown = sorted(where.keys() - Where.__annotations__.keys() - Rates.__annotations__.keys())
    if unknown or not _is_pattern(pattern):
        said = f"option {unknown[0]!r}" if unknown else f"pattern {pattern!r}"
        raise UsageError(
            f"A rule was declared with the {said}. A pattern is a part of the prompt, in which * "
            "stands for anything, or a compiled regular expression. Options are by, model, "
            f"wrong_answers, and the rates {', '.join(Rates.__annotations__)}."
        )
    rated = any(name in where for name in Rates.__annotations__)
    return Rule(
        pattern,
        _finder(pattern),
        says,
        where.get("by", EVERYTHING),
        where.get("model", EVERYTHING),
        odds_of(where) if rated else None,
        tuple(as_reply(each) for each in where.get("wrong_answers", ())),
    )


def _is_pattern(given: object) -> bool:
    return isinstance(given, str | re.Pattern) and given != ""


def _finder(pattern: Pattern) -> Callable[[str], object]:
    if not isinstance(pattern, str):
        return pattern.search
    if pattern == EVERYTHING:
        return _anything
    if EVERYTHING not in pattern:
        return lambda text: pattern in text
    return re.compile(".*".join(map(re.escape, pattern.split(EVERYTHING))), re.DOTALL).search


def _anything(_: str) -> bool:
    return True


class Rules:
    """All rules of one model, in the order in which they were declared."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._last: list[Rule] = []
        self.scripts: list[tuple[Rule, Script]] = []

    def add(self, rule: Rule) -> None:
        """Add a rule behind those there are."""
        if isinstance(rule.says, Script):
            self.scripts.append((rule, rule.says))
        elif rule.pattern == EVERYTHING:
            self._last.append(rule)
            return
        self._rules.append(rule)

    def answer(self, prompt: Prompt) -> tuple[Reply, Rule | None]:
        """Return what the first rule says that fits.

        The newest message is looked at first (with the system's), then the
        whole conversation: what was asked in the first turn is still there in
        the second, and its rule would answer for ever. Rules for everything
        that is left come last; a script for everything is read in its turn.
        """
        if not (self._rules or self._last):
            return Reply(prompt.last), None
        said = self._first(prompt, self._rules, prompt.asked)
        if said is None and prompt.asked is not prompt.text:
            said = self._first(prompt, self._rules, prompt.text)
        if said is None:
            said = self._first(prompt, self._last, prompt.text)
        if said is None:
            raise UsageError(self._complaint(prompt))
        return said

    def _first(self, prompt: Prompt, rules: Sequence[Rule], text: str) -> tuple[Reply, Rule] | None:
        for rule in rules:
            if rule.fits(text) and rule.is_for(prompt):
                try:
                    said = rule.says(prompt)
                except UsageError:
                    raise
                except Exception as error:
                    raise _broken(rule, error) from error
                if said is not None or not isinstance(rule.says, Script):
                    return as_reply(said), rule
        return None

    def _complaint(self, prompt: Prompt) -> str:
        short = prompt.last[:LONGEST]
        listed = "; ".join(map(str, (*self._rules, *self._last)))
        return (
            f"{prompt.agent} asked the model {prompt.model!r}: {short!r}, and no rule fits, or the "
            f"script has been read to its end. There are rules for {listed}. In setup, add what is "
            f"missing: model.answer({prompt.last[:20]!r}, 'the answer'), or model.answer('*', "
            "'whatever') for all that is left."
        )


def _broken(rule: Rule, error: Exception) -> UsageError:
    return UsageError(
        f"The rule for {rule} raised {type(error).__name__}: {error}. A rule is the fake's own "
        "code, so this is not what a caller sees. For calls that fail use faults, as in "
        "faults=[pileup.faults.Rule('unavailable', on='*model*')]."
    )
