"""Texts and values are spelled so that any reader takes them."""

from __future__ import annotations

import json
from math import inf, nan

import pytest

from pileup.reports.exports.texts import dump, line, plain


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain", "plain"),
        ('"\\\n\x00', '"\\\n\x00'),
        ("é\U0001f980\u202e", "é\U0001f980\u202e"),
        ("a\ud800b", "a\\ud800b"),
        ("\udc00\ud800", "\\udc00\\ud800"),
        ("\\\ud800", "\\\\ud800"),
    ],
)
def test_json_is_ascii_and_half_a_pair_is_spelled_out(text: str, read: str) -> None:
    said = dump({text: [text]})
    assert said.isascii()
    assert json.loads(said) == {read: [read]}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (nan, "nan"),
        (-inf, "-inf"),
        (0.5, 0.5),
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (-(2**64), "-18446744073709551616"),
        (True, True),
        (None, None),
        ("nan", "nan"),
    ],
)
def test_a_number_that_some_reader_would_change_is_a_text(value: float, told: object) -> None:
    assert plain(value) == told
    assert type(plain(value)) is type(told)


def test_a_line_has_no_end_within() -> None:
    ends = "a\n\r\x85\u2028\u2029\x1b[31m\ud800é"
    assert line(ends) == r"a\n\r\x85\u2028\u2029\x1b[31m\ud800é"
