"""docs/reference.md says what the docstrings say, and leaves nothing out."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypedDict, Unpack

import pytest
from support.reference import COMMAND, FACE, HIDDEN, PAGE, SHOWN, page
from support.signatures import call, entries, members, options

import pileup
import pileup.fakes
from pileup.cli import pileup_command
from pileup.detectors import KINDS
from pileup.faults import CATALOGUE, PROFILES
from pileup.pytest_plugin.options import OPTIONS
from pileup.strategies import STRATEGIES

TEXT = PAGE.read_text("utf-8")


def test_the_page_says_what_the_docstrings_say() -> None:
    assert page() == TEXT, f"To write it anew: {COMMAND}"


def test_the_page_names_the_command_that_writes_it() -> None:
    assert COMMAND in TEXT


@pytest.mark.parametrize("name", pileup.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert f"### pileup.{name}\n" in TEXT


def test_no_public_name_is_there_twice() -> None:
    assert sorted(FACE) == sorted(pileup.__all__)


@pytest.mark.parametrize("name", pileup.fakes.__all__)
def test_every_fake_is_there(name: str) -> None:
    assert f"### pileup.fakes.{name}\n" in TEXT or f" is a `{name}`. " in TEXT


@pytest.mark.parametrize("table", [CATALOGUE, PROFILES, KINDS, STRATEGIES])
def test_every_entry_of_a_table_is_there(table: dict[str, object]) -> None:
    assert [name for name in table if f"\n| `{name}` | " not in TEXT] == []


def test_every_option_and_command_is_there() -> None:
    assert [each.name for each in OPTIONS if f"`--pileup-{each.name}=" not in TEXT] == []
    assert [name for name in pileup_command.commands if f"### pileup {name}\n" not in TEXT] == []
    fixtures = ("sim", "world", "me", "chaos", "chaos_benchmark")
    assert [each for each in fixtures if f"| `{each}` | " not in TEXT] == []


def test_no_line_of_a_table_is_broken() -> None:
    lines = TEXT.splitlines()
    assert [each for each in lines if each.startswith("| ") and not each.endswith(" |")] == []


def test_a_page_links_to_pages_that_exist() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert [link for link in links if not (PAGE.parent / link).is_file()] == []


@pytest.mark.parametrize(("name", "chosen"), [*SHOWN.items(), *HIDDEN.items()])
def test_what_is_shown_or_hidden_by_name_exists(name: str, chosen: tuple[str, ...]) -> None:
    homes = (pileup, pileup.fakes, pileup.fakes.http)
    (kind,) = (getattr(home, name) for home in homes if name in home.__all__)
    assert [each for each in chosen if each not in members(kind)] == []


# How signatures are spelled -----------------------------------------------------------------


class Wishes(TypedDict, total=False):
    """What may be wished for."""

    colour: str
    size: int | None


class Wheel(NamedTuple):
    """A wheel."""

    spokes: int
    made_of: str = "wood"


@dataclass
class Cart:
    """A cart."""

    wheels: tuple[Wheel, ...] = ()

    @property
    def heavy(self) -> bool:
        """Whether it is."""
        return bool(self.wheels)

    @classmethod
    def of(cls, text: str) -> Cart:
        """Read one."""
        return cls((Wheel(len(text)),))

    async def load(self, what: str, **wishes: Unpack[Wishes]) -> None:
        """Put something on it."""

    def _break(self) -> None:
        """Nobody is to do that."""


Cart.__module__ = Wheel.__module__ = "pileup.carts"


def later(what: str) -> Awaitable[int]:
    raise NotImplementedError(what)


@contextmanager
def held(what: str = "a", *, tight: bool = False) -> Iterator[None]:
    assert what or not tight
    yield


@asynccontextmanager
async def claimed(what: float = 2_000.0) -> AsyncIterator[Wheel]:
    yield Wheel(int(what))


def test_a_call_says_how_it_is_written() -> None:
    assert call("later", later) == "async later(what: str) -> int"
    assert call("held", held) == 'with held(what: str = "a", *, tight: bool = False)'
    assert call("claimed", claimed) == "async with claimed(what: float = 2_000) -> Wheel"


def test_a_long_call_has_one_parameter_a_line() -> None:
    lines = call("pileup.explore", pileup.explore).splitlines()
    assert lines[0] == "pileup.explore("
    assert lines[2:4] == ["    *,", "    setup: Setup | None = None,"]
    assert lines[-1] == ") -> Exploration"


def test_a_class_tells_its_fields_methods_and_properties_and_nothing_private() -> None:
    assert members(Wheel) == {"spokes": "spokes: int", "made_of": "made_of: str"}
    assert members(Cart) == {
        "wheels": "wheels: tuple[Wheel, ...]",
        "heavy": "heavy: bool\n    Whether it is.",
        "of": "Cart.of(text: str) -> Cart\n    Read one.",
        "load": "async load(what: str, **wishes: Wishes)\n    Put something on it.",
    }


def test_options_are_told_by_the_name_of_their_type() -> None:
    found = options(Cart)
    assert [*found] == ["Wishes"]
    assert [*entries(found["Wishes"])] == ["colour: str", "size: int | None"]
