"""What is seen at a glance, and that who watches the signs would notice a wrong one."""

from __future__ import annotations

import pytest
from support.signs import Watched

from pileup.detectors import DETECTORS, told
from pileup.detectors.case import Case
from pileup.detectors.glance import Glance, always, of
from pileup.detectors.lost_write import lost_writes
from pileup.detectors.registry import Ours

SEEN: dict[str, dict[str, object]] = {
    "a:r x1, b:w x2": {},
    "a:POST(u c){intent=i effect}": {"noted": True, "facts": {"intent", "effect"}},
    "a/draft:r x1": {"stepped": True},
    "a:w x1!": {"troubled": True},
    "a:w x1?": {"troubled": True, "given_up": True},
    "a:wait??": {"troubled": True, "given_up": True},
    "a:crash~crash": {"crashed": True},
    "a:acquire(c x)": {"asking": True},
    "a:SET(c x)": {"asking": True},
    "a:swap(c x)": {"asking": True},
}
QUIET = dict.fromkeys(("noted", "stepped", "troubled", "given_up", "crashed", "asking"), False)


@pytest.mark.parametrize("text", SEEN)
def test_each_column_is_seen(text: str) -> None:
    glance = Glance(told(text).rows)
    found = {name: getattr(glance, name) for name in ("facts", *QUIET)}
    assert found == {"facts": set(), **QUIET, **SEEN[text]}


def test_in_a_history_without_anything_but_reads_and_writes_one_detector_is_asked() -> None:
    glance = Glance(told("a:r x1, b:r x1, a:w x2, b:w x3").rows)
    assert [ours.find for ours in DETECTORS if ours.sign(glance)] == [lost_writes]


def test_a_fact_that_only_another_note_has_counts_too() -> None:
    glance = Glance(told("a:POST(u c){effect}, a:POST(u c){key=k}").rows)
    assert of("key")(glance)
    assert of("lease", "effect")(glance)
    assert not of("lease")(glance)


def test_who_watches_the_signs_notices_a_wrong_one() -> None:
    case = Case(told("a:r x1, b:r x1, a:w x2, b:w x3"))
    assert list(Watched(Ours(lost_writes, always))(case))
    with pytest.raises(AssertionError, match="lost_write is found"):
        list(Watched(Ours(lost_writes, of("lease")))(case))
