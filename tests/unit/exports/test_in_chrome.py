"""A trace is opened by Chrome's own Performance panel, where there is a Chromium.

Perfetto's trace processor cannot be had from a package registry; this reader of the
same format comes with the browser.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from pileup.detectors import told
from pileup.reports.exports import write

CHROMIUM = shutil.which("chromium")
PANEL = "devtools://devtools/bundled/devtools_app.html?panel=timeline"
ENGINE = "devtools://devtools/bundled/models/trace/trace.js"
READ = f"""async text => {{
    const {{TraceModel}} = await import('{ENGINE}');
    const model = TraceModel.Model.createWithAllHandlers();
    await model.parse(JSON.parse(text).traceEvents, {{}});
    return [...model.parsedTrace(0).data.Renderer.processes.values()].flatMap(
        each => [...each.threads.values()].map(
            thread => [thread.name, thread.entries.map(entry => entry.name)]));
}}"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")


@pytest.fixture(scope="module")
def panel() -> Iterator[Page]:
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(PANEL)
        yield page
        browser.close()


def test_chrome_reads_agents_and_operations_in_order(panel: Page) -> None:
    text = write(told("a:r x, b:r x, a.1:w x1, b/s:w x2, a:r y"), "perfetto")
    assert panel.evaluate(READ, text) == [
        ["a", ["read x", "read y"]],
        ["task 1", ["write x"]],
        ["b", ["read x", "write x"]],
    ]
