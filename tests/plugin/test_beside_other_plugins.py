"""Real runs beside the plugins that users have: each in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.sessions import RACY, on_its_own, said

MIXED = """
import asyncio, trio, pytest

async def adds(world):
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)

@pytest.mark.pileup(runs=30)
async def test_agents_of_asyncio(world):
    await asyncio.sleep(0)
    await adds(world)

@pytest.mark.pileup(runs=30)
async def test_agents_of_trio(world):
    await trio.sleep(0)
    await adds(world)

def test_chaos(chaos):
    assert not chaos.explore(adds, runs=30).clean
"""
ASYNCIO = """
@pytest.mark.asyncio
async def test_of_asyncio(chaos):
    await asyncio.sleep(0)
    assert not chaos.explore(adds, runs=30).clean
"""
TRIO = """
@pytest.mark.trio
async def test_of_trio(chaos):
    await trio.sleep(0)
    assert not chaos.explore(adds, runs=30).clean
"""
ANYIO = """
@pytest.fixture(params=["asyncio", "trio"], scope="module")
def anyio_backend(request): return request.param

@pytest.mark.anyio
@pytest.mark.pileup(runs=30)
async def test_of_both():
    import pileup
    await pileup.sleep(1)

@pytest.mark.anyio
async def test_of_anyio(chaos, anyio_backend):
    assert not chaos.explore(adds, runs=30).clean
"""
PLUGINS = {
    "asyncio, strict": (ASYNCIO, ["-p", "no:trio", "-p", "no:anyio"], 2),
    "asyncio, auto": (ASYNCIO, ["-p", "no:trio", "-p", "no:anyio", "-o", "asyncio_mode=auto"], 2),
    "trio": (TRIO, ["-p", "no:asyncio", "-p", "no:anyio"], 2),
    "trio, for all": (TRIO, ["-p", "no:asyncio", "-p", "no:anyio", "-o", "trio_mode=true"], 2),
    "anyio": (ANYIO, ["-p", "no:asyncio", "-p", "no:trio"], 5),
    "randomly": ("", ["-p", "no:asyncio", "-p", "no:trio", "-p", "no:anyio"], 1),
    "all of them": (ASYNCIO + TRIO + ANYIO, [], 7),
}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    on_its_own(monkeypatch)


SLOW = ("-p", "no:hypothesispytest", "-p", "no:respx", "-p", "no:trio")
"""They load Hypothesis and httpx, which takes longer than all else; so once, with all of them."""


def run_pytest(
    pytester: pytest.Pytester, *arguments: str, without: tuple[str, ...] = SLOW
) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-W", "ignore", *without, *arguments)


@pytest.mark.parametrize("name", PLUGINS)
def test_tests_of_both_kinds_run_as_they_should(pytester: pytest.Pytester, name: str) -> None:
    text, arguments, passed = PLUGINS[name]
    if name not in ("randomly", "all of them"):
        arguments = ["-p", "no:randomly", *arguments]
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it=MIXED + text)
    without = () if name == "all of them" else SLOW[:4] if TRIO in text else SLOW
    result = run_pytest(pytester, *arguments, without=without)
    result.assert_outcomes(failed=2, passed=passed)
    result.stdout.fnmatch_lines_random(
        [
            "FAILED test_it.py::test_agents_of_asyncio - lost_write (critical): *",
            "FAILED test_it.py::test_agents_of_trio - lost_write (critical): *",
        ]
    )


def test_another_order_of_the_tests_changes_nothing_in_them(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it=MIXED)
    told = []
    for seed in (1, 2):
        result = run_pytest(
            pytester, "-p", "no:anyio", f"--randomly-seed={seed}", "--pileup-saved=off"
        )
        told.append(sorted(each for each in result.outlines if each.startswith("replay: ")))
    assert told[0] == told[1] != []


def test_a_replay_in_another_process_is_the_same(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it=RACY)
    first = run_pytest(pytester)
    flag = next(each for each in said(first).split() if each.startswith("--pileup-replay="))
    again = run_pytest(pytester, flag)
    table = [line for line in first.outlines if "memory[entries]" in line and " at test_it" in line]
    assert table == [
        line for line in again.outlines if "memory[entries]" in line and " at test_it" in line
    ]
    assert len(table) == 4


def test_workers_of_xdist_report_to_the_controller(pytester: pytest.Pytester) -> None:
    names = [f"test_adds_{number}" for number in range(4)]
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it="".join(RACY.replace("test_adds", name) for name in names))
    result = run_pytest(pytester, "-n", "2", "-p", "no:randomly", "--junitxml=out.xml")
    result.assert_outcomes(failed=4)
    text = said(result)
    assert text.count("pileup: one run that shows it") == 4
    assert "4 explorations, 160 runs, " in text
    assert ": 4 distinct findings" in text
    assert text.count("- lost_write (critical): adds_") == 4
    assert Path("out.xml").read_text("utf-8").count('name="pileup_runs" value="40"') == 4
    assert len(list(Path(".pileup").glob("*.json"))) == 4


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_tells_the_same(pytester: pytest.Pytester, workers: int) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it=RACY)
    flag = f"--pileup-workers={workers}"
    text = said(run_pytest(pytester, flag, "-p", "no:randomly"))
    alone = said(run_pytest(pytester, "--pileup-saved=off", "-p", "no:randomly"))
    story = [line for line in alone.splitlines() if line.startswith((" >", "replay: ", "   seen"))]
    assert len(story) == 5
    assert [line for line in story if line not in text.splitlines()] == []


def test_an_unused_plugin_imports_nothing_of_ours_but_itself(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it="def test_it(): pass")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", "-q", "-p", "no:hypothesispytest"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    ours = [name for name in names if name.partition(".")[0] == "pileup"]
    assert set(ours) <= {"pileup", "pileup.pytest_plugin", "pileup.pytest_plugin.options"}


def test_ctrl_c_tells_what_was_found_and_ends_the_session(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    text = RACY.replace("runs=40", "runs=1_000_000").replace(
        "import pytest", "import pytest, pathlib"
    )
    begun = "    pathlib.Path('begun').touch()\n    entries"
    pytester.makepyfile(test_it=text.replace("    entries", begun) + "def test_more(): pass")
    command = [sys.executable, "-m", "pytest", *SLOW, "-p", "no:randomly", "-W", "ignore"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as session:
        while not Path("begun").exists():
            assert session.poll() is None
        session.send_signal(signal.SIGINT)
        told, _ = session.communicate(timeout=60)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, told
    assert "Interrupted after" in told
    assert "Interrupted: Ctrl-C during the exploration of test_it.py::test_adds" in told
    assert "1 exploration, " in told


def test_under_xdist_a_bad_mark_is_told_as_without(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it=RACY.replace("runs=40", "runz=40"))
    text = said(run_pytest(pytester, "-n", "1"))
    assert "takes no 'runz'" in text
    assert "INTERNALERROR" not in text
