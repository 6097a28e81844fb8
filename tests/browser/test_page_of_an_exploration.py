"""The page in a real browser: what a reader sees, and what keys, clicks and no script do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browsers import DESK, PHONE, Opened, Opener, Scheme
from support.stories import HOSTILE, TOKEN, hostile, lost, raced

from pileup.reports import writing
from pileup.reports.data import Told
from pileup.reports.recipe import Recipe

PASTED = Recipe(lambda token: f"pileup replay {token} shop.py:pay")
RACED = writing.render(raced(), ".html")


@pytest.fixture
def race(opened: Opener) -> Page:
    return opened(RACED).page


def row(page: Page, number: int) -> Locator:
    return page.locator(f"#s1m{number}")


def first(page: Page) -> Locator:
    """Return the run that is open, for which the others are another test's."""
    return page.locator("[data-diagram=s1]")


def current(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_the_verdict_comes_first_and_the_worst_finding_is_open(race: Page) -> None:
    expect(race.locator("h1")).to_have_text("5 distinct findings in 100 runs")
    expect(race.get_by_text("What add_entry-1 had changed is gone")).to_be_visible()
    expect(race.get_by_text("Only then add_entry-0 wrote the rest")).to_be_hidden()
    race.get_by_text("while add_entry-0 had written only part of it").click()
    expect(race.get_by_text("Only then add_entry-0 wrote the rest")).to_be_visible()


def test_a_reader_sees_what_was_read_overwritten_and_lost(race: Page) -> None:
    expect(row(race, 1)).to_contain_text("stale from 5 on: add_entry-1 has made v2 since")
    expect(row(race, 5)).to_contain_text("lost: add_entry-0 writes over it in 7, unseen")
    expect(row(race, 7)).to_contain_text("First wrong moment")
    expect(row(race, 7)).to_contain_text("by add_entry-1 in 5, which it had not seen")


def test_lines_join_the_stale_read_and_the_lost_write(race: Page) -> None:
    assert first(race).locator(".links path.link.stale").count() == 1
    line = first(race).locator(".links path.link.lost")
    ends = re.findall(r"M[\d.]+ ([\d.]+)C.* ([\d.]+)$", str(line.get_attribute("d")))
    body = first(race).locator(".body").bounding_box()
    assert body is not None
    for number, end in zip((5, 7), ends[0], strict=True):
        box = row(race, number).locator("svg.lanes").bounding_box()
        assert box is not None
        assert abs(body["y"] + float(end) - (box["y"] + 14)) < 2


def test_arrows_home_and_end_step_through_the_moments(race: Page) -> None:
    row(race, 1).focus()
    steps = [("ArrowDown", 3), ("ArrowDown", 4), ("ArrowUp", 3), ("End", 7), ("Home", 1)]
    for key, number in [*steps, ("ArrowUp", 1)]:
        race.keyboard.press(key)
        assert current(race) == f"s1m{number}"
    expect(first(race).locator("[data-where]")).to_contain_text("1 of 5: at config_race.py:19")


def test_tab_comes_to_the_moments_once_and_leads_on(race: Page) -> None:
    assert first(race).locator("li.moment[tabindex='0']").count() == 1
    row(race, 1).focus()
    race.keyboard.press("ArrowDown")
    assert first(race).locator("li.moment[tabindex='0']").count() == 1
    assert row(race, 3).get_attribute("tabindex") == "0"


def test_enter_tells_more_of_a_moment(race: Page) -> None:
    more = row(race, 5).locator(".more")
    expect(more).to_be_hidden()
    row(race, 5).focus()
    race.keyboard.press("Enter")
    expect(more).to_contain_text("at config_race.py:21 in add_entry")
    expect(more).to_contain_text("session session-1")
    race.keyboard.press("Enter")
    expect(more).to_be_hidden()


def test_pointing_at_a_moment_tells_more_and_lights_what_belongs_to_it(race: Page) -> None:
    row(race, 5).hover()
    expect(first(race).locator("[data-where]")).to_contain_text("4 of 5: at config_race.py:21")
    assert first(race).locator(".links path.lit").count() == 2
    race.locator("h1").hover()
    assert first(race).locator(".links path.lit").count() == 0


def test_buttons_step_and_jump_to_the_first_wrong_moment(race: Page) -> None:
    first(race).get_by_role("button", name="Next").click()
    assert current(race) == "s1m1"
    first(race).get_by_role("button", name="First wrong moment").click()
    assert current(race) == "s1m7"
    first(race).get_by_role("button", name="Previous").click()
    assert current(race) == "s1m5"


def test_events_in_the_text_lead_to_their_moments(race: Page) -> None:
    race.locator(".findings a", has_text="7").first.click()
    assert race.url.endswith("#s1m7")


def test_a_click_copies_the_command(opened: Opener) -> None:
    page = opened(RACED, permissions=["clipboard-read", "clipboard-write"]).page
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Copied")
    shown = raced().counterexample
    assert shown is not None
    assert page.evaluate("navigator.clipboard.readText()") == f'pileup.replay("{shown.token}", ...)'


def test_copying_works_where_there_is_no_clipboard(opened: Opener) -> None:
    page = opened(RACED, permissions=["clipboard-read"]).page
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.evaluate("document.addEventListener('copy', () => { window.copied = 1; })")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("window.copied") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_readers_and_can_be_turned(opened: Opener, scheme: Scheme) -> None:
    page = opened(RACED, scheme=scheme).page
    name = {"light": "Dark", "dark": "Light"}
    before = background(page)
    page.get_by_role("button", name=name[scheme]).click()
    assert background(page) != before
    page.get_by_role("button", name=name["light" if scheme == "dark" else "dark"]).click()
    assert background(page) == before


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_all_of_it_can_be_read_without_a_script(opened: Opener) -> None:
    page = opened(RACED, java_script_enabled=False).page
    expect(page.get_by_text("stale from 5 on")).to_be_visible()
    for text in ("First wrong moment", "at config_race.py:21 in add_entry"):
        expect(row(page, 7).get_by_text(text).last).to_be_visible()
    for button in page.locator("button").all():
        expect(button).to_be_hidden()


def test_paper_has_no_buttons_and_all_moments(opened: Opener) -> None:
    page = opened(RACED, scheme="dark").page
    page.emulate_media(media="print")
    for button in page.locator("button").all():
        expect(button).to_be_hidden()
    expect(row(page, 7)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_sticks_out_of_the_window(opened: Opener, width: int) -> None:
    page = opened(RACED, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_name_does_anything_or_breaks_the_page(opened: Opener) -> None:
    told = [Told(text, hostile(text)) for text in HOSTILE.values()]
    page = opened(writing.spelled(told, ".html", lambda _: PASTED)).page
    assert len(page.locator("main > article").all()) == len(HOSTILE)
    moments = page.locator("article:has(h1) li.moment")
    assert moments.count() == len(HOSTILE) * len(lost("", "", ""))
    page.evaluate("for (const each of document.querySelectorAll('button')) each.click()")
    page.locator("li.moment").last.hover()
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= DESK


def test_a_page_that_asks_for_something_is_refused_it(opened: Opener) -> None:
    asking = "<img src='{0}x.png'><iframe src='{0}x'></iframe><script>hacked=1</script>"
    page = RACED.replace("<main", f"{asking.format('http://127.0.0.1:9/')}<main", 1)
    again: Opened = opened(page)
    again.page.wait_for_timeout(50)
    assert again.page.evaluate("window.hacked") is None
    assert [url for url in again.requests if url.startswith("http")] == []
    assert len(again.complaints) == 3
    assert all("Content Security Policy" in said for said in again.complaints)
    again.complaints.clear()


def test_what_is_copied_is_the_whole_token(opened: Opener) -> None:
    page = opened(writing.render(hostile("x"), ".html")).page
    assert TOKEN in str(page.locator("[data-copied]").last.text_content())
