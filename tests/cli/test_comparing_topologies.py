"""`pileup compare` of topologies: run, kept, shown again cell by cell, interrupted, refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import Call

from pileup.cli import main
from pileup.cli.exits import CLEAN, FINDINGS, INTERRUPTED, USAGE
from pileup.cli.screen import Screen
from pileup.cli.topologies import KEPT, code_of, is_cell, run, terms_of, told
from pileup.comparison.terms import Contender, Terms
from pileup.comparison.whole import usual_terms
from pileup.reports.comparison import Cell, Comparison, Line
from pileup.reports.comparison_data import cells, read, write
from pileup.reports.data import read_run
from pileup.tokens import decode

CREW = """\
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.topology import Topology


async def read_it(desk):
    return await desk.extract(await desk.read())


async def lead(desk):
    invoice = desk.accept(await desk.delegate(read_it))
    risk = await desk.judge(invoice)
    await desk.record(invoice, risk)
    await desk.enter(invoice)
    await desk.charge(invoice)
    return Outcome("done")


PAIR = Topology("pair", lead, "a lead and a reader")
TAKEN = Topology("mesh", lead)
ODD = Topology("this/that", lead)
"""
QUIET = Screen(quiet=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in a folder with a topology of one's own, which has been compared."""
    place = tmp_path_factory.mktemp("compared")
    place.joinpath("crew.py").write_text(CREW, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.syspath_prepend(str(place))
        patch.setenv("COLUMNS", "100")
        code = main(["compare", "crew.py:PAIR", "--runs", "4", "--workers", "2", "--quiet"])
        place.joinpath("code").write_text(str(code), "utf-8")
        yield place
    sys.modules.pop("crew", None)


@pytest.fixture(autouse=True)
def _there(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "folder" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("folder"))


def kept(folder: Path) -> Comparison:
    return read((folder / ".pileup" / KEPT).read_text("utf-8"))


# What is compared ----------------------------------------------------------------------------


def test_a_topology_of_one_s_own_stands_beside_the_single_agent_and_the_supervisor(
    folder: Path,
) -> None:
    found = kept(folder)
    assert [(each.topology, each.controls) for each in found.lines] == [
        (name, controls)
        for controls in ("naive", "hardened")
        for name in ("single agent", "supervisor", "pair")
    ]
    assert {each.runs for each in found.lines} == {4}
    assert all(line.kinds for line in found.lines if line.controls == "naive")
    assert (folder / "code").read_text("utf-8") == str(code_of(found))


@pytest.mark.parametrize("width", [80, 100])
def test_the_text_fits_the_terminal(
    width: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = told(kept(folder), {"pair": "crew.py:PAIR"})
    assert max(map(len, text.splitlines())) <= width
    assert "crew.py:PAIR" in text
    assert text.endswith(f".pileup/{KEPT}")


def test_without_a_name_all_that_come_with_pileup_are_compared_and_all_controls() -> None:
    usual = usual_terms(7)
    whole = terms_of({}, None, 7, controls=True)
    assert (whole.contenders, whole.controls) == (usual.contenders, usual.controls)
    assert (len(whole.contenders), whole.seed, whole.articles) == (12, 7, True)
    assert terms_of({}, 9, 0, controls=False) == replace(
        terms_of({}, 9, 0, controls=True), controls=()
    )


SMALL = Terms(
    (Contender("supervisor"),),
    ("exclusion",),
    storms=4,
    days=1,
    outages=1,
    articles=False,
)


def test_the_figures_are_the_same_for_any_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = (write(run(QUIET, SMALL, workers)) for workers in (1, 2))
    assert one == two == Path(".pileup", KEPT).read_text("utf-8").removesuffix("\n")
    away = [name for name in cells(read(two)) if name.startswith("supervisor/without exclusion/")]
    assert away, "nothing is worse without exclusion"
    assert call("replay", away[0]).code in (CLEAN, FINDINGS)


# Seeing it again -----------------------------------------------------------------------------


def test_each_kind_of_finding_is_in_the_run_that_its_cell_shows(folder: Path, call: Call) -> None:
    line = next(each for each in kept(folder).lines if each.topology == "supervisor")
    for kind in line.kinds:
        done = call("replay", f"supervisor/naive/{kind}", "--json")
        assert done.code == FINDINGS
        assert kind in [finding.kind for finding in read_run(done.out).run.findings]


@pytest.mark.parametrize("name", ["Single-Agent/hardened/P95", "supervisor/hardened/recovered"])
def test_a_measure_has_a_run_that_shows_it(name: str, folder: Path, call: Call) -> None:
    assert call("replay", name).code in (CLEAN, FINDINGS)
    assert kept(folder).lines


def test_a_topology_of_one_s_own_is_named_beside_the_cell(folder: Path, call: Call) -> None:
    line = next(each for each in kept(folder).lines if each.topology == "pair")
    kind = next(iter(line.kinds))
    name = f"pair/naive/{kind}"
    alone = call("replay", name)
    assert (alone.code, alone.out) == (USAGE, "")
    assert f"pileup replay {name} MODULE:NAME" in alone.err
    done = call("replay", name, "crew.py:PAIR", "--json")
    assert kind in [finding.kind for finding in read_run(done.out).run.findings]
    other = call("replay", f"supervisor/naive/{kind}", "crew.py:PAIR")
    assert (other.code, other.out) == (USAGE, "")
    assert "of the topology 'supervisor', and 'pair' is named" in other.err


def test_a_token_of_what_comes_with_pileup_needs_no_target(folder: Path, call: Call) -> None:
    line = next(each for each in kept(folder).lines if each.topology == "supervisor")
    token = next(iter(line.kinds.values())).token
    program = decode(token).program
    assert program.startswith("supervisor, naive, storm")
    assert call("replay", token).code == FINDINGS
    refused = call("replay", token, "--agents", "3")
    assert (refused.code, refused.out) == (USAGE, "")
    assert "Leave the options out" in refused.err


def test_a_cell_that_is_not_there_is_answered_with_those_that_are(folder: Path, call: Call) -> None:
    assert kept(folder).lines
    done = call("replay", "supervisor/naive/lost_rite")
    assert (done.code, done.out) == (USAGE, "")
    assert "supervisor/naive/" in done.err.partition("as in")[2]


@pytest.mark.parametrize(
    ("what", "is_one"),
    [
        ("single agent/Without gates/lost_write", True),
        ("articles/claim/3", True),
        ("crowd of 100/naive/p95", True),
        ("supervisor/naive", False),
        ("notes/monday/token.txt", False),
        ("./naive/token.txt/more", False),
    ],
)
def test_a_cell_is_told_from_a_file(what: str, is_one: bool) -> None:
    assert is_cell(what) is is_one


def test_before_any_comparison_it_says_what_writes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("replay", "supervisor/naive/lost_write")
    assert (done.code, done.out) == (USAGE, "")
    assert "`pileup compare` writes it" in done.err


def test_what_is_kept_is_no_saved_failure(folder: Path, call: Call) -> None:
    assert kept(folder).lines
    assert call("list", "saved").out.endswith("\n  none\n")


# What cannot be compared ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["crew.py:TAKEN"], "There is a topology called 'mesh' already"),
        (["crew.py:ODD"], "without commas and slashes"),
        (["crew.py:PAIR", "--faults", "3am"], "--faults says nothing to topologies"),
        (["crew.py:PAIR", "crew.py:lead"], "name nothing else beside them"),
        (["crew.py:PAIR", "crew.py:PAIR"], "They are called 'pair', 'pair'"),
    ],
)
def test_what_cannot_be_told_apart_is_refused_before_anything_runs(
    words: list[str], said: str, folder: Path, call: Call
) -> None:
    before = (folder / ".pileup" / KEPT).stat().st_mtime_ns
    done = call("compare", *words)
    assert (done.code, done.out) == (USAGE, "")
    assert said in done.err
    assert (folder / ".pileup" / KEPT).stat().st_mtime_ns == before


@pytest.mark.parametrize("words", [["compare"], ["replay", "supervisor/naive/check_failed"]])
def test_where_the_extra_is_missing_one_sentence_says_what_to_install(
    words: list[str], folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept(folder).lines
    monkeypatch.setitem(sys.modules, "tenacity", None)
    done = call(*words)
    assert (done.code, done.out) == (USAGE, "")
    assert done.err.endswith(
        "use tenacity, which is not installed here. Run: pip install 'pileup[compare]'\n"
    )


# How it ends ---------------------------------------------------------------------------------

FOUND = {"lost_write": Cell(1000.0, 900.0, 1000.0)}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (Line("supervisor", "naive", kinds=FOUND), CLEAN),
        (Line("crew", "hardened", is_anti_pattern=True, kinds=FOUND), CLEAN),
        (Line("supervisor", "hardened"), CLEAN),
        (Line("supervisor", "hardened", kinds=FOUND), FINDINGS),
    ],
)
def test_the_code_is_1_only_where_controls_have_not_held(line: Line, code: int) -> None:
    assert code_of(Comparison("", {}, (line,))) == code


SAYS = """

import sys

sys.stderr.write("now\\n")
sys.stderr.flush()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_it_at_once_and_leaves_nothing_behind(workers: str, tmp_path: Path) -> None:
    tmp_path.joinpath("crew.py").write_text(CREW + SAYS, "utf-8")
    words = ("compare", "crew.py:PAIR", "--runs", "100000", "--workers", workers)
    with subprocess.Popen(
        [sys.executable, "-m", "pileup.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    ) as going:
        assert going.stderr is not None
        assert going.stderr.readline() == "now\n"
        time.sleep(2)  # then it is at its first jobs, probably; before them it holds as well
        os.killpg(going.pid, signal.SIGINT)  # as a terminal does: all processes of it
        try:
            out, err = going.communicate(timeout=60)
        finally:
            going.kill()  # who has not heard it would go on for an hour
    assert (going.returncode, out) == (INTERRUPTED, "")
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not tmp_path.joinpath(".pileup").exists()


def test_what_is_kept_is_told_again_without_a_run(folder: Path, call: Call) -> None:
    done = call("report", f".pileup/{KEPT}")
    assert (done.code, done.out) == (code_of(kept(folder)), f"{told(kept(folder), {})}\n")


def test_json_is_what_is_kept(folder: Path) -> None:
    text = (folder / ".pileup" / KEPT).read_text("utf-8")
    assert json.loads(text)["pileup_comparison"] == 1
    assert f"{write(read(text))}\n" == text
