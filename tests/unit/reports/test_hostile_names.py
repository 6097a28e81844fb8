"""Whatever agents, keys and values are called: no report breaks, and none takes orders from it."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import Final

import pytest
from support.stories import HOSTILE, hostile

from pileup.reports import data, text, writing
from pileup.reports.data import Told, ToldRun
from pileup.reports.plain import UNSEEN, name, plain, shortened
from pileup.reports.recipe import IN_PYTHON
from pileup.reports.text import render_alone
from pileup.results import Exploration, Stats

FORMATS: Final = (".txt", ".md", ".html", ".json")
CODE: Final = r"(`+)(?!`).*?(?<!`)\1(?!`)"
VOID: Final = frozenset(("meta", "link", "rect", "circle", "path", "line", "br"))


@cache
def spelled(what: str, suffix: str) -> str:
    return writing.spelled([Told(what, hostile(what))], suffix, lambda _: IN_PYTHON)


class Structure(HTMLParser):
    """The elements of a page, without any text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(key for key, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("what", HOSTILE)
def test_no_order_and_nothing_unseen_is_left_in_any_format(what: str, suffix: str) -> None:
    told = spelled(HOSTILE[what], suffix)
    assert not UNSEEN.search(told)
    told.encode()


@pytest.mark.parametrize("what", HOSTILE)
def test_a_page_has_the_elements_that_it_always_has(what: str) -> None:
    usual, page = Structure(spelled("plain", ".html")), Structure(spelled(HOSTILE[what], ".html"))
    assert page.open == []
    assert page.attributes == usual.attributes
    assert page.tags.count("script") == 1
    # A title of several lines, or a name of spaces, may have more or fewer paragraphs.
    assert set(page.tags) == set(usual.tags)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_fence_of_markdown_is_closed_by_nothing_that_stands_in_it(what: str) -> None:
    told = spelled(HOSTILE[what], ".md").splitlines()
    opened = next(line for line in told if re.fullmatch("`{3,}text", line))
    fence = opened.removesuffix("text")
    begun, ended = told.index(opened), len(told) - 1 - told[::-1].index(fence)
    assert told[ended + 1 :] == ["", "</details>"]
    inside = told[begun + 1 : ended]
    assert not [line for line in inside if re.match(rf" {{0,3}}{fence}`*\s*$", line)]
    assert inside == text.render(hostile(HOSTILE[what])).splitlines()


@pytest.mark.parametrize("what", HOSTILE)
def test_outside_of_the_fence_markdown_has_names_in_code_alone(what: str) -> None:
    told = spelled(HOSTILE[what], ".md").partition("<details>")[0]
    bare = re.sub(CODE, "", told)
    assert "hacked" not in bare
    assert "@all" not in bare
    assert "<" not in bare


@pytest.mark.parametrize("what", HOSTILE)
def test_data_gives_back_what_went_in(what: str) -> None:
    found = hostile(HOSTILE[what])
    (told,) = data.read(spelled(HOSTILE[what], ".json"))
    assert told.name == HOSTILE[what]
    assert told.exploration.findings == found.findings
    assert found.counterexample is not None
    assert told.exploration.counterexample is not None
    again = told.exploration.counterexample.history
    assert again.digest == found.counterexample.history.digest


@pytest.mark.parametrize("what", HOSTILE)
def test_a_single_run_is_told_as_safely(what: str) -> None:
    run = hostile(HOSTILE[what]).counterexample
    assert run is not None
    assert not UNSEEN.search(render_alone(run))
    page = writing.spelled([ToldRun(HOSTILE[what], run)], ".html", lambda _: IN_PYTHON)
    assert Structure(page).open == []


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_strategy_claims_of_a_clean_result_is_code_as_well(what: str) -> None:
    clean = Exploration((), 10, Stats("native", 42), claim=HOSTILE[what], exhausted=True)
    told = writing.spelled([Told("x", clean)], ".md", lambda _: IN_PYTHON)
    assert "hacked" not in re.sub(CODE, "", told.partition("<details>")[0])


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_a_megabyte_is_shortened_and_says_how_much_is_left_out(suffix: str) -> None:
    told = spelled(HOSTILE["much"], suffix)
    assert len(told) < 200_000
    assert "more letters)" in told


def test_a_name_of_several_lines_stands_in_one() -> None:
    assert name("one\ntwo\tthree") == r"one\ntwo\tthree"


def test_what_a_terminal_would_obey_is_spelled_out() -> None:
    assert plain("\x1b[2J \x9b \u202e \ud83d") == r"\x1b[2J \x9b \u202e \ud83d"


def test_emoji_stay_whole_and_a_joiner_elsewhere_is_seen() -> None:
    assert plain("👩\u200d👧 a\u200db") == "👩\u200d👧 a\\u200db"


def test_only_what_is_too_long_is_shortened() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "abc... (1 more letters)"


def test_json_is_read_by_those_who_take_no_nan() -> None:
    assert json.loads(spelled("plain", ".json"), parse_constant=pytest.fail)
