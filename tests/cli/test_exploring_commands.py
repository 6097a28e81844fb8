"""`pileup explore`, `run` and `replay`, on a shop with a race in it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import Call, Done, Start

import pileup
from pileup.cli.named import named
from pileup.cli.recipes import BESIDE
from pileup.reports.data import read, read_run
from pileup.reports.recipe import Recipe
from pileup.reports.text import render
from pileup.tokens import decode, encode

FEW = ("--runs", "40")


@pytest.fixture
def saved(shop: Path, call: Call) -> Path:
    """Find the race, and return the file that it was saved in."""
    assert call("explore", "shop:add_entry", *FEW).code == 1
    (file,) = (shop.parent / ".pileup").glob("*.json")
    return file.relative_to(shop.parent)


def explored(name: str, *more: str, **given: object) -> str:
    """Tell what `pileup.explore` tells, but for the line that shows it again."""
    return told(pileup.explore(named(name), **given), name, *more)  # type: ignore[arg-type] # by name


def told(found: pileup.Exploration, *beside: str) -> str:
    """Tell it with the command that shows it again."""
    again = Recipe(lambda token: " ".join(["pileup", "replay", token, *beside]))
    return f"{render(found, again)}\n"


def again_of(out: str) -> list[str]:
    """Take the command that shows a run again out of a report, as a shell would."""
    (line,) = re.findall(r"^replay: (.*)$", out, re.MULTILINE)
    assert "pileup.replay" not in out
    pileup_, *words = shlex.split(line)
    assert pileup_ == "pileup"
    return words


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", ["NAIVE", "HARDENED"])
def test_what_is_piped_is_what_print_writes(name: str, call: Call) -> None:
    done = call("explore", f"shop:{name}", "--no-saved", *FEW)
    assert done.out == explored(f"shop:{name}", runs=40)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["--agents", "4"], {"agents": 4}),
        (["--seed", "7"], {"seed": 7}),
        (["--strategy", "pct:3"], {"strategy": "pct:3"}),
        (["--strategy", "systematic"], {"strategy": "systematic"}),
        (["--backend", "trio"], {"backend": "trio"}),
        (["--faults", "crashy"], {"faults": "crashy"}),
        (["--timed"], {"timed": True}),
        (["--oracle", "serial"], {"oracle": "serial"}),
        (["--no-shrink"], {"shrink": False}),
        (["--workers", "2"], {"workers": 2}),
        (["--allow-real", "socket"], {"allow_real": ("socket",)}),
    ],
)
def test_an_option_means_what_it_means_in_python(
    words: list[str], given: dict[str, object], call: Call
) -> None:
    done = call("explore", "shop:add_entry", "--no-saved", *FEW, *words)
    beside = words if "allow_real" in given else []
    assert done.out == explored("shop:add_entry", *beside, runs=40, **given)


@pytest.mark.usefixtures("shop")
def test_setup_and_check_are_named_like_agents(call: Call) -> None:
    words = ("--setup", "shop:start", "--check", "shop:both_there")
    done = call("explore", "shop:add_entry", "--no-saved", *FEW, *words)
    given = {"setup": named("shop:start"), "check": named("shop:both_there")}
    assert done.out == explored("shop:add_entry", *words, runs=40, **given)
    assert "check_failed" in done.out


@pytest.mark.usefixtures("shop")
def test_faults_may_be_the_users_own(shop: Path, call: Call) -> None:
    rule = "from pileup.faults import Rule\n\nRULES = [Rule('crash', odds=1.0, most=1)]\n"
    shop.write_text(rule + shop.read_text("utf-8"), "utf-8")
    done = call("explore", "shop:add_entry", "--no-saved", *FEW, "--faults", "shop:RULES")
    assert done.out == explored("shop:add_entry", runs=40, faults=named("shop:RULES"))


@pytest.mark.usefixtures("shop")
def test_what_a_scenario_says_may_be_varied(call: Call) -> None:
    done = call("explore", "shop:NAIVE", "--no-saved", *FEW, "--agents", "2", "--backend", "trio")
    varied = replace(named("shop:NAIVE"), agents=2, backend="trio")
    assert done.out == told(pileup.explore(varied, runs=40), "shop:NAIVE")


def test_failures_are_saved_and_tried_first(saved: Path, call: Call) -> None:
    again = call("explore", "shop:add_entry", *FEW)
    assert again.out.startswith("STILL FAILING: lost_write")
    assert saved.is_file()


def test_without_saving_no_folder_is_made(shop: Path, call: Call) -> None:
    assert call("explore", "shop:add_entry", "--no-saved", *FEW).code == 1
    assert not (shop.parent / ".pileup").exists()


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("saving", [(), ("--no-saved",)])
@pytest.mark.parametrize(
    "words",
    [
        ("shop.py:add_entry", "--check", "shop:both_there"),
        ("shop:add_entry", "--setup", "shop:start", "--agents", "4"),
        ("shop:add_entry", "--faults", "flaky-network", "--backend", "trio", "--timed"),
        ("shop:add_entry", "--allow-real", "socket", "--oracle", "serial"),
        ("shop:NAIVE", "--agents", "2"),
    ],
)
def test_the_line_that_shows_it_again_can_be_pasted(
    saving: tuple[str, ...], words: tuple[str, ...], call: Call
) -> None:
    found = call("explore", *words, *saving, *FEW)
    assert (found.code, found.err) == (1, "")
    command = again_of(found.out)
    assert command[1].startswith("pileup1-" if saving else ".pileup/")
    again = call(*command)
    assert again.code == 1
    worst = re.findall(r"^1\. (\w+) ", found.out, re.MULTILINE)
    assert worst[0] in re.findall(r"^\d\. (\w+) ", again.out, re.MULTILINE)


@pytest.mark.usefixtures("shop")
def test_a_folder_with_a_blank_can_be_pasted_as_well(call: Call) -> None:
    found = call("explore", "shop:add_entry", "--saved", "kept here", *FEW)
    command = again_of(found.out)
    assert command[1].startswith("kept here/")
    assert call(*command).code == 1


def test_the_file_is_of_the_very_failure_though_others_look_alike(saved: Path, call: Call) -> None:
    twin = saved.with_name(saved.name.replace("add_entry", "a"))
    twin.write_text(saved.read_text("utf-8").replace("pileup1-", "pileup1-x"), "utf-8")
    out = call("explore", "shop:add_entry", *FEW).out
    assert again_of(out) == ["replay", str(saved), "shop:add_entry"]


def test_events_of_another_run_are_shown_again_by_a_command_too(call: Call) -> None:
    out = call("explore", "pileup.scenarios.config_race:RACE", "--no-saved", *FEW).out
    (line,) = set(re.findall(r"its events are of another run: (.*)", out))
    pileup_, *words = shlex.split(line)
    assert (pileup_, words[2:]) == ("pileup", ["pileup.scenarios.config_race:RACE"])
    assert call(*words).code == 1


@pytest.mark.usefixtures("shop")
def test_json_is_all_that_stdout_holds_whatever_agents_print(shop: Path, start: Start) -> None:
    text = shop.read_text("utf-8").replace(
        "    entries = await", '    print("hello")\n    entries = await'
    )
    shop.write_text(f'print("imported")\n{text}', "utf-8")
    done = start("explore", "shop:NAIVE", "--json", *FEW)
    assert done.code == 1
    (told,) = read(done.out)
    assert told.name == "shop:NAIVE"
    assert [finding.kind for finding in told.exploration.findings] == ["lost_write"]
    assert "hello" in done.err
    token = told.exploration.findings[0].replay
    for words in (["run", "shop:NAIVE"], ["replay", token, "shop:NAIVE"]):
        done = start(*words, "--json")
        assert read_run(done.out).name == "shop:NAIVE"
        assert "hello" in done.err
    done = start("list", "scenarios", "shop", "--json")
    assert json.loads(done.out)["scenarios"].keys() == {"shop:NAIVE", "shop:HARDENED", "shop:BOTH"}
    assert "imported" in done.err


@pytest.mark.parametrize("saving", [(), ("--no-saved",)])
@pytest.mark.parametrize("name", ["found.json", "found.txt"])
def test_a_report_is_written_as_its_name_says(
    name: str, saving: tuple[str, ...], shop: Path, call: Call
) -> None:
    done = call("explore", "shop:NAIVE", *saving, "--report", name, *FEW)
    text = (shop.parent / name).read_text("utf-8")
    if name.endswith(".json"):
        assert json.loads(text)["pileup_report"] == 1
        report = call("report", name)
        assert (report.code, report.err) == (1, "")
        text = report.out.replace(f"        {BESIDE}\n", "")
    # It is read elsewhere, so what shows it again is a token, wherever it was saved here.
    (token,) = re.findall(r"pileup1-\S+", text)
    assert text == done.out.replace(again_of(done.out)[1], token)
    assert call("replay", token, "shop:NAIVE").code == 1


@pytest.mark.usefixtures("shop")
def test_what_was_begun_goes_on_where_it_ended(call: Call) -> None:
    resume = ("--no-saved", "--resume", "shop.jsonl")
    assert call("explore", "shop:HARDENED", *resume, "--runs", "30").code == 0
    more = call("explore", "shop:HARDENED", *resume, "--runs", "60")
    assert more.out == explored("shop:HARDENED", runs=60)


# run ---------------------------------------------------------------------------------------

ODD = """

class Order:
    pass


async def odd(world, me):
    await pileup.sleep(1.5)
    return [None, "a", 1 << 70, 0.5, True, Order(), "x" * 200, [1, "b"]][me.index]


ODD = pileup.Scenario(odd, agents=8)
"""


@pytest.mark.usefixtures("shop")
def test_one_run_is_told_in_order_with_what_agents_returned(call: Call) -> None:
    done = call("run", "shop:NAIVE")
    assert done.code == 0
    deeds = [line.split()[1:3] for line in done.out.splitlines() if " memory[entries] " in line]
    assert deeds == [[f"add_entry-{who}", what] for who in range(3) for what in ("read", "write")]
    assert "add_entry-2 returned 2" in done.out
    assert "this run is clean" in done.out


@pytest.mark.usefixtures("shop")
def test_another_order_is_asked_for_by_strategy_and_seed(call: Call) -> None:
    turns = call("run", "shop:NAIVE", "--strategy", "round_robin")
    assert turns.code == 1
    assert "1. lost_write (critical)" in turns.out
    drawn = {
        call("run", "shop:NAIVE", "--strategy", "random", "--seed", str(n)).out for n in range(6)
    }
    assert len(drawn) > 2
    again = call("run", "shop:NAIVE", "--strategy", "random", "--seed", "4")
    assert again.out in drawn


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("strategy", ["auto", "surw"])
def test_a_strategy_that_begins_with_the_dullest_run_shows_another(
    strategy: str, call: Call
) -> None:
    words = [("--strategy", strategy, "--seed", str(seed)) for seed in range(6)]
    told = {call("run", "shop:NAIVE", *each).out for each in words}
    assert told - {call("run", "shop:NAIVE").out}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("strategy", ["auto", "delay:2", "pct", "pos", "surw", "systematic"])
def test_every_strategy_shows_a_run_whose_token_fits(strategy: str, call: Call) -> None:
    done = call("run", "shop:NAIVE", "--strategy", strategy)
    assert call(*again_of(done.out)).out.splitlines()[0] == done.out.splitlines()[0]


@pytest.mark.usefixtures("shop")
def test_who_returned_nothing_is_counted(shop: Path, call: Call) -> None:
    shop.write_text(shop.read_text("utf-8").replace("    return len(entries)\n", ""), "utf-8")
    assert "3 agents returned nothing." in call("run", "shop:NAIVE").out


@pytest.mark.usefixtures("shop")
def test_what_a_run_needs_besides_is_in_the_line_that_shows_it_again(call: Call) -> None:
    words = ("--setup", "shop:start", "--check", "shop:both_there", "--agents", "1")
    done = call("run", "shop:locked", *words)
    assert again_of(done.out)[2:] == ["shop:locked", *words[:4]]
    assert call(*again_of(done.out)).code == done.code == 0


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "code"),
    [(["NAIVE"], 0), (["NAIVE", "--strategy", "round_robin"], 1), (["ODD"], 0)],
)
def test_a_run_as_data_is_told_by_report_as_run_tells_it(
    words: list[str], code: int, shop: Path, call: Call
) -> None:
    shop.write_text(shop.read_text("utf-8") + ODD, "utf-8")
    name, *more = words
    plain, data = (call("run", f"shop:{name}", *each, *more) for each in ([], ["--json"]))
    assert (plain.code, data.code, data.err) == (code, code, "")
    Path("run.json").write_text(data.out, "utf-8")
    told = call("report", "run.json")
    assert told == Done(code, f"{plain.out}        {BESIDE}\n", "")


@pytest.mark.usefixtures("shop")
def test_a_machine_finds_in_a_run_what_it_looks_for(call: Call) -> None:
    page = json.loads(call("run", "shop:NAIVE", "--strategy", "round_robin", "--json").out)
    assert (page["pileup_report"], page.keys()) == (1, {"pileup_report", "run"})
    run = page["run"]
    assert (run["name"], run["clean"]) == ("shop:NAIVE", False)
    assert [each["kind"] for each in run["findings"]] == ["lost_write"]
    assert run["results"] == {f"add_entry-{number}": 0 for number in range(3)}
    assert pileup.replay(run["token"], named("shop:NAIVE")).findings


# replay ------------------------------------------------------------------------------------


def test_a_replay_as_data_is_the_run_that_was_found(saved: Path, call: Call) -> None:
    done = call("replay", str(saved), "shop:add_entry", "--json")
    assert (done.code, done.err) == (1, "")
    name, run = read_run(done.out)
    assert name == "shop:add_entry"
    assert run.token == json.loads(saved.read_text("utf-8"))["replay"]
    assert run.results == {"add_entry-0": 0, "add_entry-1": 0}
    told = call("replay", str(saved), "shop:add_entry").out
    Path("run.json").write_text(done.out, "utf-8")
    assert call("report", "run.json").out.startswith(told)


def test_a_replay_that_is_not_quite_the_same_says_so_as_data(
    saved: Path, shop: Path, start: Start
) -> None:
    text = shop.read_text("utf-8")
    shop.write_text(
        text.replace("    entries = ", "    await world.memory.get('x')\n    entries = ")
    )
    done = start("replay", str(saved), "shop:add_entry", "--json")
    assert done.code == 1
    assert not read_run(done.out).run.faithful


@pytest.mark.usefixtures("shop")
def test_what_is_no_replay_leaves_stdout_empty_as_data(call: Call) -> None:
    done = call("replay", "pileup1-00000000-x", "shop:NAIVE", "--json")
    assert (done.code, done.out) == (2, "")
    assert "damaged" in done.err


def test_a_saved_failure_a_token_and_a_file_with_one_are_the_same(saved: Path, call: Call) -> None:
    told = call("replay", str(saved), "shop:add_entry")
    assert told.code == 1
    assert told.out.startswith("pileup: this run shows 1 finding.\n\n1. lost_write")
    token = json.loads(saved.read_text("utf-8"))["replay"]
    Path("mail.txt").write_text(f'Look at this: pileup.replay("{token}", ...)!\n', "utf-8")
    for what in (token, "mail.txt"):
        assert call("replay", what, "shop:add_entry") == told


def test_a_token_is_read_from_stdin(
    saved: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = call("replay", str(saved), "shop:add_entry")
    with saved.open(encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert call("replay", "-", "shop:add_entry") == told


def test_the_token_says_how_many_agents_there_were(shop: Path, call: Call) -> None:
    words = ("--agents", "5", "--no-shrink", "--no-saved", "--faults", "lossy-acks", *FEW)
    found = call("explore", "shop:add_entry", *words)
    replay, token, name = again_of(found.out)
    assert decode(token).agents == 5
    assert call(replay, token, name).code == 1
    assert call(replay, token, "shop:NAIVE").code == 1
    assert call(replay, token, name, "--agents", "4").code == 2
    assert shop.is_file()


def test_a_saved_failure_is_followed_by_name_where_the_agents_have_changed(
    saved: Path, shop: Path, start: Start
) -> None:
    text = shop.read_text("utf-8")
    shop.write_text(
        text.replace("    entries = ", "    await world.memory.get('x')\n    entries = ")
    )
    told = start("replay", str(saved), "shop:add_entry")
    assert told.code == 1
    assert "It is not quite the run that was recorded" in told.out
    token = json.loads(saved.read_text("utf-8"))["replay"]
    gone = start("replay", token, "shop:add_entry")
    assert (gone.code, gone.out) == (3, "")
    assert "no longer fits" in gone.err


def test_without_agents_it_says_whose_run_it_is(saved: Path, call: Call) -> None:
    done = call("replay", str(saved))
    assert done.code == 2
    assert "of 'add_entry x2'" in done.err
    assert f"pileup replay {saved} MODULE:NAME" in done.err


def test_no_order_in_somebody_elses_token_reaches_the_terminal(saved: Path, call: Call) -> None:
    ticket = decode(json.loads(saved.read_text("utf-8"))["replay"])
    token = encode(replace(ticket, program="\x1b]0;mine\x07"))
    for more in ([], ["shop:add_entry"]):
        done = call("replay", token, *more)
        assert done.code == 2
        assert r"\x1b]0;mine\x07" in done.err
        assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("tests/test_a.py::test_b", "tests/test_a.py::test_b"),
        ("tests/test_a.py::TestB::test_c[a: 1]", "'tests/test_a.py::TestB::test_c[a: 1]'"),
        ("test_a.py::t[$(reboot)]", "'test_a.py::t[$(reboot)]'"),
    ],
)
def test_a_token_of_a_test_is_given_back_to_the_test(
    title: str, shown: str, saved: Path, call: Call
) -> None:
    ticket = decode(json.loads(saved.read_text("utf-8"))["replay"])
    token = encode(replace(ticket, program=f"{title}: {ticket.program}"))
    for more in ([], ["shop:add_entry"]):
        done = call("replay", token, *more)
        assert done.code == 2
        assert f"\n    pytest {shown} --pileup-replay={token}\n" in done.err


def test_a_named_scenario_is_no_test(shop: Path, call: Call) -> None:
    text = shop.read_text("utf-8").replace("add_entry, agents=3)", "add_entry, name='a: b::c.py')")
    shop.write_text(text, "utf-8")
    found = call("explore", "shop:NAIVE", "--no-saved", *FEW)
    assert call(*again_of(found.out)).code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing here", "no replay token in mail.txt"),
        ("pileup1-00000000-abc", "damaged"),
        ("pileup1-00000000-abc pileup1-00000001-abc", "2 replay tokens"),
        ("\x00\xff", "no replay token"),
    ],
)
def test_a_file_without_one_token_is_refused(text: str, said: str, shop: Path, call: Call) -> None:
    (shop.parent / "mail.txt").write_bytes(text.encode("latin-1"))
    done = call("replay", "mail.txt", "shop:NAIVE")
    assert done.code == 2
    assert said in done.err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("what", ["nothing.txt", ".", "nul\0l", "x.json"])
def test_what_is_no_file_is_refused(what: str, call: Call) -> None:
    assert call("replay", what, "shop:NAIVE").code == 2
