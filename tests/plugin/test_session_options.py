"""Flags and ini options: what counts more, what is refused, and what they do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.sessions import CAREFUL, RACY, Session, said

from pileup.reports import data

UNSAID = RACY.replace("(agents=3, runs=40)", "")


def runs_in(result: pytest.RunResult) -> int:
    found = re.search(r"1 exploration, ([\d,]+) runs?", said(result))
    assert found is not None
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(
    ("text", "arguments", "runs"),
    [
        (UNSAID, (), 200),
        (UNSAID, ("-o", "pileup_runs=30"), 30),
        (RACY, ("-o", "pileup_runs=30"), 40),
        (RACY, ("--pileup-runs=20",), 20),
        (RACY, ("--pileup-runs=20", "-o", "pileup_runs=30"), 20),
        (RACY, ("-o", "pileup_seconds=60"), 40),
        (UNSAID, ("-o", "pileup_seconds=60", "--pileup-runs=25"), 25),
    ],
)
def test_what_is_typed_counts_more_than_the_mark_and_that_more_than_the_ini_file(
    session: Session, text: str, arguments: tuple[str, ...], runs: int
) -> None:
    assert runs_in(session(text, *arguments)) == runs


def test_a_budget_in_seconds_takes_the_place_of_runs(session: Session) -> None:
    assert runs_in(session(CAREFUL, "--pileup-seconds=0.000001")) < 40


@pytest.mark.parametrize("strategy", ["systematic", "pct:3"])
def test_the_strategy_of_the_session_searches(session: Session, strategy: str) -> None:
    result = session(RACY.replace("agents=3", "agents=2"), f"--pileup-strategy={strategy}")
    assert f"({strategy})" in said(result)


def test_the_faults_of_the_session_strike(session: Session) -> None:
    text = """
        import pytest
        @pytest.mark.pileup(runs=100)
        async def test_reads(world):
            await world.cache.get("n")
        """
    session(text).assert_outcomes(passed=1)
    result = session(text, "--pileup-faults=flaky-network")
    result.assert_outcomes(failed=1)


def test_the_seed_of_the_session_is_another_sample(session: Session) -> None:
    first, second, again = (
        re.findall("seen in .*", said(session(RACY, f"--pileup-seed={seed}"))) for seed in (0, 9, 0)
    )
    assert first == again != second


BAD = [
    ("--pileup-runs=0", "--pileup-runs=0: `runs` must be a whole number from 1"),
    ("--pileup-runs=many", "--pileup-runs is a whole number; 'many' was given"),
    ("--pileup-strategy=fast", "--pileup-strategy=fast: There is no strategy 'fast'"),
    ("--pileup-faults=2am", "--pileup-faults=2am: `faults` is the name of a profile"),
    ("--pileup-seconds=-1", "--pileup-seconds=-1.0: `seconds` must be"),
    ("--pileup-seconds=soon", "--pileup-seconds is a number of seconds; 'soon' was given"),
    ("--pileup-workers=0", "--pileup-workers=0: `workers` must be"),
    ("--pileup-replay=pileup1-x", "--pileup-replay: The replay token is damaged"),
    ("--pileup-replay=no/such/file.json", "--pileup-replay: "),
    ("--pileup-saved=", "--pileup-saved is a name; '' was given"),
    ("--pileup-saved=test_it.py", "is no folder"),
    ("--pileup-report=", "--pileup-report is a name; '' was given"),
    ("--pileup-report=test_it.py/no", "--pileup-report=test_it.py/no: Not a directory"),
    ("--override-ini=pileup_runs=0", "pileup_runs=0: `runs` must be a whole number"),
    ("--override-ini=pileup_strategy=fast", "pileup_strategy=fast: There is no strategy"),
]


@pytest.mark.parametrize(("flag", "message"), BAD)
def test_a_bad_value_is_refused_before_anything_runs(
    session: Session, flag: str, message: str
) -> None:
    result = session("import pathlib; pathlib.Path('ran').touch()", flag)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in said(result)
    assert not Path("ran").exists()


def test_two_budgets_are_refused(session: Session) -> None:
    result = session(RACY, "--pileup-runs=5", "--pileup-seconds=5")
    assert "a budget is one of the two" in said(result)


def test_the_help_names_every_option_and_the_mark_is_registered(session: Session) -> None:
    text = said(session("", "--help"))
    for name in ("runs", "seed", "strategy", "faults", "workers", "seconds", "saved", "report"):
        assert f"--pileup-{name}" in text
        assert f"pileup_{name}" in text
    assert "@pytest.mark.pileup(agents=2" in said(session("", "--markers"))


def test_a_finding_is_saved_and_tried_first_until_it_is_fixed(session: Session) -> None:
    session(RACY)
    assert len(list(Path(".pileup").glob("*.json"))) == 1
    result = session(RACY, "--pileup-runs=1")
    result.assert_outcomes(failed=1)
    assert "STILL FAILING: lost_write: adds-0 wrote over" in said(result)
    result = session(CAREFUL)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_adds: FIXED: lost_write: *"])
    assert list(Path(".pileup").glob("*.json")) == []


def test_what_is_saved_belongs_to_one_test(session: Session) -> None:
    session(RACY)
    result = session(RACY + RACY.replace("test_adds", "test_adds_too"), "--pileup-runs=1")
    result.assert_outcomes(failed=1, passed=1)


@pytest.mark.parametrize("setting", ["--pileup-saved=off", "--override-ini=pileup_saved=off"])
def test_saving_can_be_switched_off(session: Session, setting: str) -> None:
    session(RACY, setting)
    assert not Path(".pileup").exists()


def test_failures_can_be_saved_elsewhere(session: Session) -> None:
    session(RACY, "--pileup-saved=kept/failures")
    assert list(Path("kept/failures").glob("*.json"))


def replay_flag(result: pytest.RunResult) -> str:
    found = re.search(r"--pileup-replay=\S+", said(result))
    assert found is not None
    return found[0]


def test_a_replay_shows_that_run_of_that_test_and_nothing_else(session: Session) -> None:
    text = RACY + "\ndef test_other(): assert 0\n" + RACY.replace("test_adds", "test_adds_too")
    flag = replay_flag(session(text))
    result = session(text, flag)
    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.fnmatch_lines(["pileup: 1 distinct finding in 1 run", " >   1  adds-0  read *"])
    assert replay_flag(result) == flag


def test_a_saved_file_can_be_replayed(session: Session) -> None:
    session(RACY)
    path = next(Path(".pileup").glob("*.json"))
    session(RACY, f"--pileup-replay={path}").assert_outcomes(failed=1)


def test_a_replay_of_what_has_changed_says_where_it_no_longer_fits(session: Session) -> None:
    flag = replay_flag(session(RACY))
    result = session(CAREFUL, flag)
    result.assert_outcomes(failed=1)
    assert "Diverged" not in said(result)
    assert "the tape" in said(result)


def test_a_replay_of_no_test_here_is_refused(session: Session) -> None:
    flag = replay_flag(session(RACY))
    result = session(RACY.replace("test_adds", "test_sums"), flag)
    assert "is of test_it.py::test_adds, which is not among the 1 tests here" in said(result)
    result = session(
        """
        import pileup
        async def adds(world):
            n = await world.memory.get("n") or 0
            await world.memory.set("n", n + 1)
        print("--pileup-replay=" + pileup.explore(adds).findings[0].replay)
        """,
        "-s",
    )
    assert "which no test has explored" in said(session(RACY, replay_flag(result)))


def test_a_report_is_a_file_for_each_exploration(session: Session) -> None:
    session(RACY + CAREFUL.replace("test_adds", "test_careful"), "--pileup-report=told")
    racy, careful = sorted(Path("told").glob("*.txt"))
    assert "lost_write" in racy.read_text("utf-8")
    assert "replay: pytest test_it.py::test_adds --pileup-replay=pileup1-" in racy.read_text(
        "utf-8"
    )
    assert "40 runs clean" in careful.read_text("utf-8")
    told = [
        one for path in Path("told").glob("*.json") for one in data.read(path.read_text("utf-8"))
    ]
    assert {each.exploration.clean for each in told} == {True, False}
    pages = [path.read_text("utf-8") for path in sorted(Path("told").glob("*.html"))]
    assert [("--pileup-replay=pileup1-" in page, "40 runs clean" in page) for page in pages] == [
        *((True, False), (False, True)),
    ]


def test_properties_are_in_the_junit_file(session: Session) -> None:
    session(RACY + CAREFUL.replace("test_adds", "test_careful"), "--junitxml=out.xml")
    text = Path("out.xml").read_text("utf-8")
    assert text.count('name="pileup_runs" value="40"') == 2
    assert 'name="pileup_finding" value="lost_write: adds-0 wrote over' in text
    assert 'name="pileup_replay" value="pileup1-' in text
    assert 'name="pileup_clean" value="40 runs clean' in text
    assert '<failure message="lost_write (critical): adds-0 wrote over' in text


def test_findings_are_annotations_on_github(
    session: Session, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))
    result = session(RACY)
    result.stdout.fnmatch_lines(
        ["::error file=test_it.py,line=3,title=pileup%3A lost_write::test_it.py::test_adds: *"]
    )


def test_the_failed_test_is_run_again_by_last_failed(session: Session) -> None:
    text = RACY + CAREFUL.replace("test_adds", "test_careful")
    session(text, using=("cacheprovider",))
    result = session(text, "--lf", using=("cacheprovider",))
    result.assert_outcomes(failed=1)


def test_the_first_failure_can_end_the_session(session: Session) -> None:
    session(RACY + RACY.replace("test_adds", "test_too"), "-x").assert_outcomes(failed=1)


def test_without_the_plugin_a_session_knows_nothing_of_pileup(session: Session) -> None:
    result = session("def test_it(pytestconfig): pass", "-p", "no:pileup")
    result.assert_outcomes(passed=1)
    assert "--pileup-runs" not in said(session("", "--help", "-p", "no:pileup"))


def test_a_session_that_explores_nothing_says_nothing(session: Session) -> None:
    assert "pileup =" not in said(session("def test_it(): pass"))


def test_what_a_report_carries_is_plain_data(session: Session, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import json, pathlib
        def pytest_runtest_logreport(report):
            if hasattr(report, "pileup"):
                pathlib.Path("carried.json").write_text(json.dumps(report.pileup))
        """)
    session(RACY)
    entry = json.loads(Path("carried.json").read_text("utf-8"))[0]
    assert entry["test"] == "test_it.py::test_adds"
    assert entry["runs"] == 40
    assert entry["findings"][0]["kind"] == "lost_write"


def test_where_nothing_can_be_written_the_race_is_told_all_the_same(session: Session) -> None:
    result = session(RACY, "--pileup-saved=/proc/no/such")
    result.assert_outcomes(failed=1)
    assert "lost_write (critical)" in said(result)


@pytest.mark.parametrize("said_no", ["false", "False", "no"])
def test_no_is_off(session: Session, said_no: str) -> None:
    session(RACY, f"--override-ini=pileup_saved={said_no}")
    assert sorted(path.name for path in Path().iterdir() if path.is_dir()) in ([], ["__pycache__"])


def test_from_another_folder_the_line_works_there(
    session: Session, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pytester.mkdir("inner")
    (folder / "test_inner.py").write_text(RACY, "utf-8")
    monkeypatch.chdir(folder)
    result = session("")
    result.stdout.fnmatch_lines(["replay: pytest test_inner.py::test_adds --pileup-replay=*"])
    session("", replay_flag(result)).assert_outcomes(failed=1)
