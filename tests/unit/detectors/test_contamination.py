"""Contamination: how far a faulty answer went, and the gates that stopped it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from support.mutants import mutant

import pileup
from pileup.detectors import contamination, detect, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.faults import Rule
from pileup.notes import canary

BAD = "wrong-0a1b2c"
WORD = "Bielefeld"
SECRET = canary("a")

WRONG = f"a:complete(u model[m]) {{intent=q faulty=wrong got={BAD}}}"
WRONG_WORD = WRONG.replace(BAD, WORD)
POSTED = f"a:POST(u http[/orders]) {{sent={BAD}}}"
WRITTEN = f"a:w x {{sent={BAD}}}"
LATER = f"b:complete(u model[m]) {{intent=p sent={BAD}}}"

HARM = {
    "in a request": f"{WRONG}, {POSTED}",
    "in a write": f"{WRONG}, {WRITTEN}",
    "in an answer": f"{WRONG}, a:end {{sent={BAD}}}",
    "in a message that nobody took": f"{WRONG}, a:publish(u bus[q]) {{message=q#1 sent={BAD}}}",
    "in another's request, of a word": f"{WRONG_WORD}, b:POST(u http) {{sent={WORD}}}",
    "by way of a cache": (
        f"{WRONG_WORD}, a:set(w cache[k]) {{sent={WORD}}}, b:get(r cache[k]) {{got={WORD}}}, "
        f"b:POST(u http) {{sent={WORD}}}"
    ),
    "told again by the model": (
        f"{WRONG_WORD}, a:complete(u model) {{sent={WORD} got={WORD}}}, a:end {{sent={WORD}}}"
    ),
    "made up": f"{WRONG}, {POSTED}".replace("wrong-", "invented-").replace("=wrong ", "=invented "),
    "after it was asked again": f"{WRONG}, a:complete(u model) {{intent=q}}, {POSTED}",
    "with an answer that was lost": f"{WRONG}, {POSTED}?".replace("}?", "}").replace(
        "/orders])", "/orders])?"
    ),
}

RIGHT = {
    "a critic was asked what it thinks of it": f"{WRONG}, {LATER}",
    "a critic was asked late": f"{WRONG}, a:complete(u model) {{intent=q}}, {LATER}",
    "nobody carries it on": f"{WRONG}, a:POST(u http[/orders]), a:end",
    "nothing was wrong": f"a:complete(u model) {{got={BAD}}}, {POSTED}",
    "it had been there before": (
        f"a:complete(u model) {{faulty=wrong sent={BAD} got={BAD}}}, {POSTED}"
    ),
    "it was said before": f"{POSTED}, {WRONG}",
    "the answer failed": f"a:complete(u model)! {{faulty=wrong got={BAD}}}, {POSTED}",
    "the request failed": f"{WRONG}, a:POST(u http)! {{sent={BAD}}}",
    "the request was given up": f"{WRONG}, a:POST(u http)?? {{sent={BAD}}}",
    "the model is asked what it thinks of it": f"{WRONG}, a:complete(u model) {{sent={BAD}}}",
    "another agent checks it, and it is asked again": (
        f"{WRONG}, {LATER}, a:complete(u model) {{intent=q}}"
    ),
    "a sub-agent hands it up": f"p:w x, a<p:w y, {WRONG}, a:end {{sent={BAD}}}, p:end",
    "a worker drops it": (
        f"{WRONG}, a:publish(u bus[q]) {{message=q#1 sent={BAD}}}, "
        f"b:claim(c bus[q]) {{message=q#1 got={BAD}}}, b:end"
    ),
    "it is looked up": f"{WRONG}, a:GET(r http[/articles]) {{sent={BAD}}}",
    "the server refuses it": f"{WRONG}, a:POST(r http[/orders]) {{refused=422 sent={BAD}}}",
    "it only looks at what is called like it": f"{WRONG}, a:r x {{sent={BAD}}}",
    "a secret is none": (
        f"a:complete(u model) {{faulty=wrong got={SECRET}}}, a:end {{sent={SECRET}}}"
    ),
    "the same word comes from elsewhere": (
        f"b:set(w cache[k]), {WRONG_WORD}, b:get(r cache[k]) {{got={WORD}}}, "
        f"b:POST(u http) {{sent={WORD}}}"
    ),
    "the same word is the right answer elsewhere": (
        f"{WRONG_WORD}, a:complete(u model) {{intent=p got={WORD}}}, a:POST(u http) {{sent={WORD}}}"
    ),
    "another puts the same word there": (
        f"{WRONG_WORD}, b:complete(u model) {{intent=p got={WORD}}}, b:set(w cache[k]) "
        f"{{sent={WORD}}}, c:get(r cache[k]) {{got={WORD}}}, c:POST(u http) {{sent={WORD}}}"
    ),
}


def harm(text: str) -> list[pileup.Finding]:
    return [each for each in detect(told(text)) if each.kind == "contamination"]


@pytest.mark.parametrize("text", HARM.values(), ids=HARM)
def test_what_goes_on_is_named_once(text: str) -> None:
    assert len(harm(text)) == 1


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_stopped_or_only_looks_like_it_is_not(text: str) -> None:
    assert harm(text) == []


FAR = (
    f"{WRONG}, {WRITTEN}, {POSTED}, b:r x {{got={BAD}}}, {LATER}, b:w y {{sent={BAD}}}, "
    f"b:end {{sent={BAD}}}"
)


def test_it_says_how_far_it_went() -> None:
    (finding,) = harm(FAR)
    assert finding.severity == "high"
    assert (finding.resource, finding.key) == ("model", "m")
    assert finding.agents == ("a", "b")
    assert finding.evidence == (0, 1, 2, 4, 6)
    assert finding.receipt == {
        "mistake": "wrong",
        "said": BAD,
        "requests": 1,
        "writes": 2,
        "messages": 0,
        "answers": 1,
        "later_prompts": 1,
        "agents": 2,
        "last_event": 6,
    }
    assert finding.explanation == (
        f"The model gave a wrong answer: {BAD}, to a (event 0).\n"
        "Nobody stopped it:\n"
        "a put it into x (write) (event 1).\n"
        "a sent it to http[/orders] (POST) (event 2).\n"
        "b put it into a prompt (event 4).\n"
        "b returned it as its answer (event 6).\n"
        "Altogether it got into 1 request, 2 writes, 1 answer and 1 later prompt, of 2 agents."
    )


def test_each_faulty_answer_is_one_finding_however_much_it_made_up() -> None:
    more = f"{BAD}+wrong-ffffff"
    assert len(harm(f"{WRONG}, {POSTED}".replace(BAD, more))) == 1
    other = f"{WRONG}, {POSTED}".replace(BAD, "wrong-ffffff").replace("a:", "c:")
    assert len(harm(f"{WRONG}, {POSTED}, {other}")) == 2


def test_the_same_bug_has_the_same_fingerprint_whoever_it_befalls() -> None:
    one = f"{WRONG}, {POSTED}".replace("a:", "w1:")
    two = f"{WRONG}, {POSTED}".replace("a:", "w7:").replace(BAD, "wrong-ffffff")
    other = f"{WRONG}, {WRITTEN}".replace("a:", "w1:")
    marks = [harm(text)[0].fingerprint for text in (one, two, other)]
    assert marks[0] == marks[1] != marks[2]
    assert len(harm(f"{one}, {two}")) == 1


# Real programs -----------------------------------------------------------------------------------


def with_catalogue(sim: pileup.Sim) -> World:
    world = World(sim)
    wrong = [{"article": "SKU-999", "times": 1}]
    world.model.answer("which", {"article": "SKU-100", "times": 1}, wrong_answers=wrong)
    world.model.rule("check")(lambda prompt: "no" if "SKU-999" in prompt.text else "yes")

    @world.http.route("POST", "/orders")
    def order(*_: Any) -> Any:
        return 201, {}

    return world


def found_in(agent: Any, **given: Any) -> list[pileup.Finding]:
    faults = Rule("wrong", on="complete*", most=1)
    options = {"setup": with_catalogue, "agents": 1, "faults": faults, "runs": 30, **given}
    found = pileup.explore(agent, **options)
    return [each for each in found.findings if each.kind == "contamination"]


async def orders(world: World) -> None:
    said = (await world.model.complete("which article?")).json()
    await world.http.post("/orders", json={"what": said["article"]})


def orders_in_sync_code(world: World) -> None:
    said = world.model.sync.complete("which article?").json()
    world.http.sync.post("/orders", json={"what": said["article"]})


@pytest.mark.parametrize("agent", [orders, orders_in_sync_code])
def test_a_part_of_a_wrong_answer_is_followed(agent: Any) -> None:
    (finding,) = found_in(agent)
    assert finding.receipt["said"] == "SKU-999"
    assert finding.receipt["requests"] == 1


async def orders_what_is_checked(world: World) -> None:
    for _ in range(3):
        said = (await world.model.complete("which article?")).json()
        if (await world.model.complete(f"check {said}")).text == "yes":
            await world.http.post("/orders", json={"what": said["article"]})
            return


async def asks_a_checker(world: World, me: pileup.Agent) -> None:
    for _ in range(3):
        said = (await world.model.complete("which article?")).json()

        async def checks(world: World, said: Any = said) -> str:
            return (await world.model.complete(f"check {said}")).text

        if await me.spawn(checks) == "yes":
            await world.http.post("/orders", json={"what": said["article"]})
            return


@pytest.mark.parametrize("agent", [orders_what_is_checked, asks_a_checker])
def test_a_second_opinion_is_a_gate(agent: Any) -> None:
    assert found_in(agent) == []


def with_echo(sim: pileup.Sim) -> Any:
    world: Any = World(sim)
    world.model.rule("*")(lambda prompt: f"about {prompt.text}")
    world.plans = []
    return world


async def tells_others(world: Any) -> str:
    if not world.plans:
        world.plans.append((await world.model.complete("the plan")).text)
        return ""
    return str((await world.model.complete(f"do {world.plans[0]}")).text)


@pytest.mark.parametrize("fault", ["wrong", "invented"])
def test_it_is_followed_into_the_prompts_of_others(fault: str) -> None:
    rule = Rule(fault, on="complete*", most=1)
    found = found_in(tells_others, setup=with_echo, agents=2, faults=rule)
    assert [each.receipt["mistake"] for each in found] == [fault]
    assert [each.receipt["agents"] for each in found] == [2]


def test_mistakes_at_a_rate_are_followed_as_well() -> None:
    def erring(sim: pileup.Sim) -> World:
        from pileup.fakes.model import Model

        world = World(sim)
        world.model = Model(sim, wrong=0.5)
        return world

    async def says(world: World) -> str:
        return (await world.model.complete("hello")).text

    assert found_in(says, setup=erring, faults=None)


# The detector itself -----------------------------------------------------------------------------

MUTATIONS = [
    ("        if not known or known[-1] != trace:", "        if True:"),
    ("or note.faulty is None or not happened(row):", "or not happened(row):"),
    ("or note.faulty is None or not happened(row):", "or note.faulty is None:"),
    (" if each not in note.sent and not", " if not"),
    (" and not each.startswith(CANARY)]", "]"),
    ("            if not happened(row):", "            if False:"),
    ("if source < number and self", "if self"),
    ("if source < number and self._has.get((row[3], mark), True):", "if source < number:"),
    ("self._held.update((item, mark) for item in places(row))", "pass"),
    ("        if MARK.fullmatch(mark) or mark", "        if mark"),
    ("            return mark in note.sent", "            return False"),
    ("            return mark in note.sent", "            return True"),
    ("row[0] in LOOKING or ", ""),
    (" or (note is not None and note.refused)", ""),
    ("return None if self._case.agents[row[3]].parent is not None else ANSWER", "return ANSWER"),
    ("return None if note.message in self._taken else MESSAGE", "return MESSAGE"),
    ("return WRITE if next(places(row), None) is not None else None", "return WRITE"),
    ("return any(trace.kind != PROMPT for trace in traces)", "return True"),
]

ALIKE = f"{WRONG}, a:complete(u model) {{intent=q}}, {LATER}"
TWICE = f"{WRONG}, {POSTED}".replace(BAD, f"{BAD}+wrong-ffffff")
UNIQUE = f"{WRONG}, b:r y {{got={BAD}}}, b:POST(u http) {{sent={BAD}}}"


def judged(module: ModuleType) -> list[object]:
    """Say what a detector finds in all of the histories above."""
    return [
        [finding.receipt for finding in module.contamination(Case(told(text)))]
        for text in (*HARM.values(), *RIGHT.values(), FAR, ALIKE, TWICE, UNIQUE)
    ]


@pytest.mark.parametrize(("old", "new"), MUTATIONS)
def test_each_condition_is_needed(old: str, new: str) -> None:
    assert judged(mutant(contamination, old, new)) != judged(contamination)
