"""A run of 5,000 events: folded at first, and quick whatever is done with it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from support.browsers import Opener
from support.stories import long

from pileup.reports import writing

COUNT = 5_000
SLOW = 2_000
"""Milliseconds for what takes 400 while five others use the same two cores."""

OPENED = """async () => {
  const began = performance.now();
  for (const each of document.querySelectorAll("details")) each.open = true;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - began;
}"""

STEPPED = """async () => {
  let longest = 0;
  const next = document.querySelector("[data-step='1']");
  for (let step = 0; step < 40; step += 1) {
    const began = performance.now();
    next.click();
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    longest = Math.max(longest, performance.now() - began);
  }
  return longest;
}"""


@pytest.fixture(scope="module")
def html() -> str:
    return writing.render(long(COUNT), ".html")


@pytest.fixture
def page(opened: Opener, html: str) -> Page:
    return opened(html).page


def test_what_matters_is_shown_and_the_rest_is_folded(page: Page) -> None:
    assert page.locator("li.moment").count() == COUNT
    expect(page.locator(f"#s1m{COUNT - 1}")).to_be_visible()
    expect(page.locator("#s1m100")).to_be_hidden()
    folds = page.locator(".fold summary")
    assert folds.first.text_content() == "250 moments, 0 to 249, in which nothing of this happens"


def test_a_fold_opens_by_key_and_a_step_into_it_opens_it(page: Page) -> None:
    page.locator(".fold summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#s1m100")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#s1m100")).to_be_hidden()
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#s1m0")).to_be_visible()


def test_a_link_to_a_moment_in_a_fold_opens_it(page: Page) -> None:
    page.evaluate("location.hash = '#s1m300'")
    expect(page.locator("#s1m300")).to_be_in_viewport()


def test_to_open_all_folds_and_to_step_stays_quick(page: Page) -> None:
    assert page.evaluate(OPENED) < SLOW
    page.get_by_role("button", name="First wrong moment").click()
    assert page.evaluate("document.activeElement.id") == f"s1m{COUNT - 1}"
    page.locator("#s1m2500").focus()
    assert page.evaluate(STEPPED) < SLOW
    page.keyboard.press("Home")
    expect(page.locator("#s1m0")).to_be_in_viewport()
