"""A test whose body is the agent: what is found, what passes, what cannot be an agent."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sessions import CAREFUL, RACY, Session, said


def test_a_race_fails_with_a_story_and_the_line_that_replays_it(session: Session) -> None:
    result = session(RACY)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "pileup: 1 distinct finding in 40 runs",
            "1. lost_write (critical): adds-0 wrote over a change of memory?entries? by adds-1 *",
            "*- pileup: one run that shows it -*",
            "One run that shows it (lost_write), in the order in which things happened *",
            " >   1  adds-0  read *",
            "replay: pytest test_it.py::test_adds --pileup-replay=pileup1-*",
            "FAILED test_it.py::test_adds - lost_write (critical): adds-0 wrote over a change *",
        ]
    )


def test_no_line_of_pileup_itself_is_in_the_story(session: Session) -> None:
    text = said(session(RACY))
    assert "pytest_plugin" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("style", ["auto", "long", "short", "line", "native"])
def test_the_headline_is_told_whatever_the_style_of_tracebacks(
    session: Session, style: str
) -> None:
    assert "lost_write (critical): adds-0 wrote over" in said(session(RACY, f"--tb={style}"))


def test_the_story_is_told_where_captured_output_is_not(session: Session) -> None:
    assert "pileup: one run that shows it" in said(session(RACY, "--show-capture=no"))


def test_a_careful_agent_passes_and_says_how_sure_that_is(session: Session) -> None:
    result = session(CAREFUL, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_adds: 40 runs clean. If orders like these*"])


def test_sync_agents_are_agents(session: Session) -> None:
    result = session("""
        import pytest, time
        @pytest.mark.pileup(runs=20)
        def test_adds(world):
            time.sleep(3)
            with open("count.txt", "a"): pass
            world.sim
        """)
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_agents_of_an_event_loop_are_agents(session: Session, loop: str) -> None:
    result = session(
        RACY.replace(
            "    await world", f"    import {loop}\n    await {loop}.sleep(1)\n    await world"
        )
    )
    result.assert_outcomes(failed=1)
    assert "lost_write" in said(result)


def test_an_agent_that_takes_nothing_but_fixtures(session: Session) -> None:
    result = session("""
        import pytest, pileup
        @pytest.fixture
        def counter(sim):
            return pileup.shared({"n": 0}, "counter")
        @pytest.mark.pileup(runs=30)
        async def test_adds(counter):
            n = counter["n"]
            await pileup.checkpoint()
            counter["n"] = n + 1
        """)
    result.assert_outcomes(failed=1)
    assert "lost_write (critical): adds-0 wrote over a change of counter" in said(result)


def test_the_check_of_the_mark_is_asked(session: Session) -> None:
    result = session("""
        import pytest
        def check(world):
            assert world.memory.peek("n") == 3, "somebody is missing"
        @pytest.mark.pileup(agents=3, runs=20, check=check, ignore=["lost_write"])
        async def test_adds(world):
            n = await world.memory.get("n") or 0
            await world.memory.set("n", n + 1)
        """)
    assert "check_failed (high): somebody is missing" in said(result)


def test_ignored_kinds_do_not_fail(session: Session) -> None:
    session(RACY.replace("runs=40", "runs=40, ignore=['lost_write']")).assert_outcomes(passed=1)


def test_an_agent_that_raises_is_a_finding(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.mark.pileup(runs=5)
        async def test_fails(me):
            assert me.index == 0
        """)
    result.assert_outcomes(failed=1)
    assert "agent_failed (high): fails-1 raised AssertionError: assert 1 == 0" in said(result)


@pytest.mark.parametrize(
    ("line", "kind"),
    [("pytest.fail('told you')", "AssertionError: told you"), ("1 / 0", "ZeroDivisionError")],
)
@pytest.mark.parametrize("loop", ["", "import asyncio; await asyncio.sleep(0)"])
def test_to_fail_is_the_agents_own_failure(
    session: Session, line: str, kind: str, loop: str
) -> None:
    result = session(f"""
        import pytest
        @pytest.mark.pileup(runs=5)
        async def test_fails(me):
            {loop or "pass"}
            {line}
        """)
    result.assert_outcomes(failed=1)
    assert f"agent_failed (high): fails-1 raised {kind}" in said(result)


@pytest.mark.parametrize("loop", ["", "import trio; await trio.sleep(0)"])
@pytest.mark.parametrize("line", ["pytest.skip('no')", "pytest.importorskip('no_such_module')"])
def test_to_skip_skips_the_test(session: Session, line: str, loop: str) -> None:
    result = session(f"""
        import pytest
        @pytest.mark.pileup(runs=50)
        async def test_skips(world):
            {loop or "pass"}
            {line}
        """)
    result.assert_outcomes(skipped=1)


def test_to_expect_a_failure_in_the_body_is_heeded(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.mark.pileup(runs=50)
        async def test_fails(world):
            pytest.xfail("known")
        """)
    result.assert_outcomes(xfailed=1)


def test_marks_for_skipping_and_expected_failures_are_heeded(session: Session) -> None:
    result = session(
        RACY.replace("@pytest", "@pytest.mark.xfail(strict=True, raises=AssertionError)\n@pytest")
        + """
@pytest.mark.skip
@pytest.mark.pileup
async def test_skipped(world):
    raise AssertionError

@pytest.mark.xfail(strict=True)
@pytest.mark.pileup(runs=3)
async def test_passes(world):
    pass
"""
    )
    result.assert_outcomes(xfailed=1, skipped=1, failed=1)
    result.stdout.fnmatch_lines(["*1 expected to fail: nothing found"])


def test_parameters_reach_the_agents(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.mark.parametrize("step", [1, 2])
        @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.pileup(agents=1)), 2])
        @pytest.mark.pileup(runs=20)
        async def test_adds(world, step, n):
            total = await world.memory.get("total") or 0
            await world.memory.set("total", total + step * n)
        """)
    result.assert_outcomes(failed=2, passed=2)
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_adds?2-1? *"])


def test_marks_of_a_function_count_more_than_those_of_its_class_and_module(
    session: Session,
) -> None:
    result = session(
        """
        import pytest
        pytestmark = pytest.mark.pileup(runs=7, agents=4)
        @pytest.mark.pileup(runs=9)
        class TestAdds:
            async def test_of_its_class(self, world, me):
                assert me.index < 3
            @pytest.mark.pileup(agents=3)
            async def test_own(self, world, me):
                assert me.index < 3
        """,
        "-v",
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*finding in 9 runs", "*test_own: 9 runs clean*"])


def test_each_run_has_an_instance_of_its_own(session: Session) -> None:
    result = session("""
        import pytest
        class TestAdds:
            def setup_method(self):
                self.ready = True
            @pytest.mark.pileup(runs=30, agents=2)
            async def test_adds(self, world):
                assert self.ready
                self.seen = getattr(self, "seen", 0) + 1
                assert self.seen <= 2
                await world.memory.add("n", 1)
        """)
    result.assert_outcomes(passed=1)


REFUSED = [
    ("agent=3", "takes no 'agent'. It takes agents, allow_real,"),
    ("setup=print", "a fixture `world` is what makes the world"),
    ("5", "takes its arguments by name; (5,) was given"),
    ("runs=0", "`runs` must be a whole number from 1"),
    ("strategy='fast'", "There is no strategy 'fast'"),
    ("faults='2am'", "`faults` is the name of a profile"),
    ("seed='x'", "`seed` must be a whole number"),
    ("workers=0", "`workers` must be a whole number"),
    ("agents=0", "`agents` must be a whole number from 1"),
    ("agents=[print, print]", "For agents of several kinds take the fixture `chaos`"),
    ("backend='curio'", "curio"),
    ("oracle='delphi'", "There is no oracle 'delphi'"),
    ("budgets=5", "`budgets` must be limits; 5 was given"),
    ("check=5", "`check` must be a function; 5 was given"),
    ("allow_real='socket'", "Write allow_real=['socket']"),
    ("allow_real=['files']", "'files'"),
    ("runs=5, seconds=5", "a budget is one of the two"),
    ("ignore='lost_write'", "Write ignore=['lost_write']"),
    ("ignore=['lost_wite']", "There is no kind 'lost_wite' to ignore"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_a_bad_mark_is_refused_before_anything_runs(
    session: Session, arguments: str, message: str
) -> None:
    result = session(RACY.replace("agents=3, runs=40", arguments) + "\ndef test_other(): pass")
    result.assert_outcomes(errors=1)
    assert "test_it.py::test_adds: " in said(result)
    assert message in said(result)


IN_A_TEST_CASE = """
import unittest, pytest
class TestIt(unittest.TestCase):
    @pytest.mark.pileup
    def test_adds(self): pass
"""
DRAWN_AS_WELL = """
import pytest
from hypothesis import given, strategies as st
@pytest.mark.pileup
@given(st.integers())
def test_adds(n): pass
"""
WHOSE_FIXTURE_ASKS_FOR_ME = """
import pytest
@pytest.fixture
def name(me): return me.name
@pytest.mark.pileup
async def test_adds(name): pass
"""
NO_AGENTS = [
    (DRAWN_AS_WELL, "a test is either an agent"),
    (WHOSE_FIXTURE_ASKS_FOR_ME, "the fixture 'name' asks for `me`"),
]


@pytest.mark.parametrize(("text", "message"), NO_AGENTS)
def test_what_cannot_be_an_agent_is_refused_before_anything_runs(
    session: Session, text: str, message: str
) -> None:
    result = session(text)
    result.assert_outcomes(errors=1)
    assert message in said(result)


def test_a_method_of_a_test_case_is_refused_before_anything_runs(session: Session) -> None:
    result = session(IN_A_TEST_CASE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "a class that is no unittest.TestCase" in said(result)


def test_a_world_without_a_run_is_refused(session: Session) -> None:
    result = session("def test_adds(world): pass")
    result.assert_outcomes(errors=1)
    assert "Mark the test, as in @pytest.mark.pileup(agents=5)" in said(result)


def test_a_mistake_in_using_pileup_is_told_without_a_traceback(session: Session) -> None:
    text = RACY.replace("agents=3", "backend='asyncio'")
    result = session(
        text.replace("    entries", "    import trio; await trio.sleep(1)\n    entries")
    )
    result.assert_outcomes(failed=1)
    assert "An agent awaits something of trio's, but this run goes under asyncio" in said(result)
    assert "Traceback" not in said(result)


def test_a_program_that_is_not_deterministic_is_told_so(session: Session) -> None:
    result = session("""
        import itertools, pytest
        numbers = itertools.count()
        @pytest.mark.pileup
        async def test_adds(world):
            await world.memory.set("n", next(numbers))
        """)
    result.assert_outcomes(failed=1)
    assert "docs/determinism.md" in said(result)


def test_what_agents_print_is_shown_of_the_run_that_is_shown(session: Session) -> None:
    result = session(
        RACY.replace("    entries", "    print(me.name, 'begins')\n    entries").replace(
            "import pytest", "import logging, pytest"
        )
        + "    logging.warning('%s ends', me.name)\n"
    )
    text = said(result)
    assert text.count("adds-0 begins") == 1
    assert text.count("adds-1 begins") == 1
    assert text.count("adds-0 ends") == 1


def test_a_test_that_skips_itself_in_some_orders_only_hides_nothing(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.mark.pileup(runs=40)
        async def test_adds(world):
            n = await world.memory.get("n") or 0
            await world.memory.set("n", n + 1)
            if n == 0 and await world.memory.get("n") == 1 and await world.memory.add("m", 1) == 2:
                pytest.skip("second")
        """)
    result.assert_outcomes(failed=1)
    assert "lost_write (critical)" in said(result)
    assert "raised AssertionError: Skipped in some orders only: second" in said(result)


def test_a_budget_of_the_function_takes_the_place_of_that_of_its_class(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.mark.pileup(runs=5)
        class TestIt:
            @pytest.mark.pileup(seconds=0.01)
            async def test_adds(self, world):
                await world.memory.add("n", 1)
        """)
    result.assert_outcomes(passed=1)


def test_a_bad_mark_hurts_its_own_file_alone(session: Session, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_other="def test_it(): pass")
    result = session(RACY.replace("runs=40", "runz=40"), "--continue-on-collection-errors")
    result.assert_outcomes(errors=1, passed=1)
    assert "takes no 'runz'" in said(result)


def test_a_test_that_is_marked_while_collecting_is_explored(
    session: Session, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest("""
        import pytest
        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.pileup(runs=20))
        """)
    result = session(RACY.replace("@pytest.mark.pileup(agents=3, runs=40)", ""))
    result.assert_outcomes(failed=1)
    assert "in 20 runs" in said(result)


def test_what_is_recorded_and_logged_begins_anew_with_each_run(session: Session) -> None:
    result = session(
        """
        import logging, pytest
        @pytest.mark.pileup(runs=10, agents=1)
        async def test_adds(world, caplog, record_property):
            assert caplog.records == []
            logging.getLogger("agent").warning("here")
            record_property("seen", 1)
            await world.memory.add("n", 1)
        """,
        "--junitxml=out.xml",
        "--override-ini=junit_family=xunit1",
    )
    result.assert_outcomes(passed=1)
    assert Path("out.xml").read_text("utf-8").count('name="seen"') == 1


def test_kinds_of_ones_own_detectors_can_be_ignored(session: Session) -> None:
    result = session("""
        import pytest, pileup
        from pileup.detectors import registry

        @pytest.fixture(scope="session", autouse=True)
        def forgotten():
            yield
            registry._added.clear()

        @pileup.detector
        def too_quiet(history):
            yield pileup.Finding("too_quiet", "low", "nobody spoke", "Nobody did.")

        @pytest.mark.pileup(runs=5, ignore=["too_quiet"])
        async def test_ignored(world):
            await world.memory.add("n", 1)

        @pytest.mark.pileup(runs=5)
        async def test_not_ignored(world):
            await world.memory.add("n", 1)
        """)
    result.assert_outcomes(passed=1, failed=1)
    assert "too_quiet (low): nobody spoke" in said(result)
