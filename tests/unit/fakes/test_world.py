"""The world: one of each fake, made when it is touched, and nothing brought along before."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pileup
from pileup import fakes
from pileup.fakes import World

PARTS = {
    "bus": "Bus",
    "cache": "Cache",
    "database": "Database",
    "files": "Files",
    "http": "HttpApi",
    "memory": "Memory",
    "model": "Model",
}

UNTOUCHED = """
import sys
import pileup
from pileup.fakes import World
pileup.explore(lambda world: None, setup=World, runs=2)
heavy = {"fakeredis", "redis", "httpx", "httpx2", "respx", "lupa", "openai", "anthropic"}
print(sorted(heavy & set(sys.modules)))
print(sorted(name for name in sys.modules if name.startswith("pileup.fakes.") and "._" not in name))
"""


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_made_once(part: str) -> None:
    def touches(world: World) -> None:
        made = getattr(world, part)
        assert type(made) is getattr(fakes, PARTS[part])
        assert getattr(world, part) is made

    assert pileup.explore(touches, runs=2).clean


def test_what_nobody_touches_is_not_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNTOUCHED], capture_output=True, text=True, check=True
    )
    libraries, modules = done.stdout.splitlines()
    assert libraries == "[]"
    assert "cache" not in modules
    assert "database" not in modules


def test_a_fake_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Redis'"):
        fakes.Redis  # noqa: B018 - looking is the point
