"""Pages for those who see little, or hear them: what axe-core knows of WCAG 2, A and AA."""

from __future__ import annotations

import pytest
from support.axe import violations
from support.browsers import DESK, PHONE, Opener, Scheme
from support.stories import long, raced

from pileup.reports import writing


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        *(("race", "light", PHONE), ("race", "dark", PHONE)),
        *(("race", "light", DESK), ("race", "dark", DESK), ("long", "light", PHONE)),
    ],
)
def test_axe_finds_nothing(opened: Opener, name: str, scheme: Scheme, width: int) -> None:
    found = raced() if name == "race" else long(60)
    page = opened(writing.render(found, ".html"), scheme=scheme, width=width).page
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert violations(page) == []


def test_axe_would_find_something(opened: Opener) -> None:
    page = opened(writing.render(raced(), ".html")).page
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=\"data:,\">'")
    assert violations(page)


def test_a_moment_is_read_out_as_a_sentence(opened: Opener) -> None:
    page = opened(writing.render(raced(), ".html")).page
    heard = page.locator("#s1m7").aria_snapshot()
    said = " ".join(heard.split())
    assert "7 . Proof. First wrong moment." in said
    assert "add_entry-0" in said
    assert "truncate files[config.json] now v3" in said


def test_there_are_landmarks_and_a_way_past_the_top(opened: Opener) -> None:
    page = opened(writing.render(raced(), ".html")).page
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.locator(f"role={role}").count() == 1, role
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.locator("html").get_attribute("lang") == "en"
