"""What pileup costs those who only import it, and those who do not use it at all."""

from __future__ import annotations

from pathlib import Path

from conftest import Scaled
from processes import import_seconds, pytest_seconds
from pytest_benchmark.fixture import BenchmarkFixture


def test_import(benchmark: BenchmarkFixture, scaled: Scaled) -> None:
    seconds = benchmark.pedantic(import_seconds, (scaled(15),), rounds=1)
    benchmark.extra_info["milliseconds more than none"] = round(seconds * 1e3, 1)


def test_pytest_with_pileup_unused(
    benchmark: BenchmarkFixture, scaled: Scaled, tmp_path: Path
) -> None:
    seconds = benchmark.pedantic(pytest_seconds, (scaled(9), tmp_path), rounds=1)
    benchmark.extra_info["milliseconds more than without"] = round(seconds * 1e3, 1)
