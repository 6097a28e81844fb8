"""The model's side: what one call does in the moment in which it takes effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from hashlib import blake2b
from typing import Final, NamedTuple

from pileup.errors import UsageError
from pileup.fakes._port import Port
from pileup.fakes.model.answers import Answer, Reply, ToolCall
from pileup.fakes.model.errors import Throttled
from pileup.fakes.model.log import Note
from pileup.fakes.model.marks import KINDS, made_up
from pileup.fakes.model.mistakes import MISTAKES
from pileup.fakes.model.odds import Draws, Mistake, Odds
from pileup.fakes.model.prices import PriceList, cut, tokens_in_text
from pileup.fakes.model.prompts import Prompt
from pileup.fakes.model.quota import Quota
from pileup.fakes.model.rules import Rule, Rules
from pileup.notes import Note as Facts
from pileup.notes import Question
from pileup.operations import Footprint, Operation
from pileup.sim.agents import Strand
from pileup.sim.endings import Misuse

LONGEST_STORY: Final = 32
QUOTA: Final = "quota"
SCRIPT: Final = "script"


class Touched(NamedTuple):
    """What a call touches while its turn is open, and what it has touched in the end."""

    first: Footprint
    at_last: Footprint


class Engine:
    """Rules, rates, prices and the log: all that a model is, however it is reached."""

    def __init__(self, port: Port, odds: Odds, prices: PriceList, correlated: bool) -> None:
        self.port = port
        self.log: list[Note] = []
        self.prices = prices
        self.odds = odds
        self._rules = Rules()
        self._quotas: list[Quota] = []
        self._footprints: dict[tuple[str, str], Touched] = {}
        self._draws = Draws(port.sim, correlated)
        self._tool_calls: dict[int, int] = {}
        self.caps: tuple[str, ...] | None = None

    def add(self, rule: Rule) -> None:
        """Add a rule behind those there are."""
        self._rules.add(rule)
        self._footprints.clear()

    def count(self, note: Facts, answer: Answer) -> None:
        """Note for the detectors what a call has used up, and on the first what may be used."""
        note.tokens = answer.tokens_in + answer.tokens_out
        if self.caps:
            note.caps, self.caps = self.caps, ()

    def limit(self, quota: Quota) -> None:
        """Add a quota."""
        self._quotas.append(quota)
        self._footprints.clear()

    def touches(self, prompt: Prompt) -> Touched:
        """Say what a call touches: worked out once for each agent and model."""
        who = (prompt.agent, prompt.model)
        found = self._footprints.get(who)
        if found is None:
            found = self._footprints[who] = self._touched(prompt)
        return found

    def _touched(self, prompt: Prompt) -> Touched:
        """Work out what a call touches.

        Calls commute: each adds to what the model was used for, and none sees
        another's. Where answers are read from a script or a quota is counted
        they do not, because then it can be told who came first. What was taken
        was taken, so others have less: in the end that is an update.
        """
        keys = [prompt.model, *([QUOTA] if self._quotas else [])]
        for rule, script in self._rules.scripts:
            if rule.is_for(prompt):
                keys.append(SCRIPT if script.shared else f"{SCRIPT} of {prompt.agent}")
        cells = [self.port.cells[key] for key in dict.fromkeys(keys)]
        updates = tuple(touch for cell in cells for touch in cell.updates)
        writes = tuple(touch for cell in cells[1:] for touch in cell.writes)
        return Touched(cells[0].updates + writes, updates)

    def answer(self, call: Call, fault: str | None) -> Answer:
        """Answer a call, with a mistake if the fault plan wants one or the rates bring one."""
        if self._quotas:
            for quota in self._quotas:
                _take(quota, call, self.port.sim.now)
        prompt = call.prompt
        try:
            reply, rule = self._rules.answer(prompt)
        except UsageError as error:
            self.port.sim.end(Misuse(error))  # an agent that swallows the error does not hide it
            raise
        odds = self.odds if rule is None or rule.odds is None else rule.odds
        if fault is None and not odds:
            return self._note(call, reply, None)
        mistake = self._mistake(prompt, rule, odds, fault)
        if mistake is not None:
            reply = self._mistaken(prompt, reply, rule, mistake)
        return self._note(call, reply, mistake)

    def _mistake(
        self, prompt: Prompt, rule: Rule | None, odds: Odds, fault: str | None
    ) -> Mistake | None:
        alternatives = len(rule.wrong_answers) if rule is not None else 0
        if fault is not None:
            return Mistake(fault, self._draws.pick(alternatives) if fault == "wrong" else 0)
        return self._draws.draw(prompt, odds, alternatives)

    def _mistaken(self, prompt: Prompt, reply: Reply, rule: Rule | None, mistake: Mistake) -> Reply:
        if mistake.kind != "wrong" or rule is None or not rule.wrong_answers:
            return MISTAKES[mistake.kind](reply)
        chosen = rule.wrong_answers[mistake.which]
        for text in made_up(chosen, reply, prompt.text):
            self.port.sim.watch(text)
        return chosen

    def _note(self, call: Call, reply: Reply, mistake: Mistake | None) -> Answer:
        """Count, price and log what is said."""
        prompt = call.prompt
        if call.most is not None and tokens_in_text(reply.text) > call.most:
            reply = reply._replace(text=cut(reply.text, call.most), finish="length")
        if reply.tool_calls:
            reply = self._numbered(reply, call.strand)
        text, calls, finish = reply
        spoken = reply.spoken if calls else text
        tokens_in, tokens_out = prompt.tokens, tokens_in_text(spoken)
        cost = self.prices.of(prompt.model).of(tokens_in, tokens_out)
        kind = None if mistake is None else mistake.kind
        marks_in = self.port.sim.marks_in
        sources = marks_in(prompt.text)
        answer = Answer(
            text, calls, tokens_in, tokens_out, cost, prompt.model, finish, kind, sources
        )
        carries = marks_in(spoken)
        if sources or carries or kind is not None:
            self._note_marks(call.note, answer, carries)
        strand = call.strand
        self.log.append((strand.agent, strand.step, prompt, self.port.sim.now, answer, carries))
        call.op.detail = _story(prompt, answer, carries)
        return answer

    def _note_marks(self, note: Question, answer: Answer, carries: tuple[str, ...]) -> None:
        """Note what was seen and told, and that from now on it may turn up elsewhere."""
        note.sent, note.got, note.faulty = answer.sources, carries, answer.faulty
        if answer.faulty in KINDS:
            self.port.sim.marked = True

    def _numbered(self, reply: Reply, strand: Strand) -> Reply:
        """Give tool calls their ids, and say that they are why the model stopped.

        They are numbered for each strand, so that no id tells what others did.
        """
        calls: list[ToolCall] = []
        for each in reply.tool_calls:
            number = self._tool_calls[strand.number] = self._tool_calls.get(strand.number, 0) + 1
            calls.append(each if each.id else each._replace(id=f"call_{strand.number}_{number}"))
        finish = "tool_calls" if reply.finish == "stop" else reply.finish
        return reply._replace(tool_calls=tuple(calls), finish=finish)


class Call:
    """One call on its way to the model. Its twists are made only where faults can strike."""

    __slots__ = ("_engine", "_updates", "most", "note", "op", "prompt", "strand")

    def __init__(self, engine: Engine, prompt: Prompt, strand: Strand, most: int | None) -> None:
        self._engine = engine
        self.prompt = prompt
        self.strand = strand
        self.most = most
        touches, self._updates = engine.touches(prompt)
        self.op = Operation("complete", touches, self.answer)
        self.op.note = self.note = Question(self._intent)
        if engine.port.sim.faults is not None:
            self.op.twists = self._twists()

    def _twists(self) -> Mapping[str, partial[Answer]]:
        return {kind: partial(self.answer, kind) for kind in MISTAKES}

    def answer(self, fault: str | None = None) -> Answer:
        """Take effect: be answered, with a mistake where the fault plan wants one."""
        answer = self._engine.answer(self, fault)
        self.op.touches = self._updates
        self.note.cost = answer.cost
        if self._engine.caps is not None:
            self._engine.count(self.note, answer)
        tries = self._engine.port.sim.tries
        if tries is not None:
            tries.answered(self.strand, self.op)
        return answer

    def _intent(self) -> str:
        """Say what is asked for, whoever asks."""
        prompt = self.prompt
        tools = json.dumps(prompt.tools, default=repr) if prompt.tools else ""
        return f"{prompt.model} {_fingerprint(f'{prompt.text} {tools}')}"


def _take(quota: Quota, call: Call, now: float) -> None:
    """Count a call, or note that it was refused."""
    try:
        quota.take(now)
    except Throttled as refused:
        call.note.refused, call.note.wait = "429", refused.retry_after
        raise


def _story(prompt: Prompt, answer: Answer, carries: tuple[str, ...]) -> str:
    """Say what was asked and answered, as short as the history wants it; marks in full."""
    asked, text = prompt.last, answer.text or _names(answer)
    if len(asked) > LONGEST_STORY:
        asked = _fingerprint(asked)
    if len(text) > LONGEST_STORY:
        text = _fingerprint(text)
    said = f"{asked} -> {text}"
    if answer.faulty is not None:
        said += f" ({answer.faulty})"
    if answer.sources:
        said += f" saw {' '.join(answer.sources)}"
    return f"{said} told {' '.join(carries)}" if carries else said


def _names(answer: Answer) -> str:
    return "+".join(call.name for call in answer.tool_calls)


def _fingerprint(text: str) -> str:
    return "#" + blake2b(text.encode(errors="backslashreplace"), digest_size=8).hexdigest()
