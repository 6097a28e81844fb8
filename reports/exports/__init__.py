"""Histories for other people's tools: Perfetto, OpenTelemetry, Elle, ShiViz.

    from pileup.reports.exports import write

    Path("run.perfetto.json").write_text(write(run.history, "perfetto"), "utf-8")

Each form has a module of its own, which is a pure function of a history: the
same history is the same text. What several of them need is worked out beside
them: `moments` (when), `units` (what belongs together), `ties` (what came of
what). docs/exports.md says what stands where in each form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from pileup.errors import UsageError
from pileup.history import History
from pileup.reports.exports import elle, otlp, perfetto, shiviz

__all__ = ["FORMS", "Form", "write"]


class Form(NamedTuple):
    """One form: how its text is written, and how a file ends so that its tools open it."""

    write: Callable[[History], str]
    suffix: str


FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "perfetto": Form(perfetto.write, "perfetto.json"),
        "otlp": Form(otlp.write, "otlp.json"),
        "elle": Form(elle.write, "elle.json"),
        "shiviz": Form(shiviz.write, "shiviz.log"),
    }
)


def write(history: History, form: str) -> str:
    """Write a history in one of the `FORMS`."""
    if form not in FORMS:
        raise UsageError(
            f"{form!r} is no form that a history is exported in. Write one of {', '.join(FORMS)}."
        )
    return FORMS[form].write(history)
