"""A language model that agents share: it answers by script or by rule, errs at given rates, costs.

    model = Model(sim, wrong=0.053)
    model.answer("capital of France", "Paris", wrong_answers=["Lyon"])
    model.script("yes", tool_call("search", q="trains"), "done", by="planner")

    @model.rule("summarise *")
    def summarise(prompt):
        return {"summary": prompt.last[:20]}

    answer = await model.complete("What is the capital of France?", model="haiku")
    model.usage.cost, model.usage.by_agent["writer-0"].tokens, model.log[0].sources

The real SDKs of OpenAI (chat completions and responses) and Anthropic
(messages), sync and async, streamed or not, run against the same rules with
their own retries; there is nothing to set up but an API key, which may be
anything. For other hosts write `Model(sim, hosts=["localhost:11434"])`.

A rule fits where its pattern is found in the newest message (or the system's);
where none does, where it is found in the whole conversation. The first that was
declared answers, and a script in its turn; rules for `*`, all that is left, come
last. A model without rules repeats its prompt.

Calls commute, and nothing that a caller gets tells who came first: ids are
numbered for each line of execution. Only where answers are read from a script,
or a quota is counted, is the order a choice that can be seen.

Models: tokens, prices and who used what; mistakes (wrong, invented, truncated,
malformed, refused, in another format) as choices, drawn for each call or alike
for all who ask the same (`correlated`); quotas; answers that come piece by
piece; marks that show where a session's secret or a made-up answer has gone.

Divergence from the real thing
------------------------------
* The same prompt has the same answer, but for scripts and for mistakes at given
  rates. Temperature, seeds, `n`, log probabilities and stop sequences are ignored.
* A token is four characters; images, audio and files count as nothing. There is
  no longest prompt.
* Prices know no cached, batched or reasoning tokens. A model that is on no
  price list costs as much as Sonnet.
* A call that is lost after its effect has been billed, and a streamed answer is
  billed in full at its beginning; no provider's idempotency keys are honoured. A
  native call that is given up before its effect was never made; one through an
  SDK is on its way all the same.
* Which provider is meant shows in the path alone. API keys are not looked at;
  of a request only what is needed to answer it is checked.
* Only these endpoints are there, and Anthropic's counting of tokens; of stored
  conversations only those that `previous_response_id` names.
* Anthropic's format has no place for broken arguments outside of a stream, so a
  malformed tool call has none. An OpenAI refusal is in `refusal`, with `stop`.
  The id of a request is in an error's header, and not in its body.
* Made-up numbers carry no mark, and neither do wrong answers of a rule's own
  that are shorter than five characters; of those that are JSON each text is one.
* A quota's window begins with its first call; real ones often slide.
"""

from __future__ import annotations

from pileup.fakes.model.answers import Answer, Reply, ToolCall, tool_call
from pileup.fakes.model.errors import (
    Broken,
    ModelError,
    NoAnswer,
    NotReached,
    Overloaded,
    ServerError,
    Throttled,
    TimedOut,
)
from pileup.fakes.model.handle import Model
from pileup.fakes.model.log import Entry, Usage
from pileup.fakes.model.prices import PRICES, Price
from pileup.fakes.model.prompts import Message, Prompt

__all__ = [
    "PRICES",
    "Answer",
    "Broken",
    "Entry",
    "Message",
    "Model",
    "ModelError",
    "NoAnswer",
    "NotReached",
    "Overloaded",
    "Price",
    "Prompt",
    "Reply",
    "ServerError",
    "Throttled",
    "TimedOut",
    "ToolCall",
    "Usage",
    "tool_call",
]
