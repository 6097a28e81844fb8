"""Tapes as text: what is written comes back, and nothing else gets further than BadToken."""

from __future__ import annotations

import base64
import json
import random
import zlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pileup.choices import STREAMS, Stream, Tape
from pileup.errors import BadToken
from pileup.tokens import LONGEST_TEXT, LONGEST_TOKEN, PREFIX, Ticket, decode, encode

unhurried = settings(deadline=None)  # because no verdict may hang on a real clock

CHOICES = st.lists(st.integers(0, 10_000), max_size=30).map(tuple)
PAGE: dict[str, Any] = {
    "program": "add_entry x2",
    "agents": 2,
    "backend": "native",
    "digest": "ab",
    "names": ["a-0: start", "a-1: start"],
    "choices": {"schedule": [0, 1]},
    "labels": {"schedule": [0, 1]},
}
TICKET = Ticket(
    Tape((0, 2, 1), (1,), labels={"schedule": ("x: start", "y: read f[ö]", "x: write f[ö]")}),
    "add_entry x2",
    2,
    "trio",
    "5e1f",
)
TOKEN = encode(TICKET)


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    streams = {name: draw(CHOICES) for name in STREAMS}
    labels: dict[Stream, tuple[str, ...]] = {}
    for name, choices in streams.items():
        if draw(st.booleans()):
            labels[name] = tuple(draw(st.text()) for _ in choices)
    return Tape(streams["schedule"], streams["faults"], streams["data"], labels)


TICKETS = st.builds(Ticket, tapes(), st.text(), st.integers(0, 100_000), st.text(), st.text())


def sealed(body: str) -> str:
    """Put the right checksum before a text of any kind."""
    return f"{PREFIX}-{zlib.crc32(body.encode('utf-8', 'replace')):08x}-{body}"


def packed(text: bytes) -> str:
    return sealed(base64.urlsafe_b64encode(zlib.compress(text, 9)).decode().rstrip("="))


def refused(token: str) -> str:
    """Decode what must not be decoded; the message must be worth reading."""
    with pytest.raises(BadToken) as caught:
        decode(token)
    said = str(caught.value)
    assert "token" in said
    assert len(said) < 500, "a message must not repeat all that it was given"
    return said


def decodes_or_is_refused(token: str) -> None:
    try:
        assert isinstance(decode(token), Ticket)
    except BadToken:
        return


@unhurried
@given(TICKETS)
def test_a_ticket_comes_back_as_it_went(ticket: Ticket) -> None:
    back = decode(encode(ticket))
    trimmed = ticket.tape.trimmed()
    assert back.tape == trimmed
    assert back.tape.labels == trimmed.labels
    assert (back.program, back.agents) == (ticket.program, ticket.agents)
    assert (back.backend, back.digest) == (ticket.backend, ticket.digest)


@unhurried
@given(TICKETS)
def test_writing_again_gives_the_same_token(ticket: Ticket) -> None:
    token = encode(ticket)
    assert encode(decode(token)) == token


@unhurried
@given(TICKETS)
def test_a_token_is_one_word_for_any_shell(ticket: Ticket) -> None:
    assert set(encode(ticket)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_the_dull_tail_is_not_written() -> None:
    assert encode(Ticket(Tape((1, 0, 0), (0,)))) == encode(Ticket(Tape((1,))))


def test_a_repeated_label_is_written_once() -> None:
    long = "agent: write " + random.Random(0).randbytes(200).hex()
    once, often = (
        len(encode(Ticket(Tape((1,) * count, labels={"schedule": (long,) * count}))))
        for count in (1, 200)
    )
    assert often - once < 100


def test_spaces_around_a_token_do_not_matter() -> None:
    assert decode(f"\n  {TOKEN}\t\n") == TICKET


@unhurried
@given(st.text())
@example("")
@example(PREFIX)
@example(f"{PREFIX}-")
@example(f"{PREFIX}--")
@example("\ud800")
def test_random_text_is_refused(text: str) -> None:
    refused(text)


@unhurried
@given(st.integers(0, len(TOKEN) - 1))
def test_a_truncated_token_is_refused(length: int) -> None:
    refused(TOKEN[:length])


@unhurried
@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_one_damaged_character_is_noticed(place: int, character: str) -> None:
    damaged = TOKEN[:place] + character + TOKEN[place + 1 :]
    if damaged.strip() != TOKEN:
        refused(damaged)


@pytest.mark.parametrize("place", [20, 40, len(TOKEN) - 2])
def test_a_wrapped_token_is_said_to_be_damaged(place: int) -> None:
    assert "copied" in refused(f"{TOKEN[:place]}\n{TOKEN[place:]}")


def test_a_token_of_another_version_is_said_to_be_one() -> None:
    said = refused(TOKEN.replace(PREFIX, "pileup2", 1))
    assert "version" in said
    assert f"'{PREFIX}-'" in said


def test_a_huge_text_is_refused_before_it_is_looked_at() -> None:
    said = refused(f"{PREFIX}-" + "x" * LONGEST_TOKEN)
    assert f"{LONGEST_TOKEN:,}" in said


def test_a_decompression_bomb_is_not_unpacked() -> None:
    bomb = packed(b" " * (LONGEST_TEXT + 1))
    assert len(bomb) < 200_000
    assert f"{LONGEST_TEXT:,}" in refused(bomb)


@unhurried
@given(st.text())
@example("€")
@example("\ud800")
@example("A")
def test_a_valid_checksum_over_rubbish_is_refused(body: str) -> None:
    # No word can be told from rubbish if nothing follows the base64 that it is.
    refused(sealed(body.strip()))


@unhurried
@given(st.binary())
def test_rubbish_that_is_packed_well_is_refused(text: bytes) -> None:
    refused(packed(text))


def test_a_stream_that_ends_too_soon_is_refused() -> None:
    whole = zlib.compress(json.dumps(PAGE).encode())
    refused(sealed(base64.urlsafe_b64encode(whole[:-20]).decode().rstrip("=")))


def test_json_that_is_nested_too_deep_is_refused() -> None:
    refused(packed(b"[" * 1_000_000))


def test_a_number_too_long_to_be_read_is_refused() -> None:
    refused(packed(b'{"agents":' + b"9" * 5_000 + b"}"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@unhurried
@given(JSON.filter(lambda page: not isinstance(page, dict)))
def test_json_that_is_no_object_is_refused(page: object) -> None:
    refused(packed(json.dumps(page).encode()))


@unhurried
@given(st.sampled_from(sorted(PAGE)), JSON)
@example("agents", float("inf"))
@example("agents", float("nan"))
@example("agents", "1" * 5_000)
@example("names", {"a": 1})
@example("labels", {"schedule": [7]})
@example("choices", {"schedule": [True]})
def test_an_object_of_any_shape_is_read_or_refused(field: str, value: object) -> None:
    decodes_or_is_refused(packed(json.dumps({**PAGE, field: value}).encode()))


def test_the_page_that_these_tests_damage_is_a_good_one() -> None:
    assert decode(packed(json.dumps(PAGE).encode())).tape == Tape((0, 1))


WRONG: list[tuple[str, object]] = [
    ("names", None),
    ("choices", []),
    ("choices", None),
    ("choices", {"schedule": [0.5, 1]}),
    ("choices", {"schedule": [-1, 1]}),
    ("choices", {"schedule": "01"}),
    ("choices", {"schedule": None}),
    ("choices", {"schedule": ["x" * 10_000]}),
    ("labels", {"schedule": [0, 9]}),
    ("labels", {"schedule": [0, 1, 1]}),
    ("labels", {"schedule": [-1, -1]}),
    ("labels", 3),
    ("agents", "two"),
    ("agents", None),
    ("agents", float("inf")),
    ("agents", -3),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_an_object_of_the_wrong_shape_is_refused(field: str, value: object) -> None:
    said = refused(packed(json.dumps({**PAGE, field: value}).encode()))
    assert "not written by pileup" in said


@pytest.mark.parametrize("field", sorted(PAGE))
def test_a_page_that_lacks_anything_is_refused(field: str) -> None:
    page = {name: value for name, value in PAGE.items() if name != field}
    assert field in refused(packed(json.dumps(page).encode()))


@pytest.mark.parametrize("token", [None, 3, TOKEN.encode()])
def test_what_is_no_text_is_refused(token: Any) -> None:  # Any: a user's mistake has any type
    refused(token)
