"""Fixtures of function scope are made for each run, wider ones are shared."""

from __future__ import annotations

import pytest
from support.sessions import Session, said

COUNTED = """
    import pytest
    from pileup.fakes import World

    made = []

    @pytest.fixture(scope="{scope}")
    def shared():
        made.append("shared")
        yield
        made.append("shared is gone")

    @pytest.fixture
    def world(sim):
        made.append("world")
        world = World(sim)
        world.memory.seed(entries=[])
        yield world
        made.append("world is gone")

    @pytest.fixture
    def notes(world, shared):
        return []

    @pytest.mark.pileup(agents=2, runs=10)
    async def test_adds(world, notes, shared):
        assert len(notes) < 2
        notes.append(1)
        await world.memory.add("n", 1)

    def test_afterwards():
        assert made.count("shared") == 1
        assert made.count("world") == made.count("world is gone") >= 10
    """


@pytest.mark.parametrize("scope", ["module", "session"])
def test_each_run_makes_its_own_and_puts_it_away(session: Session, scope: str) -> None:
    session(COUNTED.format(scope=scope)).assert_outcomes(passed=2)


def test_the_world_can_be_seeded(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.fixture
        def world(world):
            world.memory.seed(entries=["first"])
            return world
        @pytest.mark.pileup(runs=10)
        async def test_reads(world):
            assert await world.memory.get("entries") == ["first"]
        """)
    result.assert_outcomes(passed=1)


def test_what_a_fixture_asserts_at_its_end_is_a_check(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.fixture
        def world(world):
            yield world
            assert world.memory.peek("n") == 2
        @pytest.mark.pileup(runs=20, ignore=["lost_write"])
        async def test_adds(world):
            n = await world.memory.get("n") or 0
            await world.memory.set("n", n + 1)
        """)
    result.assert_outcomes(failed=1)
    assert "check_failed (high): assert 1 == 2" in said(result)


def test_a_fixture_that_raises_fails_the_test_and_shows_its_line(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.fixture
        def world(world):
            raise RuntimeError("no world today")
        @pytest.mark.pileup
        async def test_adds(world):
            pass
        """)
    result.assert_outcomes(failed=1)
    assert "RuntimeError: no world today" in said(result)
    assert "test_it.py:4: RuntimeError" in said(result)


def test_a_fixture_that_skips_skips_the_test(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.fixture
        def world(world):
            pytest.skip("no world today")
        @pytest.mark.pileup
        async def test_adds(world):
            pass
        """)
    result.assert_outcomes(skipped=1)


def test_parametrized_fixtures_are_parameters(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.fixture(params=[0, 10])
        def start(request):
            return request.param
        @pytest.fixture
        def world(world, start):
            world.memory.seed(n=start)
            return world
        @pytest.mark.pileup(runs=10)
        async def test_adds(world, start):
            assert await world.memory.add("n", 1) > start
        """)
    result.assert_outcomes(passed=2)


def test_ordinary_fixtures_work_in_a_run(session: Session) -> None:
    result = session("""
        import os, pytest
        @pytest.fixture
        def quiet(monkeypatch):
            monkeypatch.setenv("QUIET", "1")
        @pytest.mark.usefixtures("quiet")
        @pytest.mark.pileup(runs=10)
        async def test_adds(world, tmp_path, capsys, request):
            assert os.environ["QUIET"] and tmp_path.is_dir() and request.node.name == "test_adds"
            await world.memory.add("n", 1)
        def test_afterwards():
            assert "QUIET" not in os.environ
        """)
    result.assert_outcomes(passed=2)


def test_an_async_fixture_is_refused_with_its_name(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.fixture
        async def world(sim):
            return None
        @pytest.mark.pileup
        async def test_adds(world):
            pass
        """)
    result.assert_outcomes(errors=1)
    assert "the fixture 'world' is async" in said(result)


def test_a_run_that_does_not_end_still_puts_its_fixtures_away(session: Session) -> None:
    result = session("""
        import pytest
        open_worlds = []
        @pytest.fixture
        def world(world):
            open_worlds.append(world)
            yield world
            open_worlds.remove(world)
            assert world.memory.peek("n") == 2
        @pytest.mark.pileup(runs=20)
        async def test_waits(world, me):
            first, second = ("a", "b") if me.index else ("b", "a")
            async with world.memory.lock(first), world.memory.lock(second):
                await world.memory.add("n", 1)
        def test_afterwards():
            assert open_worlds == []
        """)
    result.assert_outcomes(failed=1, passed=1)
    assert "deadlock (critical)" in said(result)


TRIPS = """
    import json, pytest
    @pytest.fixture
    def world(world):
        world.files.seed("n.json", "0")
        yield world
        {at_the_end}
    @pytest.mark.pileup(runs=60)
    async def test_adds(world):
        n = json.loads(await world.files.read_text("n.json"))
        await world.files.write_text("n.json", json.dumps(n + 1))
    """


@pytest.mark.parametrize(
    ("at_the_end", "kind"),
    [
        ("assert json.loads(world.files.peek('n.json')) == 2", "assert 1 == 2"),
        ("json.loads(world.files.peek('n.json'))[0]", "'int' object is not subscriptable"),
        ("pytest.fail('told you')", "told you"),
    ],
)
def test_what_a_fixture_trips_over_at_its_end_hides_nothing(
    session: Session, at_the_end: str, kind: str
) -> None:
    result = session(TRIPS.format(at_the_end=at_the_end))
    result.assert_outcomes(failed=1)
    assert "lost_write (critical)" in said(result)
    assert f"check_failed (high): {kind}" in said(result)


UNNAMED = """
    import pathlib, pytest
    @pytest.fixture
    def world(world):
        world.files.mount("/data")
        world.files.seed("n.txt", "7")
        return world
    @pytest.fixture
    def other():
        return 1
    @pytest.mark.pileup(runs=5)
    def test_reads({arguments}):
        assert pathlib.Path("/data/n.txt").read_text() == "7"
    """


@pytest.mark.parametrize("arguments", ["", "me", "other", "me, other"])
def test_there_is_a_world_whether_or_not_the_test_names_it(
    session: Session, arguments: str
) -> None:
    session(UNNAMED.format(arguments=arguments)).assert_outcomes(passed=1)


def test_the_usual_world_is_there_beside_other_fixtures(session: Session) -> None:
    result = session("""
        import pytest, redis
        @pytest.fixture
        def other():
            return redis.Redis()
        @pytest.mark.pileup(runs=5)
        def test_adds(other):
            assert other.incr("n") in (1, 2)
        """)
    result.assert_outcomes(passed=1)


def test_a_world_that_outlives_a_run_is_refused(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.fixture(scope="module")
        def world():
            return {}
        @pytest.mark.pileup
        async def test_adds(world):
            pass
        """)
    result.assert_outcomes(errors=1)
    assert "the fixture 'world' lives for a module" in said(result)


def test_a_world_that_is_a_parameter_is_that(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.mark.parametrize("world", [{"n": 1}])
        @pytest.mark.pileup(runs=5)
        async def test_reads(world):
            assert world == {"n": 1}
        """)
    result.assert_outcomes(passed=1)


def test_the_run_and_the_request_can_be_asked_for(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.mark.pileup(runs=5)
        async def test_reads(world, sim, request):
            assert sim is world.sim and request.node.name == "test_reads"
        """)
    result.assert_outcomes(passed=1)


NOT_ME = {
    "a fixture of that name": """
        @pytest.fixture
        def me(): return 1
        @pytest.mark.pileup
        async def test_adds(me): pass
        """,
    "a parameter of that name": """
        @pytest.mark.parametrize("me", [1])
        @pytest.mark.pileup
        async def test_adds(me): pass
        """,
    "a fixture under one that asks": """
        @pytest.fixture
        def base(me): return me
        class TestIt:
            @pytest.fixture
            def base(self, base): return base
            @pytest.mark.pileup
            async def test_adds(self, base): pass
        """,
}


@pytest.mark.parametrize("text", NOT_ME.values(), ids=NOT_ME)
def test_me_is_the_agent_and_nothing_else(session: Session, text: str) -> None:
    result = session(f"\n        import pytest{text}")
    result.assert_outcomes(errors=1)
    assert "me" in said(result)


def test_a_fixture_that_asks_for_me_by_name_is_told(session: Session) -> None:
    result = session("""
        import pytest
        @pytest.fixture
        def name(request): return request.getfixturevalue("me")
        @pytest.mark.pileup
        async def test_adds(name): pass
        """)
    result.assert_outcomes(failed=1)
    assert "`me` is each agent's own" in said(result)
