"""A comparison as JSON: both ways, refused where damaged, and each cell by its name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.small_comparison import SMALL, SPREAD, cell, with_story

from pileup.errors import UsageError
from pileup.reports.comparison import Ablation, Change, Claim, Comparison, Crowd, Line
from pileup.reports.comparison_data import SCHEMA, cells, read, token_at, write


def test_what_was_written_is_read_back() -> None:
    assert read(write(SMALL)) == SMALL
    assert json.loads(write(SMALL))["pileup_comparison"] == SCHEMA == 1


def test_stories_and_how_figures_spread_are_read_back() -> None:
    again = read(write(with_story()))
    assert write(read(write(again))) == write(again)
    assert again.lines[0].spreads == SPREAD
    assert [each.kind for each in again.stories] == ["lost_write"]
    assert again.stories[0].run.findings == with_story().stories[0].run.findings


def test_what_was_written_before_there_were_stories_is_read() -> None:
    page = json.loads(write(SMALL))
    del page["stories"]
    for each in page["lines"]:
        del each["spreads"], each["days"]
    for each in page["ablations"]:
        each["topologies"] = each.pop("where")
    assert read(json.dumps(page)) == SMALL


def test_a_cell_has_its_interval_and_its_token() -> None:
    page = json.loads(write(SMALL))
    assert page["lines"][1]["kinds"]["lost_write"] == {
        "value": 400,
        "low": 250,
        "high": 550,
        "token": "pileup1-shown",
    }


def damaged(*path: str | int, value: object) -> str:
    page: Any = json.loads(write(SMALL))  # Any: JSON
    place = page
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(page)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it is not JSON"),
        ("[]", "should be an object"),
        ("{}", "it has no 'pileup_comparison'"),
        (damaged("pileup_comparison", value=2), "it is of format 2"),
        (damaged("lines", value={}), "lines should be a list"),
        (damaged("lines", 1, "kinds", "lost_write", value=3), "lost_write should be an object"),
        (damaged("lines", 1, "kinds", "lost_write", "low", value="1"), "low should be a number"),
        (damaged("lines", 0, "is_anti_pattern", value=0), "should be true or false"),
        (damaged("ablations", 0, "where", value=[1]), "should be a text"),
        (damaged("claims", 0, "token", value=None), "token should be a text"),
        (damaged("terms", "seed", value=7), "seed should be a text"),
        (damaged("stories", value=[{"topology": "x"}]), "stories\\[0\\].run should be an object"),
        (
            damaged("lines", 0, "spreads", value={"latency": ["1"]}),
            "latency\\[0\\] should be a num",
        ),
    ],
)
def test_what_is_damaged_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        read(text)
    assert "`pileup compare` writes one" in str(refused.value)


# Cells by name -------------------------------------------------------------------------------

TOKENS = Comparison(
    title="",
    terms={},
    lines=(
        Line("single agent", "naive", kinds={"lost_write": cell(1, 0, "t1")}),
        Line("single agent", "hardened", measures={"calls per intent": cell(1, 0, "t2")}),
    ),
    ablations=(
        Ablation(
            *("round_cap", ""),
            away=(Change("deadlock", None, cell(1, 0, "t3"), "single agent"),),
            alone=(Change("deadlock", cell(9, 0, "no"), cell(1, 0, "t4"), "single agent"),),
        ),
    ),
    claims=(
        Claim("a", "b", "c", agrees=True, token="t6"),
        Claim("d", "e", "f", agrees=True, token="t7"),
    ),
    crowds=(Crowd(100, "naive", {"p95": cell(1, 0, "t5"), "cost": cell(1, 0, "")}),),
)


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("single agent/naive/lost_write", "t1"),
        ("Single-Agent/naive/lost-write", "t1"),
        ("single agent/hardened/calls per intent", "t2"),
        ("single agent/without round_cap/deadlock", "t3"),
        ("single agent/only round_cap/deadlock", "t4"),
        ("crowd of 100/naive/p95", "t5"),
        ("articles/claim/2", "t7"),
    ],
)
def test_a_cell_is_found_by_what_the_tables_call_it(name: str, token: str) -> None:
    assert token_at(TOKENS, name) == token


def test_a_name_that_is_not_there_is_answered_with_those_that_are_near() -> None:
    with pytest.raises(UsageError, match="single agent/naive/lost_write"):
        token_at(TOKENS, "single agent/naive/lost_rite")
    with pytest.raises(UsageError, match="no single run shows"):
        token_at(TOKENS, "crowd of 100/naive/cost")


def test_every_cell_can_be_asked_for_by_its_own_name() -> None:
    shown = {name: each for name, each in cells(SMALL).items() if each.token}
    assert shown
    assert all(token_at(SMALL, name) == each.token for name, each in shown.items())
