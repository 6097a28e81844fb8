"""`pileup.explore(progress=...)`: somebody is told how far it has come, and changes nothing."""

from __future__ import annotations

import signal

import pytest

import pileup
from pileup.fakes import World
from pileup.search.accounts.progress import Progress


async def adds(world: World) -> None:
    total = await world.memory.get("total") or 0
    await world.memory.set("total", total + 1)


def watched(runs: int = 50, **given: object) -> tuple[list[Progress], pileup.Exploration]:
    told: list[Progress] = []
    found = pileup.explore(adds, runs=runs, progress=told.append, **given)  # type: ignore[arg-type] # by name
    return told, found


def test_each_run_is_told_with_the_distinct_findings_so_far() -> None:
    told, found = watched()
    assert [each.runs for each in told] == list(range(1, 51))
    assert {each.of for each in told} == {50}
    (seen,) = found.stats.sightings.values()
    assert seen.run > 0
    assert [each.findings for each in told] == [int(number >= seen.run) for number in range(50)]


def test_who_watches_changes_nothing() -> None:
    _, found = watched()
    plain = pileup.explore(adds, runs=50)
    assert str(found) == str(plain)
    assert found.stats == plain.stats


@pytest.mark.parametrize("given", [{"workers": 2}, {"resume": True}])
def test_workers_tell_portion_by_portion(given: dict[str, object], tmp_path: object) -> None:
    if "resume" in given:
        given = {"resume": f"{tmp_path}/runs.jsonl"}
    told, found = watched(400, **given)
    runs = [each.runs for each in told]
    assert runs == sorted(runs)
    assert (runs[-1], told[-1].of, told[-1].findings) == (400, 400, len(found.findings))


def test_what_was_played_in_an_earlier_sitting_counts(tmp_path: object) -> None:
    path = f"{tmp_path}/runs.jsonl"
    pileup.explore(adds, runs=300, resume=path)
    told, _ = watched(400, resume=path)
    assert max(each.runs for each in told) == 400


def test_a_budget_in_seconds_has_no_number_of_runs() -> None:
    told: list[Progress] = []
    pileup.explore(adds, seconds=0.2, progress=told.append)
    assert {each.of for each in told} == {None}


def test_what_the_watcher_raises_ends_the_exploration() -> None:
    def tired(progress: Progress) -> None:
        if progress.runs == 7:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        pileup.explore(adds, progress=tired)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(pileup.UsageError, match="`progress` must be a function; 3 was given"):
        pileup.explore(adds, progress=3)  # type: ignore[arg-type] # wrong on purpose


def test_ctrl_c_ends_what_somebody_watches_with_what_it_has_found() -> None:
    def presses(progress: Progress) -> None:
        if progress.runs == 20:
            signal.raise_signal(signal.SIGINT)

    found = pileup.explore(adds, runs=10_000, progress=presses)
    assert found.runs == 20
    assert not found.clean
    assert found.interrupted
    assert found.warnings[-1].startswith("Interrupted after")
    # Somebody waits, so what was found is not shrunk any more.
    assert found.counterexample is not None
    assert found.counterexample.shrunk is None
