"""An order that is spelled out: read line by line, brought about, and spelled from a run again."""

from __future__ import annotations

import functools

import pytest
from corpus import table
from corpus.labels import BUGS

import pileup
from pileup.choices import Point
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.faults import Rule
from pileup.findings import Finding
from pileup.results import Run
from pileup.search.explorer import Explorer
from pileup.search.keeping.spell import hide, line, spell
from pileup.strategies._lines import read, reveal
from pileup.strategies.spelled import Spelled
from pileup.tokens import decode

RACE = """\
# both read before either writes
adds-0: read memory[n]

adds-1: read memory[n]
adds-1: write memory[n]
adds-0: write memory[n]
"""


async def adds(world: World) -> None:
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)


def play(strategy: Spelled, *agents: pileup.sim.agents.Body, **given: object) -> Run:
    scenario = pileup.Scenario(list(agents), **given)  # type: ignore[arg-type] # what a test varies
    return scenario.explorer().once(strategy)


def deeds(run: Run) -> list[str]:
    return [
        f"{event.agent}: {event.label}"
        for event in run.history
        if event.items and event.name != "end"
    ]


def kinds(run: Run) -> list[str]:
    return [finding.kind for finding in run.findings]


def test_things_happen_in_the_order_that_is_spelled() -> None:
    strategy = Spelled(RACE)
    run = play(strategy, adds, adds)
    assert deeds(run) == [each for each in RACE.splitlines() if each and each[0] != "#"]
    assert kinds(run) == ["lost_write"]
    assert strategy.skipped == []


def test_another_order_shows_nothing() -> None:
    order = "adds-1: write memory[n]\nadds-0: write memory[n]\n"
    run = play(Spelled(order), adds, adds)
    assert [each.partition(":")[0] for each in deeds(run)] == [
        "adds-1",
        "adds-1",
        "adds-0",
        "adds-0",
    ]
    assert run.clean


def test_it_is_always_the_same_run_and_done_after_it() -> None:
    strategy = Spelled(RACE)
    digests = [play(strategy, adds, adds).history.digest for _ in range(2)]
    assert digests[0] == digests[1]
    assert pileup.explore(adds, runs=50, strategy=strategy).runs == 1


def test_what_is_not_spelled_an_agent_does_on_its_way() -> None:
    async def dawdles(world: World) -> None:
        await pileup.checkpoint()
        await world.memory.get("other")
        await adds(world)

    order = RACE.replace("adds-0", "dawdles-0")
    run = play(strategy := Spelled(order), dawdles, adds)
    assert kinds(run) == ["lost_write"]
    assert strategy.skipped == []


def test_whoever_is_held_up_is_passed_over_until_it_can_go_on() -> None:
    async def mended(world: World) -> None:
        async with world.memory.lock():
            await adds(world)

    mended.__name__ = "adds"
    run = play(Spelled(RACE), mended, mended)
    assert run.clean
    assert run.results.keys() == {"adds-0", "adds-1"}


def test_what_cannot_come_any_more_is_noted() -> None:
    async def mended(world: World) -> None:
        await world.memory.add("n", 1)

    mended.__name__ = "adds"
    strategy = Spelled(RACE)
    assert play(strategy, mended, mended).clean
    assert len(strategy.skipped) == 4
    assert strategy.skipped[0] == "line 2, 'adds-0: read memory[n]': it never came to it"


def test_a_line_that_an_agent_has_gone_past_is_noted() -> None:
    order = "adds-0: read memory[m]\nadds-0: read memory[n]\n" + RACE
    strategy = Spelled(order)
    assert kinds(play(strategy, adds, adds)) == ["lost_write"]
    assert strategy.skipped[0].startswith("line 1, 'adds-0: read memory[m]': adds-0 comes to")


def test_an_agent_that_polls_is_not_waited_for_for_ever() -> None:
    async def polls(world: World) -> None:
        while await world.memory.get("ready") is None:
            pass

    async def gets_ready(world: World) -> None:
        await world.memory.set("ready", 1)

    order = "polls-0: write memory[done]\ngets_ready-1: write memory[ready]\n"
    strategy = Spelled(order)
    run = play(strategy, polls, gets_ready)
    assert run.clean
    assert "polls-0 has done 50 other things" in strategy.skipped[0]
    assert len(run.history) < 70


def test_clock_lets_a_deadline_pass_first() -> None:
    async def waits(world: World) -> None:
        await pileup.sleep(5)
        await world.memory.set("n", "late")

    async def writes(world: World) -> None:
        await world.memory.get("n")
        await world.memory.set("n", "early")

    early = "writes-1: read memory[n]\nclock\nwaits-0: write memory[n]\nwrites-1: write memory[n]"
    run = play(Spelled(early), waits, writes)
    assert deeds(run) == [
        "writes-1: read memory[n]",
        "waits-0: write memory[n]",
        "writes-1: write memory[n]",
    ]


def test_a_clock_that_nobody_waits_for_is_noted() -> None:
    strategy = Spelled(f"clock\n{RACE}")
    assert kinds(play(strategy, adds, adds)) == ["lost_write"]
    assert strategy.skipped == ["line 1, 'clock': nobody waits for a deadline"]


FAULTS = [Rule("crash", on="write*", odds=0.5)]


@pytest.mark.parametrize(("place", "writes"), [("", 1), (" 2", 2), (" 3", 2)])
def test_a_fault_strikes_at_the_question_that_is_named(place: str, writes: int) -> None:
    async def adds(world: World) -> None:
        await world.memory.set("n", 1)
        await world.memory.set("n", 2)

    strategy = Spelled(f"fault{place}: crash, adds-0: write memory[n]\n")
    run = play(strategy, adds, faults=FAULTS)
    assert len(deeds(run)) == writes
    assert len(strategy.skipped) == (place == " 3")


def test_a_fault_that_nobody_asks_about_is_noted() -> None:
    strategy = Spelled("fault: error, adds-7: write memory[n]")
    play(strategy, adds, faults=FAULTS)
    assert strategy.skipped == ["line 1, 'error, adds-7: write memory[n]': nobody asked"]


def test_data_comes_to_the_number_that_is_named() -> None:
    def draw(sim: pileup.Sim) -> int:
        return sim.choose("data", 9, "dice = or #") + 10 * sim.choose("data", 9, "dice = or #")

    order = "data: dice = or #=4\ndata 2: dice = or #=8"
    explorer = pileup.Scenario(lambda: None, setup=draw, agents=1).explorer()
    assert explorer.once(Spelled(order)).tape.data == (4, 8)
    assert explorer.once(Spelled("data: dice = or #=99")).tape.data == (0, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adds-0 reads", "Line 1 of the order is 'adds-0 reads', which nobody can do"),
        ("\n# so\nadds-0:", "Line 3 of the order"),
        (": read memory[n]", "Write who does what"),
        ("data: dice", "says of no draw what it comes to"),
        ("fault:", "Line 1 of the order"),
        (None, "NoneType was given"),
    ],
)
def test_a_bad_text_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Spelled(text)


@pytest.mark.parametrize(
    ("who", "deed"),
    [
        ("a\nb", "read x\r\ny"),
        ("fault", "read memory[n]"),
        ("data 3", "read memory[n=4]"),
        ("#1", "read\u2028it"),
        ("a: b", "read c: d"),
        (" a ", " read "),
        ("\\x41", "\\"),
        ("\ud800", "\x1b[2J"),
        ("clock", "read clock"),
    ],
)
def test_no_name_can_pass_for_something_else(who: str, deed: str) -> None:
    text = line(who, deed)
    assert text.isprintable()
    ((_, one),), owed = read(text)
    assert owed == {}
    first, _, second = one.partition(": ")
    assert (reveal(first), reveal(second)) == (who, deed)


def test_hiding_leaves_what_is_plain() -> None:
    assert hide("write files[größe.json]") == "write files[größe.json]"


# From a run and back -----------------------------------------------------------------------

assert table.MODULES  # it has imported the corpus

SAMPLE = (
    *("counts_in_memory", "adds_to_an_attribute_across_an_await", "writes_a_pair"),
    *("pays_again_when_no_answer_comes", "pays_and_then_writes_it_down"),
    *("tries_in_tasks_of_trio", "withdraws_in_sync_code", "looks_into_the_purse_first"),
)


@functools.cache
def shown(name: str) -> tuple[Explorer, Run, Finding]:
    program = BUGS[name]
    found = program.explore()
    finding = next(each for each in found.findings if each.kind == program.kind)
    explorer = program.scenario.explorer()
    run = explorer.replay(decode(finding.replay))
    return explorer, run, next(f for f in run.findings if f.fingerprint == finding.fingerprint)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_run_that_is_spelled_fully_shows_the_same_finding(name: str) -> None:
    explorer, run, finding = shown(name)
    again = explorer.once(Spelled(spell(run, finding, fully=True)))
    assert finding.fingerprint in [each.fingerprint for each in again.findings]


UNSEEN = ("adds_to_an_attribute_across_an_await", "looks_into_the_purse_first")
"""Here what decides happens at a start, which a plain order leaves out."""


@pytest.mark.parametrize("name", [name for name in SAMPLE if name not in UNSEEN])
def test_a_plain_order_shows_the_same_finding_and_skips_nothing(name: str) -> None:
    explorer, run, finding = shown(name)
    strategy = Spelled(spell(run, finding))
    again = explorer.once(strategy)
    assert finding.fingerprint in [each.fingerprint for each in again.findings]
    assert strategy.skipped == []


async def adds_in_one(world: World) -> None:
    await world.memory.add("n", 1)


def test_a_clean_order_says_that_it_was_one_order_and_no_more() -> None:
    order = "adds_in_one-0: add memory[n]\nadds_in_one-1: add memory[n]\n"
    found = pileup.explore(adds_in_one, runs=50, strategy=Spelled(order))
    assert (found.runs, found.clean, found.exhausted) == (1, True, False)
    assert "Only the order that is spelled out was tried, with all of its 2 lines" in str(found)
    assert "Clean" not in str(found)
    assert "confidence" not in str(found)


def test_what_of_a_clean_order_did_not_come_about_is_told() -> None:
    found = pileup.explore(adds_in_one, runs=50, strategy=Spelled("nobody-7: add memory[n]"))
    assert "but for 1 of its 1 lines" in found.strength


def test_only_what_goes_through_all_orders_may_say_so() -> None:
    """To have no more runs is not to have tried everything: any strategy may have no more."""

    class OneRun:
        name, studies, done = "one run", False, True

        def begin(self, run: int) -> None:
            """Every run is the same."""

        def choose(self, point: Point) -> int:
            return point.usual

    found = pileup.explore(adds_in_one, runs=50, strategy=OneRun())
    assert (found.runs, found.exhausted) == (1, False)
    assert pileup.explore(adds_in_one, strategy="systematic").exhausted
    assert not pileup.explore(adds, runs=2, strategy="systematic").exhausted
