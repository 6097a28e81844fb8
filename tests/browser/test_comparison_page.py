"""The page of a comparison in a real browser: the matrix, its notes, the plots and the stories."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from hashlib import sha256

import pytest
from playwright.sync_api import Page, expect
from support.axe import violations
from support.browsers import DESK, PHONE, Opener, Scheme
from support.small_comparison import SMALL, SPREAD, cell, with_story
from support.stories import HOSTILE

from pileup.reports.comparison import Cell, Comparison, Crowd, Line
from pileup.reports.comparison_writing import spelled

LOST = "lost_write, supervisor, naive"
MEGABYTE = 1_000_000


@cache
def whole() -> Comparison:
    """Return the small comparison with a story, crowds to draw, and a token that is one."""
    crowds = tuple(
        Crowd(instances, controls, {"right": cell(right), "p95": cell(100.0 * right)})
        for controls, rights in (("naive", (1.0, 0.5, 0.0)), ("hardened", (1.0, 1.0, 1.0)))
        for instances, right in zip((1, 10, 300), rights, strict=True)
    )
    return replace(with_story(), crowds=crowds)


@pytest.fixture
def shown(opened: Opener) -> Page:
    return opened(
        spelled(whole(), ".html", {}), permissions=["clipboard-read", "clipboard-write"]
    ).page


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label') || ''"))


# The matrix ----------------------------------------------------------------------------------


def test_the_verdict_stands_first_and_the_figures_are_in_the_cells(shown: Page) -> None:
    expect(shown.locator("h1")).to_have_text("With controls nothing was found in 2 topologies")
    expect(shown.get_by_text("Without controls something goes wrong in 3 of 3")).to_be_visible()
    expect(shown.get_by_label(LOST)).to_have_text("400")
    expect(shown.get_by_label("lost_write, supervisor, hardened")).to_have_text("·")


def test_more_is_darker_and_none_is_a_dot(shown: Page) -> None:
    def shade(name: str) -> str:
        return str(
            shown.get_by_label(name).evaluate("each => getComputedStyle(each).backgroundColor")
        )

    names = ("retry_amplification, supervisor, naive", LOST, "deadlock, crew, naive")
    reds = [int(shade(name)[4:].split(",")[1]) for name in names]
    assert reds == sorted(reds, reverse=True)
    assert len({*reds, int(shade("deadlock, supervisor, naive")[4:].split(",")[1])}) == 4


def test_a_cell_opens_a_note_with_its_interval_and_how_to_see_it(shown: Page) -> None:
    shown.get_by_label(LOST).click()
    note = shown.get_by_role("dialog")
    expect(note).to_contain_text("In 400 of 1,000 storms; with 95% confidence between 250 and 550.")
    expect(note).to_contain_text("Seen in 16 of 40 storms that were run.")
    expect(note.locator("code").first).to_have_text("pileup replay supervisor/naive/lost_write")
    shown.keyboard.press("Escape")
    expect(note).to_be_hidden()


def test_a_clean_cell_says_how_sure_that_is(shown: Page) -> None:
    shown.get_by_label("lost_write, supervisor, hardened").click()
    note = shown.get_by_role("dialog")
    expect(note).to_contain_text("Not seen; with 95% confidence in fewer than 72 of 1,000.")
    expect(note).to_contain_text("pileup compare --runs 400")


def test_the_command_is_copied_with_one_click_and_so_is_the_token(shown: Page) -> None:
    shown.get_by_label(LOST).click()
    note = shown.get_by_role("dialog")
    note.get_by_role("button", name="Copy", exact=True).click()
    expect(note.get_by_text("Copied")).to_be_visible()
    read = "navigator.clipboard.readText()"
    assert shown.evaluate(read) == "pileup replay supervisor/naive/lost_write"
    note.get_by_role("button", name="Copy with its token").click()
    expect(note.get_by_text("Copied").last).to_be_visible()
    assert shown.evaluate(read) == "pileup replay pileup1-shown"


def test_keys_reach_every_cell_and_open_it(shown: Page) -> None:
    shown.get_by_role("region", name="What goes wrong", exact=True).focus()
    shown.keyboard.press("Tab")
    rows = shown.locator("[data-matrix] tbody tr")
    columns = rows.first.locator("button").count()
    met = []
    for row in range(rows.count()):
        for column in range(columns):
            met.append(focused(shown))
            shown.keyboard.press("ArrowRight" if column < columns - 1 else "Home")
        if row < rows.count() - 1:
            shown.keyboard.press("ArrowDown")
    every = shown.locator("[data-matrix] button")
    assert len(met) == len({*met}) == every.count() == 30
    assert shown.locator("[data-matrix] button[tabindex='0']").count() == 1
    expect(shown.locator("[data-peek]")).to_have_text(focused(shown))
    shown.keyboard.press("Enter")
    expect(shown.get_by_role("dialog")).to_be_visible()


def test_a_note_leads_to_the_story_of_its_kind(shown: Page) -> None:
    shown.get_by_label(LOST).click()
    shown.get_by_role("link", name="A story of this kind").click()
    expect(shown.get_by_role("dialog")).to_be_hidden()
    expect(shown.locator("#story1 .diagram")).to_be_visible()
    assert shown.locator("#story1 .links path").count() > 0


def test_notes_open_without_any_script(opened: Opener) -> None:
    page = opened(spelled(whole(), ".html", {}), java_script_enabled=False).page
    page.get_by_label(LOST).click()
    expect(page.get_by_role("dialog")).to_contain_text("between 250 and 550")


def test_on_paper_every_figure_has_its_interval(shown: Page) -> None:
    shown.emulate_media(media="print")
    expect(shown.get_by_text("In 400 of 1,000 storms; with 95% confidence")).to_be_visible()
    expect(shown.get_by_label(LOST)).to_be_visible()


# Plots ---------------------------------------------------------------------------------------


def test_a_plot_has_a_title_an_axis_with_units_and_a_table(shown: Page) -> None:
    plot = shown.locator("figure.plot").first
    expect(plot.locator("h3")).to_have_text("How long a document takes")
    assert "10 s" in plot.locator("text.tick").all_text_contents()
    assert plot.locator("rect.box").count() == len(SMALL.lines)
    plot.locator("summary").click()
    expect(plot.get_by_role("row").nth(1)).to_contain_text("30.0 s")


def test_boxes_stand_where_their_figures_are(shown: Page) -> None:
    """From 1 to 30 seconds on an axis of 1 to 31.6: the middle, 2.5 s, is a quarter of the way."""
    plot = shown.locator("figure.plot svg").first
    middle, wide = plot.locator("line.middle").first.bounding_box(), plot.bounding_box()
    assert middle is not None
    assert wide is not None
    way = (middle["x"] + middle["width"] / 2 - wide["x"]) / wide["width"]
    assert way == pytest.approx(0.01 + 0.98 * 0.398 / 1.5, abs=0.01)


def test_curves_are_told_apart_without_colours(shown: Page) -> None:
    plot = shown.locator(".growths figure").first
    assert plot.locator("circle.dot").count() == plot.locator("rect.dot").count() == 3
    dashes = "each => getComputedStyle(each).strokeDasharray"
    assert plot.locator(".naive .curve").first.evaluate(dashes) != "none"
    assert plot.locator(".hardened .curve").first.evaluate(dashes) == "none"


# For everybody -------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_comparison(opened: Opener, scheme: Scheme, width: int) -> None:
    page = opened(spelled(whole(), ".html", {}), scheme=scheme, width=width).page
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert violations(page) == []
    page.get_by_label(LOST).click()
    assert violations(page) == []


def test_a_phone_scrolls_down_and_not_sideways(opened: Opener) -> None:
    page = opened(spelled(whole(), ".html", {}), width=PHONE).page
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE


@pytest.mark.parametrize("name", HOSTILE)
def test_what_means_ill_is_only_text(opened: Opener, name: str) -> None:
    page = opened(spelled(ill(HOSTILE[name]), ".html", {})).page
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert page.locator("img, iframe, main script").count() == 0
    assert page.locator("[data-matrix] button").count() == 4
    assert page.evaluate("document.documentElement.scrollWidth") <= DESK


def ill(name: str) -> Comparison:
    """Return a comparison in which everything is called so."""
    kinds = {name: cell(500, 100, name), "lost_write": cell(1)}
    lines = [
        Line(name, controls, name, True, 40, 0.07, kinds, {"p95": cell(1)}, SPREAD)
        for controls in ("naive", name)
    ]
    return replace(
        whole(),
        title=name,
        terms={name: name},
        lines=tuple(lines),
        ablations=tuple(replace(each, control=name, says=name) for each in SMALL.ablations),
        claims=tuple(replace(each, what=name, why=name) for each in SMALL.claims),
        advice=tuple(replace(each, take=name) for each in SMALL.advice),
        stories=tuple(replace(each, topology=name, kind=name) for each in whole().stories),
        notes=(name,),
    )


# How large it is -----------------------------------------------------------------------------


def test_a_whole_comparison_is_less_than_a_megabyte_and_long_tokens_stand_once() -> None:
    def token(number: int) -> str:
        return "pileup1-" + "".join(
            sha256(f"{number} {each}".encode()).hexdigest() for each in range(90)
        )

    def kinds(number: int) -> dict[str, Cell]:
        shown_by = [token(number * 8 + place // 2) for place in range(15)]
        return {f"kind_{place}": cell(100, 50, each) for place, each in enumerate(shown_by)}

    lines = [
        Line(
            f"topology {number}",
            controls,
            kinds=kinds(number),
            measures={"p95": cell(1, 0.5, token(number))},
            spreads=SPREAD,
            runs=20,
        )
        for number in range(12)
        for controls in ("naive", "hardened")
    ]
    page = spelled(replace(whole(), lines=tuple(lines)), ".html", {})
    assert len(page.encode()) < MEGABYTE
    kept = page.count('<div class="token">')
    assert kept > 30
    assert page.count("pileup1-") == kept + 1  # the last is the story's own
    assert page.count('data-copy-of="') > 2 * kept
