"""`pileup compare` and `pileup list`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from support.commands import Call

import pileup
from pileup.cli.listing import SYMPTOMS
from pileup.cli.named import named
from pileup.detectors import KINDS
from pileup.faults import CATALOGUE, PROFILES
from pileup.reports.data import read
from pileup.scenarios.catalogue import HOMES
from pileup.scenarios.controls import CONTROLS
from pileup.strategies import STRATEGIES

FEW = ("--runs", "50")
RACE = "pileup.scenarios.config_race"


@pytest.mark.usefixtures("shop")
def test_scenarios_stand_side_by_side_with_how_often_each_fails(call: Call) -> None:
    done = call("compare", "shop:NAIVE", "shop.py:locked", *FEW)
    found = pileup.explore(named("shop:NAIVE"), runs=50)
    (seen,) = found.stats.sightings.values()
    head, naive, locked, *_ = done.out.splitlines()
    assert head.split() == ["runs", "steps", "of", "1,000", "runs"]
    assert naive.split()[:2] == ["shop:NAIVE", "50"]
    assert naive.endswith(f" {20 * seen.times}  lost_write (critical)")
    assert locked.split()[0] == "shop.py:locked"
    assert locked.endswith("   0  clean: below 5.8% of runs")
    assert f"{found.stats.steps / 50:.1f}" in naive
    assert len({line.index("  50  ") for line in (naive, locked)}) == 1
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_module_stands_for_all_of_its_scenarios(call: Call) -> None:
    out = call("compare", RACE).out
    assert [line.split()[0] for line in out.splitlines() if line.startswith(RACE)] == [
        f"{RACE}:RACE",
        f"{RACE}:FIXED",
    ]
    found = pileup.explore(named(f"{RACE}:RACE"))
    often = round(1000 * found.stats.kinds["check_failed"] / found.runs)
    assert re.search(rf" {often}  check_failed \(high\), \d distinct\n", out)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("strategy", "said"), [("systematic", "clean: all orders tried"), ("round_robin", "clean\n")]
)
def test_how_sure_a_clean_one_is_follows_from_the_strategy(
    strategy: str, said: str, call: Call
) -> None:
    out = call("compare", "shop:HARDENED", "--strategy", strategy, *FEW).out
    assert f"    0  {said}" in out
    assert "confidence" not in out


@pytest.mark.usefixtures("shop")
def test_conditions_are_the_same_for_all(call: Call) -> None:
    words = ("--agents", "2", "--json", *FEW)
    done = call("compare", "shop:NAIVE", "shop:HARDENED", *words)
    assert done.code == 1
    naive, hardened = read(done.out)
    assert (naive.name, hardened.name) == ("shop:NAIVE", "shop:HARDENED")
    assert (naive.exploration.clean, hardened.exploration.clean) == (False, True)
    for finding in naive.exploration.findings:
        assert call("replay", finding.replay, "shop:NAIVE", "--agents", "2").code == 1


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["shop:NAIVE", "shop:NONE"], "shop has no 'NONE'"),
        (["shop:NAIVE", "json"], "There are no scenarios in json"),
        (["shop:NAIVE", "shop:BOTH", "--agents", "3"], "names its agents one by one"),
        (["shop:NAIVE", "shop:pileup"], "An agent is a function"),
    ],
)
def test_nothing_runs_before_all_names_are_found(
    names: list[str], said: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pileup, "explore", lambda *_, **__: pytest.fail("something has run"))
    done = call("compare", *names)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_the_overview_names_everything(call: Call) -> None:
    words = set(re.findall(r"[\w.:-]+", call("list").out))
    for all_there_is in (STRATEGIES, PROFILES, CATALOGUE, KINDS, SYMPTOMS, [f"{RACE}:RACE"]):
        assert set(all_there_is) <= words


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("strategies", STRATEGIES),
        ("faults", {**PROFILES, **CATALOGUE}),
        ("detectors", KINDS),
        ("topologies", HOMES),
        ("controls", CONTROLS),
    ],
)
def test_each_name_has_a_meaning_beside_it(what: str, names: dict[str, object], call: Call) -> None:
    out = call("list", what).out
    assert max(map(len, out.splitlines())) <= 80
    for name in names:
        assert re.search(rf"^  {re.escape(name)} +\w", out, re.MULTILINE), name


def test_the_list_as_data_has_all_meanings_by_kind(call: Call) -> None:
    page = json.loads(call("list", "--json").out)
    faults = {name: kind.says for name, kind in CATALOGUE.items()}
    proved = {name: kind.proves for name, kind in KINDS.items()}
    assert (page["faults"], page["detectors"], page["symptoms"]) == (faults, proved, SYMPTOMS)
    assert page["strategies"].keys() == STRATEGIES.keys()
    assert page["profiles"].keys() == PROFILES.keys()
    assert f"{RACE}:RACE" in page["scenarios"]
    assert all(isinstance(told, str) and told for group in page.values() for told in group.values())


@pytest.mark.parametrize(
    ("what", "kinds"),
    [
        ("scenarios", ["scenarios"]),
        ("topologies", ["topologies"]),
        ("controls", ["controls"]),
        ("strategies", ["strategies"]),
        ("faults", ["profiles", "faults"]),
        ("detectors", ["detectors", "symptoms"]),
        ("saved", ["saved"]),
    ],
)
@pytest.mark.usefixtures("shop")
def test_one_part_of_the_list_as_data_is_that_part_alone(
    what: str, kinds: list[str], call: Call
) -> None:
    whole, part = (
        json.loads(call("list", "--json").out),
        json.loads(call("list", what, "--json").out),
    )
    assert list(part) == kinds
    assert part == {kind: whole[kind] for kind in kinds}


def test_incidents_are_listed_each_with_the_first_line_of_its_module(call: Call) -> None:
    told = json.loads(call("list", "scenarios", "--json").out)["scenarios"]
    naive = "pileup.scenarios.incidents.torn_config:NAIVE"
    assert told[naive].startswith("torn config, naive. Three instances enter what they have paid")
    assert all(name.replace("NAIVE", "HARDENED") in told for name in told if "incidents" in name)
    lines = call("list", "scenarios").out.splitlines()
    assert f"  {naive}" in lines
    assert max(map(len, lines)) <= 80


def test_without_the_extra_the_list_says_what_to_install(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tenacity", None)
    page = json.loads(call("list", "--json").out)
    assert list(page["scenarios"]) == [f"{RACE}:RACE", f"{RACE}:FIXED"]
    assert page["topologies"]["mesh"] == "not to be had without pip install 'pileup[compare]'"
    assert page["controls"] == CONTROLS


def test_what_cannot_be_listed_is_refused_as_data_too(call: Call) -> None:
    done = call("list", "faults", "shop", "--json")
    assert (done.code, done.out) == (2, "")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("place", ["shop", "shop.py"])
def test_scenarios_of_a_module_are_listed_as_explore_takes_them(place: str, call: Call) -> None:
    out = call("list", "scenarios", place).out
    assert f"  {place}:NAIVE" in out
    assert "add_entry x3: Add a line to the entries." in out
    assert call("list", "scenarios", "json").code == 2


def test_saved_failures_are_listed_and_a_bad_one_does_no_harm(shop: Path, call: Call) -> None:
    folder = shop.parent / ".pileup"
    assert call("list", "saved").out.endswith("\n  none\n")
    assert call("explore", "shop:NAIVE", *FEW).code == 1
    (folder / "bad.json").write_text("{}", "utf-8")
    out = " ".join(call("list", "saved").out.split())
    assert "lost_write: add_entry-" in out
    assert "(of add_entry)" in out
    assert ".pileup/bad.json not used: " in out
    assert " ".join(call("list", "saved", str(folder)).out.split()).count("lost_write: ") == 1


def test_the_json_of_a_comparison_is_one_object(call: Call) -> None:
    page = json.loads(call("compare", RACE, "--json", *FEW).out)
    assert [each["clean"] for each in page["explorations"]] == [False, True]
