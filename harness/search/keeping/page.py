"""The text of an exported test: imports, the finding in words, the order, one call.

Whatever agents, files and values are called, none of it gets out of its
literal; and the text is as `ruff format` would have it, whatever the length of
lines it is set to.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from pileup.faults.rules import Plan, Rule
from pileup.findings import Finding
from pileup.search.keeping.imports import Names
from pileup.search.keeping.literals import INDENT, literal_of, plain, quoted, spread, value_of
from pileup.search.runs.program import Program, Setup
from pileup.search.runs.runner import Conditions
from pileup.settings import Budgets

WIDTH: Final = 88
MOST_TOLD: Final = 40
"""So many lines of an explanation are told."""

TEST: Final = '''\
"""{told}
"""

{imports}
{todo}
{constants}


def {name}() -> None:
    {body}
'''


@dataclass(frozen=True)
class Call:
    """What is called: which agents in which world, under which conditions."""

    program: Program
    conditions: Conditions


def write(finding: Finding, call: Call, name: str, order: str | None) -> str:
    """Write the file; without an `order` the test replays the finding's token."""
    names = Names(name)
    arguments = list(_arguments(call, names, spelled=order is not None))
    if order is not None:
        constants, body = _spelled(call, names, order, arguments)
    else:
        constants, body = _replayed(finding, arguments)
    todo = "".join(f"\n# TODO: {each}" for each in names.missing)
    return TEST.format(
        told="\n".join(_story(finding)),
        imports="\n".join(["import pileup", *names.lines()]),
        todo=f"{todo}\n" if todo else "",
        constants=constants,
        name=name,
        body=body,
    )


def _spelled(call: Call, names: Names, order: str, arguments: list[str]) -> tuple[str, str]:
    names.imports["pileup.strategies.spelled", "Spelled"] = "Spelled"
    constants = f'ORDER = """\\\n{literal_of(order)}"""'
    plan = call.conditions.faults
    if plan.rules:
        names.imports["pileup.faults", "Rule"] = "Rule"
        constants = f"{_faults(plan)}\n\n{constants}"
    return constants, f"{spread('pileup.explore(', arguments, ')', INDENT)}.assert_clean()"


def _replayed(finding: Finding, arguments: list[str]) -> tuple[str, str]:
    made = spread("pileup.replay(", arguments, ")", INDENT)
    body = f"run = {made}\n{INDENT}assert run.clean, run.findings"
    return f"TOKEN = {quoted(finding.replay)}", body


# The call ----------------------------------------------------------------------------------


def _arguments(call: Call, names: Names, *, spelled: bool) -> Iterator[str]:
    program, conditions = call.program, call.conditions
    bodies = [names.name(body) for body in program.bodies]
    alike = len(dict.fromkeys(bodies)) == 1
    if not spelled:
        yield "TOKEN"
    yield bodies[0] if alike else spread("[", bodies, "]", INDENT * 2)
    if not _is_usual(program.setup):
        yield f"setup={names.name(program.setup)}"
    if alike:
        yield f"agents={len(bodies)}"
    if program.check is not None:
        yield f"check={names.name(program.check)}"
    yield from _conditions(conditions, spelled=spelled)


def _is_usual(setup: Setup) -> bool:
    """Whether it is what is taken where no setup is given."""
    ours = str(getattr(setup, "__module__", "")).partition(".")[0] == "pileup"
    return ours and getattr(setup, "__qualname__", "") == "World"


def _conditions(conditions: Conditions, *, spelled: bool) -> Iterator[str]:
    budgets = conditions.budgets
    limits = [
        f"{each.name}={value_of(getattr(budgets, each.name))}"
        for each in fields(Budgets)
        if getattr(budgets, each.name) != each.default
    ]
    if limits:
        yield f"budgets={spread('pileup.Budgets(', limits, ')', INDENT * 2)}"
    if conditions.allow_real:
        real = map(quoted, sorted(conditions.allow_real))
        yield f"allow_real={spread('[', real, ']', INDENT * 2)}"
    if not spelled:
        return  # a token knows the rest
    if conditions.faults.rules:
        yield "faults=FAULTS"
    if conditions.backend is not None:
        yield f"backend={quoted(conditions.backend)}"
    if conditions.timed:
        yield "timed=True"
    if conditions.oracle is not None:
        yield 'oracle="serial"'
        yield f"seed={conditions.oracle}"
    yield "runs=1"
    yield "strategy=Spelled(ORDER)"


def _faults(plan: Plan) -> str:
    """Write the rules of a fault plan, each with what in it is unusual."""
    rules = (spread("Rule(", _rule(rule), ")", INDENT) for rule in plan.rules)
    return f"FAULTS = {spread('[', rules, ']', '')}"


def _rule(rule: Rule) -> Iterator[str]:
    yield quoted(rule.fault)
    for each in fields(rule)[1:]:
        value = getattr(rule, each.name)
        if value != each.default:
            yield f"{each.name}={value_of(value)}"


def _story(finding: Finding) -> Iterator[str]:
    yield from _wrapped(f"What pileup found: {finding.title}.")
    yield ""
    for line in finding.explanation.splitlines()[:MOST_TOLD]:
        yield from _wrapped(line)
    if finding.advice:
        yield ""
        yield from _wrapped(f"What helps: {finding.advice}.")
    yield ""
    yield "The test fails as long as this is so, and passes once the agents are mended."


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(plain(text), WIDTH, break_long_words=False, break_on_hyphens=False)
