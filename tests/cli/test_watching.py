"""When somebody is shown how far it has come, and what; by a clock that the test turns."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pileup.cli.progress import PATIENCE, PAUSE, Watch
from pileup.search.accounts import stopping
from pileup.search.accounts.progress import Progress


@dataclass
class Clock:
    """Real seconds, as the test says."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(stopping, "real_seconds", made)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich draws on what is no terminal, too
    return made


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_nothing_is_shown_as_long_as_nobody_minds_waiting(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch("shop:pay", None, is_seen=True)
    for runs in range(1, 100):
        clock.now += PATIENCE / 100
        watch(Progress(runs, 100, 0))
    assert shown(capsys) == ""
    clock.now += PATIENCE
    watch(Progress(100, 1000, 2))
    assert "100 of 1,000 runs" in shown(capsys)
    watch.close()


def test_who_does_not_look_is_shown_nothing(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch("shop:pay", None, is_seen=False)
    clock.now += 1000
    watch(Progress(1, 2, 0))
    watch.close()
    assert shown(capsys) == ""


def test_rate_findings_and_the_time_that_is_left_are_told(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch("shop:pay", None, is_seen=True)
    clock.now += 10
    watch(Progress(1_000, 100_000, 1))
    assert "shop:pay" in (said := shown(capsys))
    assert "1,000 of 100,000 runs  100/s  1 finding  16:30 left" in said
    clock.now += PAUSE / 2
    watch(Progress(1_005, 100_000, 1))
    assert shown(capsys) == ""
    clock.now += PAUSE
    watch(Progress(2_000, 4_000_000, 0))
    assert "2,000 of 4,000,000 runs  197/s  0 findings  5:38:" in shown(capsys)
    watch.close()


def test_a_budget_in_seconds_runs_down(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch("shop:pay", 60.0, is_seen=True)
    clock.now += 15
    watch(Progress(300, None, 0))
    assert "300 runs  20/s  0 findings  0:45 left" in shown(capsys)
    clock.now += 50
    watch(Progress(1_300, None, 0))
    assert "looking for the plainest run" in shown(capsys)
    watch.close()


def test_the_last_run_is_told_at_once(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch("shop:pay", None, is_seen=True)
    clock.now += 1
    watch(Progress(99, 100, 1))
    shown(capsys)
    watch(Progress(100, 100, 1))
    assert "looking for the plainest run" in shown(capsys)
    watch.close()


def test_a_name_takes_over_no_terminal(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch("a very long name \x1b]0;title\x07 [red]\nx", None, is_seen=True)
    clock.now += 1
    watch(Progress(1, 100, 1))
    watch.close()
    said = shown(capsys)
    assert "\x1b]0" not in said
    assert "[red] x" in said
