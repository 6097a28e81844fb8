"""Which run each finding is told by, and what of it a page has room for."""

from __future__ import annotations

import re
from dataclasses import replace

from support.gallery import EXHIBITS
from support.stories import long, raced

from pileup.choices import Tape
from pileup.reports import writing
from pileup.reports.html.drawing import Drawing
from pileup.reports.html.story_page import ROOM
from pileup.reports.story.telling import tell, tell_run
from pileup.results import Exploration, Sighting, Stats
from pileup.tokens import Ticket, encode

OTHER = encode(Ticket(Tape((1,)), program="made by hand", agents=2))


def test_findings_name_the_run_that_their_events_are_of() -> None:
    story = tell(raced())
    assert [each.run for each in story.findings] == [0, 1, 2, 3, 2]
    assert [each.kind for each in story.runs] == [each.kind for each in story.findings[:4]]
    assert story.runs[0] is story.shown
    second = [each.number for each in story.runs[1].diagram.moments if each.is_evidence]
    assert second == list(raced().findings[1].evidence)


def test_a_run_alone_is_told_by_itself() -> None:
    story = tell_run(raced().shown[1])
    assert [each.run for each in story.findings] == [0] * len(story.findings) != []
    assert story.runs == (story.shown,)


def test_text_and_markdown_tell_one_run_and_say_where_the_others_are() -> None:
    alone = replace(raced(), others=())
    for suffix in (".txt", ".md"):
        assert writing.render(raced(), suffix) == writing.render(alone, suffix)
    assert f'its events are of another run: pileup.replay("{raced().others[0].token}' in str(
        raced()
    )


def test_a_finding_whose_run_is_not_kept_says_how_to_see_it() -> None:
    page = writing.render(replace(raced(), others=()), ".html")
    assert page.count("The run that shows it is not drawn here. To see it:") == 4
    assert page.count("data-diagram=") == 1
    for run in raced().shown:
        assert run.token in page
    assert set(re.findall(r'href="#(s1\w*?)m\d', page)) == {"s1"}


def test_a_run_that_no_finding_is_told_by_stands_by_itself() -> None:
    found = replace(raced(), findings=raced().findings[1:])
    page = writing.render(found, ".html")
    assert page.count('<h2 id="s1-run-title">What happened</h2>') == 1
    assert page.index('id="s1m7"') > page.index('id="s1r4m13"')


def two_long(count: int) -> Exploration:
    """Return two findings, each of a run of its own that is long."""
    found = long(count)
    (one,) = found.findings
    (run,) = found.shown
    other = replace(one, replay=OTHER, mark="other")
    seen = {each.fingerprint: Sighting(0, "random", 3) for each in (one, other)}
    stats = Stats("native", 42, seen)
    others = (replace(run, token=OTHER, findings=(other,)),)
    return Exploration((one, other), 10, stats, counterexample=run, others=others)


def test_of_further_runs_a_page_has_room_for_less() -> None:
    page = writing.render(two_long(3_000), ".html")
    assert page.count('<li id="s1m') == 3_000
    open_ones = 5
    assert page.count('<li id="s1r2m') == ROOM + open_ones
    assert page.count("moments are left out of this page, which would be too long") == 8


def test_a_fold_does_not_say_that_nothing_happens_where_something_does() -> None:
    (retries,) = [each for each in EXHIBITS if each.name == "retry_amplification"]
    found = tell(retries.explore()).shown
    assert found is not None
    titles = [each.title for each in Drawing(found.diagram, "d").rows if each.is_folded]
    assert titles == ["23 moments, 33 to 55, 7 of which matter, too"]
    quiet = tell(long(100)).shown
    assert quiet is not None
    titles = [each.title for each in Drawing(quiet.diagram, "d").rows if each.is_folded]
    assert titles == ["95 moments, 0 to 94, in which nothing of this happens"]
