"""Session leaks: whose secret came out where, and the hand-offs that are right."""

from __future__ import annotations

import contextvars
from types import ModuleType
from typing import Any

import pytest
from support.mutants import mutant

import pileup
from pileup.detectors import custody, detect, session_leak, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.notes import canary

A, B, C = (canary(name) for name in "abc")

PUT = f"a:set(w cache[k]1) {{sent={A}}}"
GOT = f"b:get(r cache[k]1) {{got={A}}}"
SAID = f"b:complete(u model[m]1) {{sent={A}}}"
SENT = f"b:POST(u http[/mail]1) {{sent={A}}}"
ENDED = f"b:end {{sent={A}}}"
TAKEN = f"b:claim(c bus[q] c bus[q#1]) {{message=q#1 lease=30.0 got={A}}}"
ACKED = "b:ack(u bus[q] c bus[q#1]) {message=q#1}"
NEXT = f"b:claim(c bus[q] c bus[q#2]) {{message=q#2 lease=30.0 got={C}}}"

LEAKS = {
    "into a prompt": f"{PUT}, {GOT}, {SAID}",
    "into a request": f"{PUT}, {GOT}, {SENT}",
    "into a request that was answered too late": f"{PUT}, {GOT}, {SENT[:-1]} }}".replace(
        "1) {", "1)? {"
    ),
    "into an answer": f"{PUT}, {GOT}, {ENDED}",
    "through nothing that is shared": f"a:w x, {SAID}",
    "into a child's prompt": f"a:w x, b:w y, {PUT}, b2<b:complete(u model) {{sent={A}}}",
    "between siblings": f"p:w x, a(a)<p:w y, b(b)<p:complete(u model) {{sent={A}}}",
    "between siblings, in an answer": f"p:w x, a(a)<p:w y, b(b)<p:end {{sent={A}}}",
    "from a parent into a child's session": f"a:w x, b(b)<a:complete(u model) {{sent={A}}}",
    "of a message that is done": f"{PUT}, {TAKEN}, {ACKED}, {NEXT}, {SAID}",
    "of another's message": f"{PUT}, {TAKEN}, c:complete(u model) {{sent={A}}}",
    "to a task of another": f"{PUT}, {GOT}, b.1:complete(u model) {{sent={A}}}",
    "before the message came": f"{PUT}, {SAID}, {TAKEN}",
    "of a message that nobody acknowledges": (
        f"{PUT}, b:claim(c bus[q] c bus[q#1]) {{message=q#1 got={A}}}, {NEXT}, {SAID}"
    ),
    "by a parent before it joined": (
        f"{PUT}, p:w x, b<p:claim(c bus[q]) {{message=q#1 lease=30.0 got={A}}}, "
        f"b:end(w agent[b]) {{sent={A}}}, p:complete(u model) {{sent={A}}}, p:join(r agent[b])"
    ),
    "of what a sub-agent should not have had": (
        f"{PUT}, p:w x, b<p:get(r cache[k]) {{got={A}}}, b:end(w agent[b]) {{sent={A}}}, "
        f"p:join(r agent[b]), p:end {{sent={A}}}"
    ),
    "of a session that nobody serves": f"b:get(r cache[k]) {{got={A}}}, {SAID}",
}

RIGHT = {
    "nothing is marked": "a:set(w cache[k]), b:get(r cache[k]), b:complete(u model)",
    "it is one's own": f"{PUT}, a:get(r cache[k]) {{got={A}}}, a:complete(u model) {{sent={A}}}",
    "two agents serve one session": f"{PUT}, b(a):get(r cache[k]) {{got={A}}}, {SAID}",
    "to read it": f"{PUT}, {GOT}, b:end",
    "to carry it along": f"{PUT}, {GOT}, b:set(w cache[j]) {{sent={A}}}, b:end",
    "the request was refused before": f"{PUT}, {GOT}, {SENT}".replace("]1) {s", "]1)! {s").replace(
        "k]1)!", "k]1)"
    ),
    "it was given up before it came": f"a:w x, b:POST(u http[/mail])?? {{sent={A}}}",
    "its answer is an error": f"{PUT}, {GOT}, b:end! {{sent={A}}}",
    "what made it up is no session": "a:w x, b:complete(u model) {sent=wrong-0a1b2c}",
    "the world does it": f"{PUT}, world():POST(u http[/mail]) {{sent={A}}}",
    "a child in its parent's session": f"a:w x, b<a:complete(u model) {{sent={A}}}",
    "a helper's answer that its parent keeps": (
        f"{PUT}, p:w x, b<p:get(r cache[k]) {{got={A}}}, b:end(w agent[b]) {{sent={A}}}, p:end"
    ),
    "a parent and its children": f"p:w x, a<p:w y, a2(a)<a:w z, p:end {{sent={A}}}",
    "it was handed over": f"{PUT}, {TAKEN}, {SAID}, {SENT}, {ACKED}, {ENDED}",
    "two were handed over": f"{PUT}, {TAKEN}, {NEXT}, {SAID}, {ACKED}",
    "it was handed to who started the task": f"{PUT}, {TAKEN}, b.1:complete(u model) {{sent={A}}}",
    "it was handed to the parent": f"{PUT}, {TAKEN}, d<b:complete(u model) {{sent={A}}}",
    "it was handed to a task of the parent": (
        f"{PUT}, b.1:{TAKEN[2:]}, d<b:complete(u model) {{sent={A}}}"
    ),
    "a child that was started for it ends later": (
        f"{PUT}, {TAKEN}, d<b:w x, {ACKED}, {NEXT}, d:complete(u model) {{sent={A}}}"
    ),
    "a sub-agent brought it": (
        f"{PUT}, p:w x, b<p:claim(c bus[q]) {{message=q#1 lease=30.0 got={A}}}, "
        f"b:end(w agent[b]) {{sent={A}}}, p:join(r agent[b]), p:end {{sent={A}}}"
    ),
}


def leaks(text: str) -> list[pileup.Finding]:
    return [each for each in detect(told(text)) if each.kind == "session_leak"]


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS)
def test_what_comes_out_elsewhere_is_named_once(text: str) -> None:
    assert len(leaks(text)) == 1


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_ones_own_or_was_handed_over_is_not(text: str) -> None:
    assert leaks(text) == []


def test_it_tells_the_way() -> None:
    (finding,) = leaks(LEAKS["into a prompt"])
    assert finding.severity == "critical"
    assert (finding.resource, finding.key) == ("cache", "k")
    assert finding.agents == ("b", "a")
    assert finding.evidence == (0, 1, 2)
    assert finding.receipt == {
        "owner": "a",
        "session": "b",
        "leaked_by": "b",
        "outlet": "prompt",
        "channel": "cache[k]",
        "secret": A,
    }
    assert finding.title == "a secret of a came out in a prompt of b (b)"
    assert finding.explanation == (
        "a put a secret of a into cache[k] (set) (event 0).\n"
        "b got it from cache[k] (get) (event 1).\n"
        "Then b, serving b, put it into a prompt (event 2).\n"
        "What belongs to a has come out in b."
    )


def test_it_says_so_where_nothing_shared_carried_it() -> None:
    (finding,) = leaks(LEAKS["through nothing that is shared"])
    assert "through the process' own memory" in finding.explanation
    assert finding.resource == ""


def test_a_read_that_was_not_noted_is_found_by_what_it_read() -> None:
    (finding,) = leaks(f"{PUT}, b:get(r cache[k]), b:r x, {SAID}")
    assert "b got it from cache[k] (get) (event 1)" in finding.explanation


def test_an_answer_of_the_model_can_be_the_way() -> None:
    (finding,) = leaks(f"a:w x, b:complete(u model) {{got={A}}}, {SENT}")
    assert "b got it in an answer of the model (event 1)" in finding.explanation


def test_the_same_bug_has_the_same_fingerprint_whoever_it_befalls() -> None:
    one, two = (
        f"{x}:set(w cache[k-{n}]) {{sent={canary(x)}}}, {y}:get(r cache[k-{n}]) "
        f"{{got={canary(x)}}}, {y}:complete(u model) {{sent={canary(x)}}}"
        for x, y, n in (("w1", "w2", 5), ("w4", "w3", 6))
    )
    other = one.replace("complete(u model)", "POST(u http)")
    marks = [leaks(text)[0].fingerprint for text in (one, two, other)]
    assert marks[0] == marks[1] != marks[2]
    assert len(leaks(f"{one}, {two}")) == 1


def test_many_that_leak_alike_are_one_finding() -> None:
    names = [f"w{number}" for number in range(30)]
    put = ", ".join(f"{n}:set(w cache[{n}]) {{sent={canary(n)}}}" for n in names)
    said = f"sent={'+'.join(canary(n) for n in names)}"
    text = f"{put}, " + ", ".join(f"{n}:complete(u model) {{{said}}}" for n in names)
    assert len(leaks(text)) == 1


# Real programs -----------------------------------------------------------------------------------


def with_model(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.mount("/data")
    world.model.rule("*")(lambda prompt: f"about {prompt.text}")
    world.bus.queue("jobs", visibility=30)
    return world


def found_in(agent: Any, **given: Any) -> list[pileup.Finding]:
    found = pileup.explore(agent, setup=given.pop("setup", with_model), runs=40, **given)
    return [each for each in found.findings if each.kind == "session_leak"]


async def through_memory(world: World, me: pileup.Agent) -> None:
    await world.memory.set("who", me.secret)
    await world.model.complete(await world.memory.get("who"))


def through_a_shared_list(world: Any, me: pileup.Agent) -> None:
    world.names.append(me.secret)
    world.model.sync.complete(" ".join(world.names))


def through_an_attribute(world: Any, me: pileup.Agent) -> None:
    world.desk.customer = me.secret
    world.model.sync.complete(world.desk.customer)


def through_the_database(world: World, me: pileup.Agent) -> object:
    world.database.sync.insert("t", {"id": me.index, "name": me.secret})
    return world.database.sync.select("t")


async def through_a_served_page(world: World, me: pileup.Agent) -> object:
    await world.http.post("/names", json={"name": me.secret})
    return (await world.http.get("/names")).json()


class Desk:
    def __init__(self) -> None:
        self.customer = ""


def with_more(sim: pileup.Sim) -> Any:
    world: Any = with_model(sim)
    world.names = pileup.shared([], "names")
    world.desk = pileup.shared(Desk(), "desk")
    world.database.table("t", key="id")

    @world.http.route("POST", "/names")  # type: ignore[untyped-decorator] # the world is untyped
    def add(request: Any, state: Any) -> Any:
        state.setdefault("names", []).append(request.json()["name"])
        return 201, {}

    @world.http.route("GET", "/names")  # type: ignore[untyped-decorator] # as above
    def show(_: Any, state: Any) -> Any:
        return 200, state.get("names", [])

    return world


WAYS = {
    "memory": through_memory,
    "names": through_a_shared_list,
    "desk": through_an_attribute,
    "database": through_the_database,
    "http": through_a_served_page,
}


@pytest.mark.parametrize(("resource", "agent"), WAYS.items(), ids=WAYS)
def test_it_is_followed_through_everything_that_is_shared(resource: str, agent: Any) -> None:
    assert {each.resource for each in found_in(agent, setup=with_more)} == {resource}


current: contextvars.ContextVar[str] = contextvars.ContextVar("current", default="")


async def through_a_context_variable(_: World, me: pileup.Agent) -> None:
    async def helps(world: World) -> None:
        await world.model.complete(current.get())

    current.set(me.secret)
    await me.spawn(helps, session="another")


def test_it_is_followed_through_a_context_variable() -> None:
    (finding,) = found_in(through_a_context_variable, agents=1)
    assert "context variable" in finding.explanation


def with_a_profile(sim: pileup.Sim) -> World:
    world = with_model(sim)
    world.files.seed("profile", f"the card of {sim.secret('session-1')}")
    return world


async def reads_the_profile(world: World) -> str:
    return await world.files.read_text("profile")


def test_a_secret_can_be_planted_before_there_are_agents() -> None:
    (finding,) = found_in(reads_the_profile, setup=with_a_profile)
    assert finding.receipt["owner"] == "session-1"
    assert finding.receipt["session"] == "session-0"
    assert finding.resource == "files"


async def asks(world: World, me: pileup.Agent) -> None:
    await world.bus.publish("jobs", {"of": me.secret})


async def serves(world: World) -> None:
    for _ in range(2):
        message = await world.bus.claim("jobs", wait=10)
        if message is not None:
            await world.model.complete(f"{message.body}")
            await message.ack()


def test_who_works_on_a_message_may_use_what_it_says() -> None:
    assert found_in([asks, asks, serves]) == []


async def serves_and_remembers(world: World) -> None:
    known: list[object] = []
    for _ in range(2):
        message = await world.bus.claim("jobs", wait=10)
        if message is not None:
            known.append(message.body)
            await world.model.complete(f"{known}")
            await message.ack()


def test_who_remembers_an_older_message_leaks_it() -> None:
    (finding,) = found_in([asks, asks, serves_and_remembers])
    assert finding.receipt["outlet"] == "prompt"


def test_an_endpoint_that_an_sdk_asks_is_a_prompt_as_well() -> None:
    openai = pytest.importorskip("openai")

    async def asks_openai(world: World, me: pileup.Agent) -> None:
        client = openai.AsyncOpenAI(api_key="x")
        await world.memory.set("who", me.secret)
        asked = [{"role": "user", "content": await world.memory.get("who")}]
        await client.chat.completions.create(model="gpt-5", messages=asked)

    (finding,) = found_in(asks_openai)
    assert finding.receipt["outlet"] == "prompt"


# The detector itself -----------------------------------------------------------------------------

IN_CUSTODY = [
    ("or outlet(row) is None or not happened(row):", "or not happened(row):"),
    ("or outlet(row) is None or not happened(row):", "or outlet(row) is None:"),
    ("            if self._case.is_nobody(strand):", "            if False:"),
    ("if secret.startswith(CANARY) and secret", "if secret"),
    ("                above = self._case.parents.get(above)", "                above = None"),
    ("            self._done.add((strand, row[11].message))", "            pass"),
    ("        elif is_taking(row) and happened(row):", "        elif False:"),
    ("            del still[message]", "            pass"),
    ("        if note.lease is None:", "        if False:"),
    ("                if self._is_helper(row[3]):", "                if False:"),
    ("agents[above // TASKS].session == agents[agent].session", "True"),
    ("        at = bisect_right(desk, number, key=itemgetter(0))", "        at = len(desk)"),
    ("self._case.rows[self._case.spans[strand].first][6] - 1", "-1"),
    ("*self._takers[above // TASKS]", ""),
    ("        self._joined[row[3]] |=", "        self._joined[row[3]] &="),
    ("lawful.intersection(note.sent)", "frozenset(note.sent)"),
]

IN_TRACING = [
    ("        if (agent, secret) in known:", "        if False:"),
    ("        got = _looked(case, session, out, held)", "        pass"),
    ("if secret in note.got and _session(case, row) == session:", "if secret in note.got:"),
]


def judged(module: ModuleType) -> list[object]:
    """Say what a detector finds in all of the histories above."""
    more = [
        f"{PUT}, b:get(r cache[k]), b:r x, {SAID}",
        f"{PUT}, {GOT}, c:get(r cache[k]) {{got={A}}}, {SAID}",
        f"{PUT}, {GOT}, {SAID}, {SENT}",
    ]
    return [
        [(finding.receipt, finding.evidence) for finding in module.session_leaks(Case(told(text)))]
        for text in (*LEAKS.values(), *RIGHT.values(), *more)
    ]


@pytest.mark.parametrize(("old", "new"), IN_TRACING)
def test_each_condition_is_needed(old: str, new: str) -> None:
    assert judged(mutant(session_leak, old, new)) != judged(session_leak)


@pytest.mark.parametrize(("old", "new"), IN_CUSTODY)
def test_each_condition_on_who_may_carry_what_is_needed(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = judged(session_leak)
    monkeypatch.setattr(session_leak, "Custody", mutant(custody, old, new).Custody)
    assert judged(session_leak) != known


def test_it_leaves_at_once_where_nothing_is_marked() -> None:
    case = Case(told("a:set(w cache[k]), b:POST(u http[/mail]) {intent=x}"))
    assert list(session_leak.session_leaks(case)) == []
    assert "spans" not in vars(case)
