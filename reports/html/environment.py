"""How a page is made: every text is escaped, style and script are part of it, nothing is fetched.

A page is opened from disk, sent by mail and shown by a CI, and what stands in
it comes from agents and models. So its policy allows no request at all, and of
scripts only ours, by what they hash to. Styles may be inline, because figures
stand in them (how full a bar is), and a style can fetch nothing here.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

PACKAGE: Final = "pileup.reports.html"
STYLES: Final = ("style.css", "diagram.css")
SCRIPTS: Final = ("script.js", "diagram.js")


def page(
    template: str,
    content: dict[str, object],
    styles: tuple[str, ...] = STYLES,
    scripts: tuple[str, ...] = SCRIPTS,
) -> str:
    """Fill a template; styles and scripts are files beside this one, put into the page."""
    script = _assets(scripts)
    return (
        environment()
        .get_template(template)
        .render(content, style=_assets(styles), script=script, script_hash=_hash_of(script))
        .rstrip()
    )


@cache
def environment() -> Environment:
    """Return what fills templates: it escapes all there is, and a name that is not there raises."""
    return Environment(
        loader=PackageLoader(PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _assets(names: tuple[str, ...]) -> str:
    folder = resources.files(PACKAGE)
    return "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)


def _hash_of(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()
