"""docs/gallery is what the code makes today: a page for each of some findings.

After a change of the pages, `PILEUP_REWRITE=1 python -m pytest tests/golden` writes them anew;
look at them before you keep them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import gallery
from support.gallery import EXHIBITS, FOLDER, Exhibit

LARGEST = 150_000
REPORTS = Path(__file__).parents[2] / "docs" / "reports.md"


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda each: each.name)
def test_a_page_is_what_is_made_today(exhibit: Exhibit) -> None:
    page, file = gallery.page(exhibit), FOLDER / f"{exhibit.name}.html"
    if os.environ.get("PILEUP_REWRITE"):
        file.write_text(page, "utf-8")
    assert page == file.read_text("utf-8")
    assert len(page.encode()) < LARGEST
    assert 'class="diagram long"' not in page  # so that a picture of all of it has all rows


def test_the_gallery_holds_nothing_else_and_is_linked_to() -> None:
    names = sorted(each.name for each in EXHIBITS)
    assert sorted(path.stem for path in FOLDER.iterdir()) == names
    text = REPORTS.read_text("utf-8")
    assert [name for name in names if f"(gallery/{name}.html)" not in text] == []
