"""Whatever happened, and whatever it was called: each form is what its readers take."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from support.any_history import histories
from support.elle import expect_jepsen
from support.exported import expect_log, expect_spans, expect_trace

from pileup.detectors import told
from pileup.errors import UsageError
from pileup.history import History, Who
from pileup.operations import Item, Touch
from pileup.reports.exports import FORMS, write

CHECKS: dict[str, Callable[[str], object]] = {
    "perfetto": expect_trace,
    "otlp": expect_spans,
    "elle": expect_jepsen,
    "shiviz": expect_log,
}


def test_every_form_has_a_check() -> None:
    assert CHECKS.keys() == FORMS.keys()


@pytest.mark.parametrize("form", FORMS)
@given(history=histories())
@example(history=History([], []))
@settings(max_examples=60, deadline=None)
def test_any_history_is_well_formed(form: str, history: History) -> None:
    CHECKS[form](write(history, form))


@pytest.mark.parametrize("form", FORMS)
def test_a_history_that_was_written_down_is_the_same_text(form: str) -> None:
    history = told("a/draft:r x1, b<a:w x2=hello, a.1:publish(c q1){message=m1}, b:end! ~lost @3")
    assert write(History.parse(history.lines()), form) == write(history, form)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_of_a_million_letters_is_written(form: str) -> None:
    row = ("write", (Touch(Item("files", "k\ud800" * 500_000), "write"),), (1,), 0, 0, None, 0, 0.0)
    text = write(History([Who("a", "s", "r")], [(*row, "ok", None, None, None)]), form)
    CHECKS[form](text)


def test_an_unknown_form_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="Write one of perfetto, otlp, elle, shiviz"):
        write(told("a:r x"), "dot")
