"""What is made of the experiments for the articles' claims."""

from __future__ import annotations

from support.comparing import measured

from pileup.comparison import readings
from pileup.comparison.claims import EXPERIMENTS
from pileup.comparison.jobs import Done, Job, do
from pileup.scenarios.documents.measures import Measured


def done(*days: Measured) -> Done:
    return Done(Job("single agent", "naive", "usual day", len(days)), {}, days, ("",) * len(days))


def test_three_layers_of_three_tries_ask_27_times() -> None:
    (job,) = EXPERIMENTS[0].jobs(0)
    assert readings.amplified(do(job)) == ("27 calls", True, "the layers differ")


def test_other_layers_ask_otherwise() -> None:
    assert readings.amplified(done(measured(calls=9)))[:2] == ("9 calls", False)


def test_a_vote_of_three_is_right_as_often_as_the_article_says() -> None:
    assert readings.votes()[:2] == ("99.2%", True)


def test_duplicates_are_told_by_how_soon_there_are_as_many_as_in_the_story() -> None:
    said, agrees, _ = readings.duplicates(done(measured(documents=100, duplicates=200)))
    assert agrees
    assert (
        said == "2 for each document, so 40,000 in two weeks at 14 documents a day for each agent"
    )
    assert readings.duplicates(done(measured()))[1] is False
    rare = readings.duplicates(done(measured(documents=100, duplicates=1)))
    assert rare[1:] == (False, "no agent does so many documents in a day")


def test_a_debate_agrees_where_the_intervals_hold_the_figures() -> None:
    three = done(measured(documents=1000, judged=991, dollars=3.2))
    one = done(measured(documents=1000, judged=947, dollars=1.0))
    assert readings.debate(three, one)[:2] == ("99.1% against 94.7%, at 3.2x the cost", True)
    assert readings.debate(one, one)[1:] == (False, "three err alike here")
    cheap = done(measured(documents=1000, judged=991, dollars=1.4))
    assert readings.debate(cheap, one)[1] is False


def test_costs_are_multiples_for_each_document() -> None:
    read = readings.costs(1.0, 1.2, "why")
    assert read(done(measured(dollars=0.022)), done(measured())) == ("1.10x", True, "why")
    assert read(done(measured(dollars=0.03)), done(measured()))[1] is False


def test_what_is_saved_is_told_in_percent() -> None:
    assert readings.routing(done(measured(dollars=0.01)), done(measured()))[:2] == ("50%", True)
    assert readings.caching(done(measured(dollars=0.01)), done(measured()))[1] is False


def test_every_claim_names_jobs_that_can_be_run() -> None:
    from pileup.comparison.jobs import scenario_of

    for each in EXPERIMENTS:
        for job in each.jobs(0):
            assert scenario_of(job).name.endswith(job.day)


def test_a_round_figure_is_good_for_a_factor_of_two() -> None:
    few, many = done(measured(turns=15_000)), done(measured(turns=25_000))
    assert readings.coordination(few, done(measured()))[:2] == ("15.0x with 50 agents", True)
    assert readings.coordination(many, done(measured()))[1] is False
    cheap = done(measured(model_calls=1200, dollars=8.0))
    assert readings.chaining(cheap)[:2] == ("60 calls and $0.40 for each document", False)
