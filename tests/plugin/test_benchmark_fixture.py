"""`chaos_benchmark`, in real runs of pytest beside pytest-benchmark, with each of its options."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from support.sessions import on_its_own, without_others

import pileup
from pileup.fakes import World
from pileup.fakes.http import Request, Response
from pileup.pytest_plugin.benchmark_figures import Figure, Look, figures, look
from pileup.pytest_plugin.benchmark_rounds import Rounds
from pileup.sim.agents import Body
from pileup.strategies import make

# Whoever saves or compares asks what machine this is, which takes longer than the tests do.
CONFTEST = """
import pytest

@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_generate_machine_info():
    return {}
"""

QUICK = ("--benchmark-max-time=0.01", "--benchmark-min-rounds=2")
PLUGINS = without_others(("benchmark", "cacheprovider"))
ALONE = (*PLUGINS, "-W", "error")

AGENTS = """
import asyncio
import pytest
import trio
import pileup
from pileup.fakes import World

def start(sim):
    world = World(sim)
    world.model.answer("*", "a summary of it")
    return world

async def pipeline(world, me):
    draft = await world.model.complete("draft")
    await world.model.complete(f"check {draft.text}")

async def swarm(world, me):
    await world.model.complete("part")
    total = await world.memory.get("total") or 0
    await world.memory.set("total", total + 1)

async def idle(world):
    await world.memory.get("total")

async def busy(world):
    await world.memory.get("total")
    for _ in range(300_000):
        pass
"""

TOPOLOGIES = """
@pytest.mark.parametrize("topology", [pipeline, swarm])
def test_topologies(chaos_benchmark, topology):
    result = chaos_benchmark(topology, setup=start, agents=3, runs=20)
    assert result.clean == (topology is pipeline)
"""

Bench = dict[str, Any]  # Any: JSON


class Bed:
    """A folder in which pytest is run on a file of tests."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        pytester.makeconftest(CONFTEST)

    def write(self, tests: str) -> None:
        self.pytester.makepyfile(test_it=AGENTS + tests)

    def run(self, *options: str) -> pytest.RunResult:
        return self.pytester.runpytest_subprocess(*ALONE, *QUICK, *options)

    def run_here(self, *options: str) -> pytest.RunResult:
        """Run in this process, which is quicker: for what no option is about."""
        return self.pytester.runpytest_inprocess(*ALONE, *QUICK, *options)

    def timed(self, *options: str) -> dict[str, Bench]:
        """Run, and return what was saved of each test, by its name."""
        result = self.run_here("--benchmark-json=saved.json", *options)
        assert result.ret == 0, result.stdout.str()
        return saved(self.path / "saved.json")


def saved(path: Path) -> dict[str, Bench]:
    benches: list[Bench] = json.loads(path.read_text("utf-8"))["benchmarks"]
    return {bench["name"]: bench for bench in benches}


@pytest.fixture
def bed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Bed:
    on_its_own(monkeypatch)
    return Bed(pytester)


# What is timed ---------------------------------------------------------------------------------


def test_the_time_is_that_of_the_agents_work(bed: Bed) -> None:
    bed.write("""
@pytest.mark.parametrize("agent", [idle, busy])
def test_agents(chaos_benchmark, agent):
    chaos_benchmark(agent, runs=5)
""")
    found = bed.timed()
    work = found["test_agents[busy]"]["stats"]["min"]
    assert work > 5 * found["test_agents[idle]"]["stats"]["min"]


def test_an_async_function_is_timed_to_its_end(bed: Bed) -> None:
    bed.write("""
async def burn(rounds):
    await asyncio.sleep(0)
    for _ in range(rounds):
        pass
    await asyncio.sleep(0)
    return rounds

async def burn_in_trio(rounds):
    await trio.sleep(0)
    for _ in range(rounds):
        pass
    await trio.sleep(0)
    return rounds

@pytest.mark.parametrize("function", [burn, burn_in_trio])
def test_timed(chaos_benchmark, function):
    assert chaos_benchmark.time(function, rounds=100_000) == 100_000

def test_made(benchmark):
    benchmark(lambda: burn(100_000).close())
""")
    found = bed.timed()
    made = found["test_made"]["stats"]["min"]
    for name, backend in (("burn", "asyncio"), ("burn_in_trio", "trio")):
        timed = found[f"test_timed[{name}]"]
        assert timed["stats"]["min"] > 100 * made
        assert timed["extra_info"] == {"backend": backend}


def test_starting_the_loop_is_not_in_the_time(bed: Bed) -> None:
    bed.write("""
async def nothing():
    await asyncio.sleep(0)

async def nothing_in_trio():
    await trio.sleep(0)

@pytest.mark.parametrize("function", [nothing, nothing_in_trio])
def test_timed(chaos_benchmark, function):
    chaos_benchmark.time(function)

def test_started(benchmark):
    benchmark(lambda: asyncio.run(nothing()))

def test_started_in_trio(benchmark):
    benchmark(trio.run, nothing_in_trio)
""")
    found = bed.timed()
    times = [bench["stats"]["min"] for bench in found.values()]
    assert times[0] * 3 < times[2]
    assert times[1] * 3 < times[3]


def test_a_sync_function_is_timed_as_it_is(bed: Bed) -> None:
    bed.write("""
def test_it(chaos_benchmark):
    assert chaos_benchmark.time(sorted, [2, 1], reverse=True) == [2, 1]
""")
    assert bed.timed()["test_it"]["extra_info"] == {"backend": "none"}


def test_an_error_of_the_function_comes_out_as_it_is_and_saves_no_time(bed: Bed) -> None:
    bed.write("""
async def fails():
    await asyncio.sleep(0)
    raise LookupError("not there")

calls = []
async def fails_later():
    await asyncio.sleep(0)
    calls.append(1)
    if len(calls) > 3:
        raise LookupError("not there any more")

@pytest.mark.parametrize("function", [fails, fails_later])
def test_it(chaos_benchmark, function):
    with pytest.raises(LookupError, match="not there"):
        chaos_benchmark.time(function)
""")
    # Of a test that fails before anything is timed, pytest-benchmark says that nothing was.
    result = bed.run_here("--benchmark-json=saved.json", "-W", "default")
    result.assert_outcomes(passed=2, warnings=1)
    assert saved(bed.path / "saved.json") == {}


def test_a_function_is_timed_inside_of_a_running_loop_too(bed: Bed) -> None:
    bed.write("""
async def seven():
    await asyncio.sleep(0)
    return 7

async def seven_in_trio():
    await trio.sleep(0)
    return 7

async def outer(chaos_benchmark, function):
    assert chaos_benchmark.time(function) == 7
    assert await function() == 7

def test_in_asyncio(chaos_benchmark):
    asyncio.run(outer(chaos_benchmark, seven))

def test_in_trio(chaos_benchmark):
    trio.run(outer, chaos_benchmark, seven_in_trio)

def test_one_in_the_other(chaos_benchmark):
    async def outer():
        assert chaos_benchmark.time(seven_in_trio) == 7
        assert await seven() == 7
    asyncio.run(outer())
""")
    assert len(bed.timed()) == 3


def test_every_round_plays_the_same_runs_in_the_same_order(bed: Bed) -> None:
    bed.write("""
import random
drawn = []

async def draws(world):
    drawn.append(random.random())

def test_it(chaos_benchmark):
    chaos_benchmark(draws, agents=1, runs=4)
    rounds = [drawn[at:at + 4] for at in range(len(drawn) - 16, len(drawn), 4)]
    assert len(set(rounds[0])) == 4
    assert all(each == rounds[0] for each in rounds)
""")
    bed.run_here().assert_outcomes(passed=1)


def test_what_is_timed_is_not_judged(bed: Bed) -> None:
    bed.write("""
log = []

class Noted(World):
    def __init__(self, sim):
        super().__init__(sim)
        log.append("played")

@pileup.detector
def note(history):
    log.append("judged")
    return ()

def check(world):
    log.append("checked")

def test_it(chaos_benchmark):
    chaos_benchmark(idle, setup=Noted, check=check, runs=4, oracle="serial")
    assert {"judged", "checked"} < set(log)
    assert log[-16:] == ["played"] * 16
""")
    bed.run().assert_outcomes(passed=1)


async def _saves(world: World, me: pileup.Agent) -> None:
    total = await world.memory.get("total") or 0
    await world.memory.set("total", total + me.index)


@pytest.mark.parametrize("faults", [None, "3am"])
def test_the_runs_of_a_round_are_runs_like_any_others(faults: str | None) -> None:
    scenario = pileup.Scenario(_saves, agents=3, faults=faults, timed=True)
    rounds, played = Rounds(scenario, 10, seed=4), list[str]()
    with rounds.ready():
        rounds.play(lambda run: played.append(run.history.digest))
    drawing = make("random", 4)
    explorer = scenario.explorer()
    judged = [explorer.run(drawing, number).history.digest for number in range(10)]
    assert played == judged


# What is told of it ----------------------------------------------------------------------------


def test_the_figures_have_these_names(bed: Bed) -> None:
    bed.write(TOPOLOGIES)
    figures = bed.timed()["test_topologies[swarm]"]["extra_info"]
    assert list(figures) == [
        *("agents", "runs", "seed", "strategy", "faults", "backend"),
        *("findings", "kinds", "findings_per_1000_runs", "completed"),
        *("virtual_seconds_p50", "virtual_seconds_p95", "virtual_seconds_mean"),
        *("steps_per_run", "operations_per_run", "attempts_per_call"),
        *("model_calls_per_run", "tokens_per_run", "dollars_per_run"),
    ]
    conditions = {name: figures[name] for name in list(figures)[:6]}
    assert conditions == {
        "agents": 3,
        "runs": 20,
        "seed": 0,
        "strategy": "auto",
        "faults": "",
        "backend": "native",
    }


def test_the_figures_are_those_of_the_agents(bed: Bed) -> None:
    bed.write(TOPOLOGIES)
    found = bed.timed()
    swarm, pipeline = (
        found[f"test_topologies[{name}]"]["extra_info"] for name in ("swarm", "pipeline")
    )
    assert swarm["kinds"] == {"lost_write": 1}
    assert swarm["findings"] == 1
    assert 0 < swarm["findings_per_1000_runs"] <= 1000
    assert pipeline["kinds"] == {}
    assert pipeline["findings_per_1000_runs"] == 0
    assert (swarm["model_calls_per_run"], pipeline["model_calls_per_run"]) == (3, 6)
    assert swarm["operations_per_run"] == 3 * (2 + 3)  # each starts, ends, asks, reads and writes
    assert pipeline["dollars_per_run"] > swarm["dollars_per_run"] > 0
    assert pipeline["virtual_seconds_p50"] > swarm["virtual_seconds_p50"] > 0
    assert swarm["virtual_seconds_p95"] > swarm["virtual_seconds_p50"]


def test_the_figures_are_the_same_in_every_process(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed.write(
        TOPOLOGIES.replace("runs=20", 'runs=20, faults="3am"').replace("assert", "assert 1 or")
    )
    figures = []
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        assert bed.run("--benchmark-json=saved.json").ret == 0
        benches = saved(bed.path / "saved.json")
        figures.append({name: each["extra_info"] for name, each in benches.items()})
    assert figures[0] == figures[1]


def test_attempts_and_completion_are_counted() -> None:
    retried = _looked([_retries], 3)
    assert retried["attempts_per_call"] == 3
    assert retried["completed"] == 1
    assert _looked([_asks_twice], 0)["attempts_per_call"] == 1
    assert _looked([_gives_up], 0)["attempts_per_call"] == 3
    assert _looked([_polls], 2)["attempts_per_call"] == 1.5
    assert _looked([_retries], 100)["completed"] == 0


def test_a_run_is_completed_by_all_of_its_agents() -> None:
    assert _looked([_retries, _asks_twice], 100)["completed"] == 0
    assert _looked([_asks_twice, _asks_twice], 100)["completed"] == 1


def test_what_was_not_done_has_no_figure() -> None:
    found = _looked([_saves], 0)
    names = ("attempts_per_call", "model_calls_per_run", "tokens_per_run", "dollars_per_run")
    assert [found[name] for name in names] == [None] * 4


async def _retries(world: World) -> None:
    for _ in range(5):
        response = await world.http.get("/status")
        if response.status == HTTPStatus.OK:
            return
        await pileup.sleep(1)
    raise ConnectionError("the service is down")


async def _asks_twice(world: World) -> None:
    await world.http.get("/status")
    await world.http.get("/status")


async def _gives_up(world: World) -> None:
    """Have the requests take effect when nobody waits for them any more."""
    for _ in range(3):
        with suppress(TimeoutError):
            async with pileup.timeout(0.001):
                await world.http.post("/orders")
    await pileup.sleep(60)


async def _polls(world: World) -> None:
    for _ in range(3):
        await world.http.get("/status")


def _looked(agents: list[Body], good: int) -> dict[str, Figure]:
    """Return the figures of agents whose service answers from the request of that number on."""

    def start(sim: pileup.Sim) -> World:
        world, asked = World(sim), itertools.count(1)

        @world.http.route("POST", "/orders", effect=True)
        def order(_request: Request, _state: object) -> Response:
            return Response(200)

        @world.http.route("GET", "/status")
        def status(_request: Request, _state: object) -> Response:
            return Response(200 if next(asked) >= good else 503)

        return world

    rounds, looks = Rounds(pileup.Scenario(agents, setup=start), 3, seed=0), list[Look]()
    with rounds.ready():
        rounds.play(lambda run: looks.append(look(run)))
    return figures(looks)


def test_percentiles_are_values_that_occurred() -> None:
    looks = [Look(float(each), 0, 0, True, 0, 0, 0, 0, 0, 0.0) for each in range(20, 0, -1)]
    found = figures(looks)
    assert (found["virtual_seconds_p50"], found["virtual_seconds_p95"]) == (10, 19)
    assert found["virtual_seconds_mean"] == 10.5


def test_a_test_may_hold_a_figure_to_a_bound(bed: Bed) -> None:
    bed.write("""
def test_it(chaos_benchmark):
    chaos_benchmark(pipeline, setup=start, runs=20)
    assert chaos_benchmark.extra_info["virtual_seconds_p95"] < 0.5
""")
    result = bed.run("--benchmark-disable")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert * < 0.5"])


# Groups ----------------------------------------------------------------------------------------


def test_the_group_is_the_topology_unless_something_else_is_said(bed: Bed) -> None:
    bed.write("""
def test_named_by_agent(chaos_benchmark):
    chaos_benchmark(idle, runs=2)

def test_named_by_agents(chaos_benchmark):
    chaos_benchmark([idle, idle, swarm], setup=start, agents=3, runs=2)

def test_named_by_scenario(chaos_benchmark):
    chaos_benchmark(pileup.Scenario(idle, name="at rest"), runs=2)

def test_named_by_argument(chaos_benchmark):
    chaos_benchmark(pileup.Scenario(idle, name="at rest"), group="mine", runs=2)

@pytest.mark.benchmark(group="marked")
def test_named_by_mark(chaos_benchmark):
    chaos_benchmark(idle, group="mine", runs=2)
""")
    groups = {
        name.removeprefix("test_named_by_"): each["group"] for name, each in bed.timed().items()
    }
    assert groups == {
        "agent": "idle",
        "agents": "idle, swarm",
        "scenario": "at rest",
        "argument": "mine",
        "mark": "marked",
    }


def test_group_by_puts_topologies_side_by_side(bed: Bed) -> None:
    bed.write(TOPOLOGIES)
    bed.run().stdout.fnmatch_lines(
        ["*benchmark 'pipeline': 1 tests*", "*benchmark 'swarm': 1 test*"]
    )
    bed.run("--benchmark-group-by=func").stdout.fnmatch_lines(["*'test_topologies': 2 tests*"])


# The options of pytest-benchmark ---------------------------------------------------------------


def test_disabled_it_explores_and_takes_no_times(bed: Bed) -> None:
    bed.write(TOPOLOGIES)
    result = bed.run("--benchmark-disable")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*OPS*")
    result.stdout.no_fnmatch_line("*same on every machine*")


def test_skip_leaves_it_out(bed: Bed) -> None:
    bed.write(TOPOLOGIES + "\ndef test_plain(): pass")
    bed.run("--benchmark-skip").assert_outcomes(passed=1, skipped=2)


def test_only_keeps_it_in(bed: Bed) -> None:
    bed.write(TOPOLOGIES + "\ndef test_plain(): pass")
    bed.run("--benchmark-only").assert_outcomes(passed=2, skipped=1)


def test_under_xdist_it_explores_and_takes_no_times(bed: Bed) -> None:
    bed.write(TOPOLOGIES)
    result = bed.pytester.runpytest_subprocess(*PLUGINS, "-n", "1")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*OPS*")
    result.stderr.fnmatch_lines(["*disabled because xdist*"])


def test_fast_functions_are_calibrated(bed: Bed) -> None:
    bed.write("""
async def nothing():
    pass

def test_it(chaos_benchmark):
    chaos_benchmark.time(nothing)
""")
    found = bed.timed("--benchmark-min-time=0.001")["test_it"]["stats"]
    assert found["iterations"] > 1
    assert found["min"] < 0.001


def test_a_histogram_is_drawn_for_each_group(bed: Bed) -> None:
    bed.write(TOPOLOGIES)
    assert bed.run("--benchmark-histogram=drawn").ret == 0
    assert sorted(path.name for path in bed.path.glob("*.svg")) == [
        "drawn-pipeline.svg",
        "drawn-swarm.svg",
    ]


def test_profiles_tell_of_the_awaited_function(bed: Bed) -> None:
    bed.write("""
async def looked_into():
    await asyncio.sleep(0)

def test_it(chaos_benchmark):
    chaos_benchmark.time(looked_into)
""")
    result = bed.run("--benchmark-cprofile=cumtime")
    result.stdout.fnmatch_lines(["*(looked_into)"])


COMPARED = """
def test_it(chaos_benchmark):
    chaos_benchmark({agent}, setup=start, agents=2, runs=5)
"""


def test_a_slower_agent_fails_the_comparison(bed: Bed) -> None:
    bed.write(COMPARED.format(agent="idle"))
    assert bed.run("--benchmark-autosave").ret == 0
    bed.write(COMPARED.format(agent="busy"))
    result = bed.run("--benchmark-compare", "--benchmark-compare-fail=mean:5%")
    assert result.ret != 0
    result.stderr.fnmatch_lines(["*Performance has regressed*"])
    result.stdout.fnmatch_lines(["*same on every machine*"])


def test_a_faster_agent_passes_the_comparison(bed: Bed) -> None:
    bed.write(COMPARED.format(agent="busy"))
    assert bed.run("--benchmark-save=before").ret == 0
    bed.write(COMPARED.format(agent="idle"))
    result = bed.run("--benchmark-compare=0001", "--benchmark-compare-fail=mean:5%")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["test_it (NOW)*", "test_it (0001_before)*"])


def test_virtual_figures_are_compared_in_a_table_of_their_own(bed: Bed) -> None:
    bed.write(COMPARED.format(agent="swarm"))
    bed.run("--benchmark-save=before")
    bed.write(COMPARED.format(agent="pipeline"))
    result = bed.run("--benchmark-compare", "--benchmark-json=saved.json")
    now, text = saved(bed.path / "saved.json")["test_it"]["extra_info"], result.stdout.str()
    table = text.partition("same on every machine")[2].splitlines()
    before, after = (line.split() for line in table[2:4])
    assert (before[1], after[1]) == ("(0001_before)", "(NOW)")
    assert float(before[2]) > float(after[2]) == now["findings_per_1000_runs"] == 0
    assert float(before[5]) < float(after[5]) == round(now["virtual_seconds_p95"], 3)


def test_what_has_no_figures_is_not_in_the_table(bed: Bed) -> None:
    bed.write("""
def test_it(chaos_benchmark):
    chaos_benchmark.time(sorted, [])

def test_plain(benchmark):
    benchmark(sorted, [])
""")
    bed.run_here().stdout.no_fnmatch_line("*same on every machine*")


def test_quiet_says_nothing(bed: Bed) -> None:
    bed.write(TOPOLOGIES)
    bed.run("--benchmark-quiet").stdout.no_fnmatch_line("*same on every machine*")


# Who has it wrong ------------------------------------------------------------------------------


MISTAKES = {
    "chaos_benchmark(idle, run=5)": "given `run`, which it does not know; it knows setup, agents",
    "chaos_benchmark(idle, timed=True)": "takes no `timed`: calls always take time",
    "chaos_benchmark(idle, seconds=3)": "takes no `seconds`: all rounds and all machines",
    "chaos_benchmark(idle, runs=0)": "`runs` must be a whole number from 1",
    "chaos_benchmark(idle, group=3)": '`group` must be a name, as in group="pipelines"',
    "chaos_benchmark.time(3)": "was given 3. Write chaos_benchmark.time(function, argument)",
    "chaos_benchmark(pileup.Scenario(idle), agents=3)": "A Scenario names the agents",
    "chaos_benchmark.time(nothing())": "was given a coroutine, which can be awaited once only",
    "chaos_benchmark.time(lambda: nothing())": "only the making of it was timed",
    "chaos_benchmark(idle); chaos_benchmark(idle)": "has been used in this test already",
    "chaos_benchmark.time(min, 1, 2); chaos_benchmark(idle)": "Write a test for each thing",
}


def test_a_mistake_is_told_with_what_to_write(bed: Bed) -> None:
    tests = [
        f"def test_{number}(chaos_benchmark):\n    {line}\n" for number, line in enumerate(MISTAKES)
    ]
    bed.write("async def nothing(): pass\n" + "\n".join(tests))
    result = bed.run_here("-W", "default", "--tb=line")
    text = " ".join(result.stdout.str().split())
    assert [meant for meant in MISTAKES.values() if meant not in text] == []


def test_without_pytest_benchmark_it_says_what_to_install(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pileup.pytest_plugin.benchmark.find_spec", lambda _: None)
    bed.write("def test_it(chaos_benchmark): pass")
    result = bed.pytester.runpytest_inprocess(*ALONE, "-p", "no:benchmark")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E*not installed. Run: pip install pytest-benchmark"])


def test_it_can_be_imported_without_pytest_benchmark() -> None:
    code = (
        "import sys; sys.modules['pytest_benchmark'] = None; import pileup.pytest_plugin.benchmark"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_switched_off_it_says_so(bed: Bed) -> None:
    bed.pytester.makepyfile(test_it=AGENTS + COMPARED.format(agent="idle"))
    result = bed.pytester.runpytest_subprocess(*ALONE, "-p", "no:benchmark")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['E*installed but switched off. Leave out "-p no:benchmark"*'])
