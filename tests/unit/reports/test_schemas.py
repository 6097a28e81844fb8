"""The published schema: all that is written fits it, and it accepts what the readers accept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any, Final, TypeAlias, get_args

import pytest
from jsonschema import Draft202012Validator
from support.small_comparison import cell, with_story

import pileup
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.faults import Rule
from pileup.operations import Access
from pileup.reports import comparison_data
from pileup.reports.data import Told, ToldRun, read_any, write, write_run
from pileup.reports.differences import data as differences
from pileup.reports.differences.model import Count, Difference, Differences
from pileup.reports.event_pages import ACCESSES
from pileup.reports.schemas import schema
from pileup.scenarios.config_race import FIXED, RACE

Path: TypeAlias = tuple[str | int, ...]
Pages: TypeAlias = Any  # Any: JSON

VALIDATOR: Final = Draft202012Validator(json.loads(schema()))
OTHERS: Final = (None, True, -1, "text", [[7, "text"]])
GONE: Final = object()

SPELLED: Final = ("token", "agent", "name")
"""Of these a reader asks more than a schema can: a token is whole, an agent is known."""


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.http.route("POST", "/charges", charge, effect=True)
    return world


def charge(_: object, __: object) -> dict[str, bool]:
    return {"done": True}


async def pays(world: World) -> None:
    with pileup.step("pay"):
        paid = await world.memory.get("paid") or 0
        try:
            await world.http.post("/charges", json={"amount": 1})
        except OSError:
            await world.http.post("/charges", json={"amount": 1})
        await world.memory.set("paid", paid + 1)


@cache
def explored() -> str:
    faults = [Rule("lost", odds=0.5)]
    paying = pileup.explore(pays, setup=start, runs=30, faults=faults, shrink=False)
    return write([Told("pays", paying), Told("fixed", pileup.explore(FIXED, runs=5))])


@cache
def ran() -> str:
    shown = pileup.explore(RACE, runs=20).counterexample
    assert shown is not None
    return write_run(ToldRun("race", shown))


def compared() -> str:
    found = with_story()
    return comparison_data.write(replace(found, lines=found.lines[1:2]))


WRITTEN: Final[dict[str, Callable[[], str]]] = {
    "explorations": explored,
    "run": ran,
    "comparison": compared,
}


def complaints(page: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(page)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(schema()))


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_fits_the_schema(name: str) -> None:
    assert complaints(json.loads(WRITTEN[name]())) == []


def test_differences_fit_the_schema_too_and_damaged_ones_do_not() -> None:
    counts = Difference("new", "p", "deadlock", Count(0, 9), Count(9, 9), 1e-9)
    cells = Difference("worse", "team/naive", "p50", cell(1), cell(2), 0.0)
    page = json.loads(differences.write(Differences((counts, cells), 3, ("a",), (), ("b",))))
    assert complaints(page) == []
    for path in [path for path in places(page) if path]:
        with changed(page, path, GONE if isinstance(path[-1], str) else None):
            assert complaints(page) != [], path


def test_the_samples_have_something_of_all_there_is() -> None:
    text = "".join(each() for each in WRITTEN.values())
    seldom = ('"fault": "lost"', '"step": "pay"', '"path": [', '"shrunk": {', '"spread": {')
    more = ('"latency": [', '"others": [\n    {')
    assert [each for each in (*seldom, *more) if each not in text] == []


def is_read(text: str) -> bool:
    read = comparison_data.read if '"pileup_comparison"' in text else read_any
    try:
        read(text)
    except UsageError:
        return False
    return True


def slim(page: Pages) -> Pages:
    """Leave out of lists what is like something before it, because validating takes long."""
    if isinstance(page, dict):
        return {name: each if name == "agents" else slim(each) for name, each in page.items()}
    if not isinstance(page, list) or not all(isinstance(each, dict) for each in page):
        return page
    alike = {tuple(each): slim(each) for each in reversed(page)}
    return [*reversed(alike.values())]


def places(page: Pages, path: Path = ()) -> Iterator[Path]:
    """Name all places in a page."""
    yield path
    steps = page if isinstance(page, dict) else range(len(page)) if isinstance(page, list) else ()
    for step in steps:
        yield from places(page[step], (*path, step))


@contextmanager
def changed(page: Pages, path: Path, value: object) -> Iterator[None]:
    for step in path[:-1]:
        page = page[step]
    before = deepcopy(page)
    if value is GONE:
        del page[path[-1]]
    else:
        page[path[-1]] = value
    yield
    page.clear()
    (page.extend if isinstance(page, list) else page.update)(before)


def is_beyond_a_schema(path: Path, value: object) -> bool:
    return (isinstance(value, str) and path[-1] in SPELLED) or path[-2:-1] == ("agents",)


@pytest.mark.parametrize("name", WRITTEN)
def test_the_schema_and_the_reader_accept_the_same(name: str) -> None:
    page = slim(json.loads(WRITTEN[name]()))
    for each in page.get("explorations", ()):
        for other in each.get("others", ()):  # as the counterexample is, which stays whole
            del other["history"][2:]
    assert is_read(json.dumps(page))
    differing, refused = [], 0
    for path in [path for path in places(page) if path]:
        for value in (GONE, *OTHERS):
            if is_beyond_a_schema(path, value):
                continue
            with changed(page, path, value):
                fits = VALIDATOR.is_valid(page)
                refused += not fits
                if fits != is_read(json.dumps(page)):
                    differing.append((path, "is gone" if value is GONE else value, fits))
    assert differing == []
    assert refused > 200


def test_accesses_are_those_that_there_are() -> None:
    assert get_args(Access) == ACCESSES
