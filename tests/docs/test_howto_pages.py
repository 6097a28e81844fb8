"""The examples of docs/howto are run by pytest in the order of a page, and say what it shows.

An example called `test-x` is a test file. `x` is the agent's module, and
`x-mended` takes its place, after which `test-x` is run again. Whatever has a
text below it is run: 200 times where the text says so, else 100 times, because what is
shown comes up in one of 25 runs or more (missed with 1.7%), but for one zombie (one of 50;
the seed is fixed). PILEUP_RUNS=200 is what a reader has.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path

import pytest
from support.markdown import Example, examples, resembles
from support.sessions import on_its_own, without_others

import pileup
import pileup.fakes

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
LIST = "README.md"
PAGES = sorted(page.name for page in HOWTO.glob("*.md") if page.name != LIST)
MENDED = "_mended"
RUNS = os.environ.get("PILEUP_RUNS", "100")

# pytester forgets what a session has imported; half of a package would be there twice.
# The fakes are walked by themselves, because their folder is not within that of pileup.
for package in (pileup, pileup.fakes):
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not each.name.endswith("__main__"):
            import_module(each.name)
for name in ("anthropic", "filelock", "httpx", "openai", "psycopg", "redis.asyncio", "tenacity"):
    import_module(name)


def module_of(example: Example) -> str:
    return example.module.removesuffix(MENDED)


def said(pytester: pytest.Pytester, example: Example) -> str:
    """Run the test file that belongs to an example, and return all that it writes."""
    module = module_of(example)
    test = module if module.startswith("test_") else f"test_{module}"
    verbose = ["-v"] if example.module.endswith(MENDED) else []
    fewer = [] if " runs" in example.shown[0] else [f"--pileup-runs={RUNS}"]
    result = pytester.runpytest_inprocess(*without_others(()), *verbose, *fewer, f"{test}.py")
    return "\n".join(result.outlines)


@pytest.mark.parametrize("page", PAGES)
def test_each_example_says_what_the_page_shows(
    page: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_its_own(monkeypatch)
    monkeypatch.setenv("COLUMNS", "80")
    pytester.makeini("[pytest]\n")  # else a file above the folder would be this session's
    for example in examples(HOWTO / page).values():
        module = module_of(example)
        pytester.path.joinpath(f"{module}.py").write_text(example.code, "utf-8")
        for name in (module, f"test_{module}"):  # one of ours may be called the same
            monkeypatch.delitem(sys.modules, name, raising=False)
        if example.shown:
            text = said(pytester, example)
            assert resembles(example.shown[0], text), f"{example.name} of {page}:\n{text}"


@pytest.mark.parametrize("page", PAGES)
def test_no_example_stands_there_untried(page: str) -> None:
    found = examples(HOWTO / page)
    tried = {f"test_{module_of(each)}" for each in found.values() if each.shown}
    for each in found.values():
        assert each.shown or f"test_{module_of(each)}" in tried or imported(each, found), each.name


def imported(example: Example, among: dict[str, Example]) -> bool:
    lines = (f"from {example.module} import", f"import {example.module}\n")
    return any(line in each.code for each in among.values() for line in lines)


def test_every_page_is_in_the_list() -> None:
    listed = HOWTO.joinpath(LIST).read_text("utf-8")
    assert [page for page in PAGES if f"({page})" not in listed] == []
