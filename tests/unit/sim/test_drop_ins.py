"""Drop-ins: in when their package is there, out when the exploration ends."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import pileup
from pileup.sim.drop_ins import drop_in

log: list[str] = []


@contextmanager
def noting() -> Iterator[None]:
    log.append("in")
    yield
    log.append("out")


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "late_package.py").write_text("LOADED = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    log.clear()
    yield
    sys.modules.pop("late_package", None)


def wants(package: str) -> object:
    def setup(_: pileup.Sim) -> None:
        drop_in(package, noting)

    return setup


async def rests() -> None:
    log.append("run")


async def imports() -> None:
    log.append("before")
    module = importlib.import_module("late_package")
    assert module.LOADED
    assert module.__spec__ is not None
    assert type(module.__spec__.loader).__name__ == "SourceFileLoader"


def explore(agent: object, package: str) -> None:
    pileup.explore(agent, setup=wants(package), agents=1, runs=1).assert_clean()  # type: ignore[arg-type] # any


def test_it_goes_in_once_for_an_exploration_if_the_package_is_there() -> None:
    explore(rests, "json")
    assert log == ["in", "run", "run", "out"]


def test_it_goes_in_when_the_package_is_imported() -> None:
    explore(imports, "late_package")
    assert log == ["before", "in", "before", "out"]


def test_it_stays_out_where_the_package_is_never_imported() -> None:
    explore(rests, "late_package")
    assert log == ["run", "run"]


def test_a_package_that_does_not_exist_fails_as_ever() -> None:
    async def agent() -> None:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("no_such_package_at_all")

    explore(agent, "no_such_package_at_all")
    assert log == []


def test_nothing_is_left_where_imports_are_found() -> None:
    before = list(sys.meta_path)
    explore(imports, "late_package")
    assert sys.meta_path == before


def test_outside_of_an_exploration_it_asks_for_nothing() -> None:
    drop_in("json", noting)
    assert log == []
