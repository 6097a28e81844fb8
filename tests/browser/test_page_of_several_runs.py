"""Several runs on one page: each below the finding that it shows, each with its own steps."""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.sync_api import Locator, Page, expect
from support.axe import violations
from support.browsers import DESK, PHONE, Opened, Opener, Scheme
from support.stories import long, raced

from pileup.reports import writing

RACED = writing.render(raced(), ".html")
SECOND = "s1r2"
SHARED = "s1r3"
MOST_LOOKS = 60
DRAWN = ("s1", SECOND, SHARED, "s1r4")


@pytest.fixture
def race(opened: Opener) -> Page:
    return opened(RACED).page


def card(page: Page, number: int) -> Locator:
    return page.locator(".findings > li").nth(number - 1)


def unfold(page: Page, number: int) -> Locator:
    """Open a finding that is folded."""
    found = card(page, number)
    found.locator("summary").first.click()
    return found


def moment(page: Page, run: str, number: int) -> Locator:
    return page.locator(f"#{run}m{number}")


def current(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_each_run_is_drawn_once_below_the_first_finding_that_it_shows(race: Page) -> None:
    drawn = race.locator("[data-diagram]")
    assert [each.get_attribute("data-diagram") for each in drawn.all()] == list(DRAWN)
    for number, run in enumerate(DRAWN, 1):
        assert card(race, number).locator(f"[data-diagram={run}]").count() == 1


def test_the_first_is_open_and_the_rest_open_with_their_findings(race: Page) -> None:
    expect(moment(race, "s1", 7)).to_be_visible()
    expect(moment(race, SECOND, 4)).to_be_hidden()
    unfold(race, 2)
    expect(moment(race, SECOND, 4)).to_be_visible()
    expect(moment(race, SHARED, 1)).to_be_hidden()


def test_each_has_a_command_of_its_own(race: Page) -> None:
    commands = race.locator(".findings [data-copied]").all_text_contents()
    replays = [f'pileup.replay("{run.token}", ...)' for run in raced().shown]
    assert commands == replays
    assert len(set(commands)) == len(DRAWN)


def test_a_finding_of_a_run_that_is_drawn_leads_there(race: Page) -> None:
    told = unfold(race, 5)
    assert told.locator("[data-diagram]").count() == 0
    expect(told).to_contain_text("The run that shows it is the one of agent_failed, above.")
    told.get_by_role("link", name="agent_failed").click()
    expect(moment(race, SHARED, 1)).to_be_visible()
    expect(race.locator(f"#{SHARED}-run")).to_be_in_viewport()


def test_keys_step_through_the_second_and_leave_the_first_alone(race: Page) -> None:
    second = unfold(race, 2)
    moment(race, SECOND, 1).focus()
    for key, number in [("ArrowDown", 2), ("End", 6), ("ArrowDown", 6), ("Home", 1)]:
        race.keyboard.press(key)
        assert current(race) == f"{SECOND}m{number}"
    expect(second.locator("[data-where]")).to_contain_text("1 of 4: at config_race.py:19")
    expect(card(race, 1).locator("[data-where]")).to_contain_text("5 moments. Arrow keys step")
    race.keyboard.press("Enter")
    expect(moment(race, SECOND, 1).locator(".more")).to_be_visible()
    expect(moment(race, "s1", 1).locator(".more")).to_be_hidden()


def test_each_has_its_own_first_wrong_moment(race: Page) -> None:
    second = unfold(race, 2)
    second.get_by_role("button", name="First wrong moment").click()
    assert current(race) == f"{SECOND}m4"
    card(race, 1).get_by_role("button", name="First wrong moment").click()
    assert current(race) == "s1m7"


def test_events_in_the_words_lead_to_the_run_of_their_finding(race: Page) -> None:
    second = unfold(race, 2)
    second.locator("p > a", has_text="4").first.click()
    assert race.url.endswith(f"#{SECOND}m4")
    remark = moment(race, SECOND, 4).locator(".remark a").first
    assert remark.get_attribute("href") == f"#{SECOND}m2"


def test_a_link_to_a_moment_of_a_folded_finding_opens_it(race: Page) -> None:
    race.evaluate(f"location.hash = '#{SECOND}m4'")
    expect(moment(race, SECOND, 4)).to_be_in_viewport()


def test_lines_of_a_run_that_was_folded_are_drawn_where_its_moments_are(race: Page) -> None:
    second = unfold(race, 2)
    line = second.locator(".links path.link.stale")
    expect(line).to_have_count(1)
    for _ in range(MOST_LOOKS):  # because lines are drawn when the browser gets round to it
        if joins(line, moment(race, SECOND, 4), moment(race, SECOND, 6)):
            return
        race.wait_for_timeout(50)
    pytest.fail("the line does not go from the one moment to the other")


def joins(line: Locator, begin: Locator, end: Locator) -> bool:
    """Whether a line goes from beside one moment to beside another."""
    drawn, first, last = (each.bounding_box() for each in (line, begin, end))
    if drawn is None or first is None or last is None:  # it is not drawn yet
        return False
    low, high = drawn["y"], drawn["y"] + drawn["height"]
    begins = first["y"] < low < first["y"] + first["height"]
    return begins and last["y"] < high < last["y"] + last["height"]


def test_paper_shows_all_of_them(race: Page) -> None:
    expect(moment(race, SECOND, 4)).to_be_hidden()
    race.emulate_media(media="print")
    assert race.locator(f"[data-diagram={SECOND}] .links path.link").count() == 2
    for run in DRAWN:
        body = race.locator(f"[data-diagram={run}] .body").bounding_box()
        assert body is not None
        assert body["height"] > 80
        for row in race.locator(f"[data-diagram={run}] li.moment").all():
            expect(row).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", PHONE), ("dark", DESK)])
def test_axe_finds_nothing_in_any_of_them(opened: Opener, scheme: Scheme, width: int) -> None:
    page = opened(RACED, scheme=scheme, width=width).page
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert violations(page) == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_a_script_findings_open_and_their_runs_are_told(opened: Opener) -> None:
    page = opened(RACED, java_script_enabled=False).page
    second = unfold(page, 2)
    expect(second.get_by_text("First wrong moment").last).to_be_visible()
    expect(moment(page, SECOND, 4)).to_contain_text("stale from 6 on")


@pytest.mark.parametrize(("count", "is_put_off"), [(300, False), (3_000, True)])
def test_only_in_a_very_long_run_is_what_is_far_away_left_for_later(
    opened: Opener, count: int, *, is_put_off: bool
) -> None:
    found: Opened = opened(writing.render(long(count), ".html"))
    kinds = """() => [...document.querySelectorAll("li.moment")]
      .map((each) => getComputedStyle(each).contentVisibility)"""
    for each in found.page.locator(".fold details").all():
        each.evaluate("(fold) => { fold.open = true; }")
    assert ("auto" in found.page.evaluate(kinds)) == is_put_off
    found.page.emulate_media(media="print")
    assert "auto" not in found.page.evaluate(kinds)
