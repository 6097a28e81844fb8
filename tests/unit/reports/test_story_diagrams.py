"""Lanes, folds, time and words of a diagram."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.gallery import EXHIBITS
from support.stories import event, history, hostile, long, raced

import pileup
from pileup.fakes import World
from pileup.findings import Finding
from pileup.history import History
from pileup.reports.html.drawing import MOST_FOLDED, Drawing, pieces
from pileup.reports.html.environment import environment
from pileup.reports.story import causes
from pileup.reports.story.diagram import diagram
from pileup.reports.story.folds import FEW, LARGEST
from pileup.reports.story.model import Diagram, Layer, Link, Moment, Stop
from pileup.reports.story.telling import tell, tell_run
from pileup.reports.story.times import gaps, lasting


def shown(found: pileup.Exploration) -> Diagram:
    told = tell(found).shown
    assert told is not None
    return told.diagram


def opened(drawn: Diagram) -> list[Moment]:
    """Return what a reader sees before any fold is opened."""
    return [each for part in drawn.stretches if not part.is_folded for each in part.moments]


def test_agents_have_their_lanes_before_what_they_share() -> None:
    lanes = shown(raced()).lanes
    assert [each.name for each in lanes] == ["add_entry-0", "add_entry-1", "files[config.json]"]
    assert [each.is_agent for each in lanes] == [True, True, False]
    assert lanes[0].about == "session session-0"


def test_moments_touch_lanes_that_are_there() -> None:
    for found in (raced(), long(300), hostile("x")):
        drawn = shown(found)
        for each in drawn.moments:
            assert drawn.lanes[each.lane].is_agent
            for touch in each.touches:
                assert drawn.lanes[touch.lane].name in (touch.name, touch.name.partition("[")[0])


def many(count: int) -> Diagram:
    events = [event(n, f"a{n}", "read", items=[["r", str(n), "read", 0]]) for n in range(count)]
    return diagram(history(events), ())


def test_many_things_share_the_lane_of_their_resource() -> None:
    assert [each.name for each in many(11).lanes if not each.is_agent] == ["r"]
    assert len([each for each in many(10).lanes if not each.is_agent]) == 10


def test_many_agents_share_the_last_lane() -> None:
    drawn = many(100)
    assert [each.name for each in drawn.lanes][-2:] == ["76 more agents", "r"]
    assert drawn.moments[99].lane == drawn.moments[24].lane == 24
    assert all(Drawing(drawn, "d").row(each).right for each in drawn.moments)


def test_who_waits_for_an_agent_is_joined_to_its_lane() -> None:
    async def helps(world: World) -> None:
        await world.memory.set("x", 1)

    async def asks(world: World, me: pileup.Agent) -> None:
        await world.memory.get("x")
        await me.spawn(helps, name="helper")

    run = pileup.explore(asks, agents=1, runs=1, check=lambda _: 1 / 0).counterexample
    assert run is not None
    drawn = diagram(run.history, ())
    assert [each.name for each in drawn.lanes] == ["asks-0", "helper", "memory[x]"]
    (join,) = [each for each in drawn.moments if each.deed == "join"]
    assert [each.lane for each in join.touches] == [1]
    (write,) = [each for each in drawn.moments if each.deed == "write"]
    assert drawn.lanes[write.lane].about == "session session-0, role helps, helper of asks-0"
    assert [each.told for each in write.remarks] == ["begun by asks-0 after 1"]


def test_a_short_run_has_no_folds() -> None:
    assert [each.is_folded for each in shown(long(FEW)).stretches] == [False]


def test_a_long_run_shows_what_matters_and_what_is_beside_it() -> None:
    drawn = shown(long(1_000))
    assert [each.number for each in opened(drawn)] == [995, 996, 997, 998, 999]
    assert all(len(part.moments) <= LARGEST for part in drawn.stretches)
    assert [each.number for each in drawn.moments] == list(range(1_000))


def test_a_long_run_in_which_nothing_matters_shows_how_it_begins() -> None:
    drawn = diagram(history([event(n, "a", "read") for n in range(600)]), ())
    assert [(each.is_folded, each.moments[0].number) for each in drawn.stretches] == [
        *((False, 0), (True, 21), (True, 271), (True, 521)),
    ]


def test_of_much_proof_the_first_and_the_last_are_shown() -> None:
    drawn = diagram(history([event(n, "a", "read") for n in range(500)]), range(0, 500, 5))
    assert sum(each.is_evidence for each in opened(drawn)) == 20
    assert opened(drawn)[0].number == 0
    assert opened(drawn)[-1].number == 496


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0 s"), (12.0, "12 s"), (0.3068, "307 ms"), (2e-5, "20 µs"), (86_400.0, "86,400 s")],
)
def test_time_is_said_in_few_letters(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def test_a_gap_is_told_where_time_rarely_passes() -> None:
    assert list(gaps([0, 0, 0, 30, 30, 30, 31])) == ["", "", "", "30 s", "", "", "1 s"]


def test_where_time_always_passes_only_a_long_gap_is_told() -> None:
    assert list(gaps([0, 1, 2, 3, 63, 64])) == ["", "", "", "", "60 s", ""]
    assert list(gaps([])) == []


def test_the_layers_of_retry_multiply_from_the_outside_in() -> None:
    found = next(each for each in EXHIBITS if each.name == "retry_amplification").explore()
    (told,) = tell(found).findings
    assert told.attempts == 27
    assert [(each.line.partition(" ")[0], *each[1:]) for each in told.layers] == [
        ("effects.py:264", 3, 3),
        ("effects.py:252", 3, 9),
        ("effects.py:243", 3, 27),
    ]
    assert shown(found).wrong == found.findings[0].evidence[3]


def test_layers_that_are_damaged_are_left_out() -> None:
    damaged = {"layer_1": "a.py:1", "factor_1": "3"}
    finding = Finding("retry_amplification", "high", "", "", receipt={**damaged})
    assert causes.layers(finding) == ()
    whole = Finding("x", "high", "", "", receipt={"layer_1": "a.py:1", "factor_1": 3})
    assert causes.layers(whole) == (Layer("a.py:1", 3, 3),)


def test_the_way_of_a_leak_names_sessions_and_deeds() -> None:
    found = next(each for each in EXHIBITS if each.name == "session_leak").explore()
    (told,) = tell(found).findings
    assert [each.number for each in told.way] == list(found.findings[0].evidence)
    assert [(each.session, each.deed) for each in told.way] == [
        ("session-0", "insert database[customers/0]"),
        ("session-1", "select database[customers]"),
        ("session-1", "complete model[sonnet]"),
    ]


def test_evidence_beyond_the_history_does_no_harm() -> None:
    finding = Finding("session_leak", "high", "", "", evidence=(0, 99))
    told = history([event(0, "a", "end")])
    assert causes.way(finding, told) == (Stop(0, "a", "of a", "gives its answer"),)
    assert [each.number for each in diagram(told, (0, 99)).moments] == [0]


def test_an_empty_history_is_an_empty_diagram() -> None:
    drawn = diagram(History((), ()), ())
    assert (drawn.lanes, drawn.moments, drawn.wrong) == ((), (), None)
    assert Drawing(drawn, "d").head > 0


def test_a_run_tells_what_came_of_it() -> None:
    run = raced().counterexample
    assert run is not None
    told = tell_run(run, called="race")
    assert (told.name, told.is_run, told.clean) == ("race", True, False)
    assert told.headline == f"this run shows {len(run.findings)} finding"
    assert told.shown is not None
    assert told.shown.outcome[-1].endswith("nothing.")


def test_events_in_a_sentence_lead_to_moments_that_are_there() -> None:
    line = "read (event 3, a.py:3) and (event 4), events 5 to 6, event 99999999999"
    parts = list(pieces(line, {3, 5}))
    assert [each for each in parts if each.number is not None] == [("3", 3), ("5", 5)]
    assert "".join(each.text for each in parts) == line


def test_a_page_has_room_for_so_many_moments_and_says_what_is_left_out() -> None:
    drawing = Drawing(shown(long(MOST_FOLDED + 1_000)), "d")
    assert sum(len(part.moments) for part in drawing.rows) == MOST_FOLDED + 5
    assert sum(part.left_out for part in drawing.rows) == 995
    page = environment().get_template("diagram.html.j2").make_module()
    text = str(page.diagram(drawing))  # type: ignore[attr-defined] # a macro of the template
    assert text.count("are left out of this page") == 4
    assert text.count('<li id="dm') == MOST_FOLDED + 5


def test_lines_lead_to_what_is_on_the_page_alone() -> None:
    sent = event(0, "a", "publish", items=[["bus", "j", "change", 1]], note={"message": "j#1"})
    rest = [event(n, "c", "read") for n in range(1, MOST_FOLDED + 2_000)]
    last = event(MOST_FOLDED + 2_000, "b", "claim", note={"message": "j#1"})
    drawing = Drawing(diagram(history([sent, *rest, last]), ()), "d")
    (ends,) = drawing.ends()
    assert ends[0] == Link("sent", 0, MOST_FOLDED + 2_000)
    found = Drawing(replace(drawing.diagram, links=(Link("sent", 0, MOST_FOLDED + 500),)), "d")
    assert list(found.ends()) == []


def test_the_first_wrong_moment_is_shown_however_much_proves_it() -> None:
    events = [event(n, "a", "read", fault="torn" if n == 100 else None) for n in range(200)]
    drawn = diagram(history(events), range(200))
    assert drawn.wrong == 100
    opened = [
        each.number for part in drawn.stretches if not part.is_folded for each in part.moments
    ]
    assert opened[11:14] == [99, 100, 101]
