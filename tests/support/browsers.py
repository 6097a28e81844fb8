"""A real browser for pages: the system's Chromium, driven by Playwright, where both are there.

`.ci/run` notes in PILEUP_REQUIRE whether there is a Chromium; if so, nothing skips.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
PHONE: Final = 360
DESK: Final = 1100

Scheme = Literal["light", "dark"]


def chromium() -> str:
    """Return where Chromium is, or skip the test with the reason."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        said = "no Chromium is on PATH (Debian: apt-get install chromium)"
        if "Chromium" in os.environ.get("PILEUP_REQUIRE", "").split(","):
            pytest.fail(f"{said}. It was there before the tests, so it is required.")
        pytest.skip(said)
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """Start a browser, once for all tests, because that takes longer than most of them."""
    where = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page that is open, and what it has complained of and asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def seen(self, text: str) -> bool:
        """Whether a text is to be seen just now."""
        return self.page.get_by_text(text).first.is_visible()


class Opener:
    """Opens pages from disk, as somebody does who has been sent one."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self.opened: list[Opened] = []

    def __call__(
        self,
        html: str,
        *,
        width: int = DESK,
        scheme: Scheme = "light",
        **options: Any,  # Any: whatever Playwright has a context do
    ) -> Opened:
        path = self._folder / f"page{len(self.opened)}.html"
        path.write_text(html, "utf-8", "backslashreplace")
        size = {"width": width, "height": 800}
        context = self._browser.new_context(
            viewport=size,  # type: ignore[arg-type] # a dictionary of that form
            color_scheme=scheme,
            reduced_motion="reduce",  # so that nothing has to be waited for
            **options,
        )
        opened = Opened(context.new_page())
        self.opened.append(opened)
        self._listen(opened)
        opened.page.goto(path.as_uri())
        return opened

    def _listen(self, opened: Opened) -> None:
        def complain(said: ConsoleMessage) -> None:
            opened.complaints.append(f"{said.type}: {said.text}")

        def note(route: Route, request: Request) -> None:
            opened.requests.append(request.url)
            route.continue_()

        opened.page.on("console", complain)
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.route("**/*", note)

    def close(self) -> None:
        """Close all, and hold against them what they have complained of."""
        for each in self.opened:
            each.page.context.close()
            assert each.complaints == []
            assert [url for url in each.requests if not url.startswith("file:")] == []
            assert len(each.requests) == 1, each.requests
