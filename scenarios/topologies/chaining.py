"""Unbounded tool chaining, an anti-pattern: a model calls tools until it says that it is done.

    goal -> tool -> result -> tool -> result -> ... until no tool is called

Breaks when something in the conversation keeps it going: a risk that is high has
it make sure, by reading the document again, and having read it again it is as
unsure as before. Each turn sends all of the conversation, so each costs more
than the one before. Hardened, a cap on turns, a cap on money and a look at
whether the same has come up before each put an end to it, and a human goes on.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final

from pileup.fakes.model import Message, Model, Prompt, tool_call
from pileup.scenarios.documents.asking import ASKED_AGAIN, CHEAP, USUAL
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.tasks import NeedsHuman
from pileup.scenarios.topologies.steps import STEPS, Have
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.fakes.model import Answer
    from pileup.scenarios.documents.desk import Desk

GOAL: Final = "Call tools until the invoice is settled."
ENOUGH: Final = ""
"""What is chosen by who calls no tool."""

PLUG: Final = 200
"""After so many turns somebody has seen the bill."""


class Unplugged(Exception):
    """Somebody has put an end to it."""


def teach(model: Model) -> None:
    """Declare what a model does that has tools, and nobody who tells it when to stop."""

    @model.rule(GOAL)
    def choose(prompt: Prompt) -> object:
        if any(each == Message("tool", "high") for each in prompt.messages):
            return tool_call("read")  # to make sure
        called = [each.text for each in prompt.messages if each.role == "assistant"]
        left = [name for name in STEPS if name not in called]
        return tool_call(left[0]) if left else "The invoice is settled."


async def chain(desk: Desk) -> Outcome:
    """Call the tool that the model wants, show it the result, and so on."""
    talk, have = [Message("user", GOAL)], Have()
    for turn in range(PLUG):
        name = await desk.once(f"turn {turn}", partial(_next, desk, talk, have))
        if name == ENOUGH:
            return Outcome("done")
        result = await _use(desk, name, have)
        if desk.controls.loop_detection:
            desk.task.loops.note((name, result))
        talk += [Message("assistant", name), Message("tool", result)]
    raise Unplugged(f"{PLUG} turns, and it is not done")


async def _use(desk: Desk, name: str, have: Have) -> str:
    """Use a tool, and say what came of it."""
    if name not in STEPS:
        return "There is no such tool."
    if not all(each in have for each in STEPS[name].needs):
        return "It is too early for that."
    result = have[name] = await STEPS[name].do(desk, have)
    return result if isinstance(result, str) else json.dumps(result)


async def _next(desk: Desk, talk: list[Message], have: Have) -> str:
    """Have the model name a tool; ENOUGH is that it names none."""
    if not desk.controls.gates:
        return _called(await desk.complete(talk))
    for _ in range(ASKED_AGAIN):
        low = desk.controls.money_cap and desk.task.purse.is_low
        name = _called(await desk.complete(talk, CHEAP if low else USUAL))
        if name in STEPS or (name == ENOUGH and "notify" in have):
            return name
    raise NeedsHuman("the model wants what there is not")


def _called(answer: Answer) -> str:
    return answer.tool_calls[0].name if answer.tool_calls else ENOUGH


CHAINING = Topology(
    "chaining", chain, "a model calls tools until it is done", teach, is_anti_pattern=True
)
