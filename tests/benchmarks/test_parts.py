"""What each part of the world costs, and that a crowd's memory grows with the crowd."""

from __future__ import annotations

from pathlib import Path

import parts
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

FOLDER = str(Path(__file__).parent)


@pytest.mark.parametrize("name", parts.DEEDS)
def test_a_deed(name: str, benchmark: BenchmarkFixture) -> None:
    benchmark(parts.deed(name).action)


@pytest.mark.parametrize("name", parts.CLIENTS)
def test_a_call_by_a_client(name: str, benchmark: BenchmarkFixture) -> None:
    benchmark(parts.by_client(name).action)


def test_memory_grows_with_the_crowd() -> None:
    half, whole = (parts.crowd(agents, FOLDER) for agents in (100, 200))
    assert whole.events == pytest.approx(2 * half.events, rel=0.1)
    assert whole.megabytes < 3 * half.megabytes
