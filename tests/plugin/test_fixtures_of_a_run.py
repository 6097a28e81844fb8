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
    assert result.ret == pytest.ExitCode.USAGE_ERROR
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
