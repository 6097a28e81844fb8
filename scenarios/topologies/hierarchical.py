"""A hierarchy: a planner makes a graph of tasks, two supervisors see to it, executors do one each.

What is done in which order is for the model to say: each node of the graph has
what it needs, by what it is known to have gone well, and what to do if not. An
executor sees its own node and what that needs, and nothing else.

It breaks where a plan that is malformed or made up is worked with as it is, as
what it leaves out is never done; and where a supervisor dies, because all below
it stops. Hardened, a plan is held against a contract before anybody goes by it,
what a node comes to is held against its criterion, and the next try goes on
from what the executors of the one before have noted.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.parts import Parts, side_by_side, without
from pileup.scenarios.documents.tasks import NeedsHuman
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.fakes.model import Model, Prompt
    from pileup.scenarios.documents.desk import Desk
    from pileup.scenarios.documents.papers import Invoice

PLAN: Final = "Plan the work on an invoice as a graph, as JSON."

Found = dict[str, Any]  # Any: what each node has come to
Kind = Literal["party", "amounts", "judge", "letter", "record", "enter", "charge", "notify"]
Criterion = Literal["has fields", "adds up", "one word", "a letter", "is done"]
Fallback = Literal["another try", "a human"]


# The contract -----------------------------------------------------------------------------------


class Node(BaseModel):
    """One task: what has to be done before it, when it has gone well, and what to do if not."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Kind
    needs: list[Kind]
    criterion: Criterion
    fallback: Fallback


class Graph(BaseModel):
    """What a planner may answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    document: int
    nodes: list[Node]


Nodes = list[dict[str, Any]]  # Any: in a plan that nobody has checked, there is anything
Plan = dict[str, Any]  # Any: as above


def checked(document: int, answer: str) -> Plan:
    """Accept a plan by which all is done for a document, each thing after what it needs."""
    try:
        graph = Graph.model_validate_json(answer)
    except ValidationError as error:
        raise ValueError(f"{error.error_count()} things are wrong with the form") from None
    if graph.document != document:
        raise ValueError("it is for another document")
    if sorted(each.name for each in graph.nodes) != sorted(get_args(Kind)):
        raise ValueError("each task must be there once")
    done: set[str] = set()
    for each in graph.nodes:
        if not done >= {*each.needs} >= {*WORK[each.name].needs}:
            raise ValueError(f"{each.name} must come after all that it needs")
        done.add(each.name)
    return graph.model_dump()


def guessed(_document: int, answer: str) -> Plan:
    """Work with what there is."""
    try:
        nodes = json.loads(answer)["nodes"]
    except (ValueError, KeyError, TypeError):
        nodes = []
    return {
        "nodes": [each for each in nodes if isinstance(each, dict) and each.get("name") in WORK]
    }


# The executors ----------------------------------------------------------------------------------


class Work(NamedTuple):
    """What an executor does, and what it cannot do without."""

    do: Callable[[Desk, Found], Awaitable[Any]]  # Any: whatever it comes to
    needs: tuple[str, ...] = ()
    criterion: Criterion = "is done"
    fallback: Fallback = "another try"


async def _party(desk: Desk, _: Found) -> dict[str, Any]:
    return await desk.extract(await desk.read(), ("customer",))


async def _amounts(desk: Desk, _: Found) -> dict[str, Any]:
    return await desk.extract(await desk.read(), ("sku", "quantity", "price", "total"))


async def _letter(desk: Desk, found: Found) -> str:
    return await desk.compose(await desk.read(), found["judge"])


def _invoice(desk: Desk, found: Found) -> Invoice:
    return desk.accept({**found["party"], **found["amounts"]})


PAPERS: Final = ("party", "amounts")
WORK: Final[dict[str, Work]] = {
    "party": Work(_party, (), "has fields"),
    "amounts": Work(_amounts, (), "adds up", "a human"),
    "judge": Work(lambda desk, found: desk.judge(_invoice(desk, found)), PAPERS, "one word"),
    "letter": Work(_letter, ("judge",), "a letter"),
    "record": Work(
        lambda desk, found: desk.record(_invoice(desk, found), found["judge"]), (*PAPERS, "judge")
    ),
    "enter": Work(lambda desk, found: desk.enter(_invoice(desk, found)), PAPERS),
    "charge": Work(
        lambda desk, found: desk.charge(_invoice(desk, found)), (*PAPERS, "record", "enter")
    ),
    "notify": Work(lambda desk, found: desk.notify(found["letter"]), ("letter", "charge")),
}
READING: Final = ("party", "amounts", "judge", "letter")

CRITERIA: Final[dict[str, Callable[[Any], bool]]] = {  # Any: what a node has come to
    "has fields": lambda came: isinstance(came, dict) and bool(came),
    "adds up": lambda came: came["quantity"] * came["price"] == came["total"],
    "one word": lambda came: came in ("high", "low"),
    "a letter": lambda came: came.startswith("Dear "),
    "is done": lambda came: came is None,
}


async def execute(desk: Desk, node: dict[str, Any], found: Found) -> object:
    """Do one node, and see whether that has gone well. Any: as in the plan."""
    work = WORK[node["name"]]
    came = await desk.once(node["name"], lambda: work.do(desk, found))
    if desk.controls.gates and not CRITERIA[node["criterion"]](came):
        wrong = f"{node['name']} has not gone well"
        raise NeedsHuman(wrong) if node["fallback"] == "a human" else TimeoutError(wrong)
    return came


# Those above them -------------------------------------------------------------------------------


async def plan(desk: Desk) -> Outcome:
    """Make a plan, and have it carried out."""
    number = desk.task.number
    accept = partial(checked if desk.controls.gates else guessed, number)
    planned = await desk.once("plan", lambda: desk.ask(f"{PLAN}\n\nDocument: {number}", accept))
    nodes = planned["nodes"]
    _, failed = await desk.delegate(read_and_judge, nodes)
    if not failed:
        _, failed = await desk.delegate(keep_books, nodes)
    if not failed:
        return Outcome("done")
    return await without(desk, failed)


async def read_and_judge(desk: Desk, nodes: Nodes) -> Parts:
    """See to what is read and judged, and leave it where the other supervisor finds it."""
    parts = await _carry_out(desk, [each for each in nodes if each["name"] in READING], {})
    if not parts.failed:  # else a try that was given up might put less there than the next has
        await desk.put("found", parts.came)
    return parts


async def keep_books(desk: Desk, nodes: Nodes) -> Parts:
    """See to books and money, by what was found."""
    mine = [each for each in nodes if each["name"] not in READING]
    return await _carry_out(desk, mine, await desk.take("found"))


async def _carry_out(desk: Desk, nodes: Nodes, found: Found) -> Parts:
    """Have all nodes done at once for which all is there that they need, then those after them."""
    waiting, came = nodes, dict(found)
    while ready := [each for each in waiting if came.keys() >= {*each.get("needs", ())}]:
        executors = {
            each["name"]: partial(
                execute, node=each, found={name: came[name] for name in each.get("needs", ())}
            )
            for each in ready
        }
        done, failed = await side_by_side(desk, executors)
        if failed:
            return Parts(came, failed)
        came |= done
        waiting = [each for each in waiting if each not in ready]
    return Parts(came, {})


def teach(model: Model) -> None:
    """Declare what a good plan is."""

    @model.rule(PLAN)
    def planned(prompt: Prompt) -> object:
        nodes = [
            {"name": name, "needs": list(needs), "criterion": known_by, "fallback": fallback}
            for name, (_, needs, known_by, fallback) in WORK.items()
        ]
        return {"document": int(prompt.text.partition("Document: ")[2].split()[0]), "nodes": nodes}


HIERARCHICAL = Topology("hierarchical", plan, "a planner, two supervisors, executors", teach)
