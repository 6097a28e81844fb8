"""`pileup explore`, `run` and `replay`, on a shop with a race in it."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import Call, Done, Start

import pileup
from pileup.cli.named import named
from pileup.reports.data import read
from pileup.tokens import decode, encode

FEW = ("--runs", "40")


@pytest.fixture
def saved(shop: Path, call: Call) -> Path:
    """Find the race, and return the file that it was saved in."""
    assert call("explore", "shop:add_entry", *FEW).code == 1
    (file,) = (shop.parent / ".pileup").glob("*.json")
    return file.relative_to(shop.parent)


def explored(name: str, **given: object) -> str:
    """Tell what `pileup.explore` tells."""
    return f"{pileup.explore(named(name), **given)}\n"  # type: ignore[arg-type] # by name


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
    assert done.out == explored("shop:add_entry", runs=40, **given)


@pytest.mark.usefixtures("shop")
def test_setup_and_check_are_named_like_agents(call: Call) -> None:
    words = ("--setup", "shop:start", "--check", "shop:both_there")
    done = call("explore", "shop:add_entry", "--no-saved", *FEW, *words)
    given = {"setup": named("shop:start"), "check": named("shop:both_there")}
    assert done.out == explored("shop:add_entry", runs=40, **given)
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
    assert done.out == f"{pileup.explore(varied, runs=40)}\n"


def test_failures_are_saved_and_tried_first(saved: Path, call: Call) -> None:
    again = call("explore", "shop:add_entry", *FEW)
    assert again.out.startswith("STILL FAILING: lost_write")
    assert saved.is_file()


def test_without_saving_no_folder_is_made(shop: Path, call: Call) -> None:
    assert call("explore", "shop:add_entry", "--no-saved", *FEW).code == 1
    assert not (shop.parent / ".pileup").exists()


@pytest.mark.usefixtures("shop")
def test_the_remark_on_stderr_is_a_command_that_shows_it_again(call: Call) -> None:
    found = call("explore", "shop.py:add_entry", "--check", "shop:both_there", *FEW)
    line = found.err.strip().removeprefix("To see it again:  pileup ")
    assert line.endswith("shop.py:add_entry --check shop:both_there")
    again = call(*shlex.split(line))
    assert again.code == 1
    assert "1. lost_write (critical)" in again.out


def test_the_remark_is_of_the_very_failure_though_others_look_alike(
    saved: Path, call: Call
) -> None:
    twin = saved.with_name(saved.name.replace("add_entry", "a"))
    twin.write_text(saved.read_text("utf-8").replace("pileup1-", "pileup1-x"), "utf-8")
    assert f"pileup replay {saved} shop:add_entry\n" in call("explore", "shop:add_entry", *FEW).err


@pytest.mark.usefixtures("shop")
def test_quiet_leaves_nothing_but_the_result(call: Call) -> None:
    assert call("explore", "shop:add_entry", "--quiet", *FEW).err == ""


@pytest.mark.usefixtures("shop")
def test_json_is_all_that_stdout_holds_whatever_agents_print(shop: Path, start: Start) -> None:
    text = shop.read_text("utf-8").replace(
        "    entries = await", '    print("hello")\n    entries = await'
    )
    shop.write_text(text, "utf-8")
    done = start("explore", "shop:NAIVE", "--json", *FEW)
    assert done.code == 1
    (told,) = read(done.out)
    assert told.name == "shop:NAIVE"
    assert [finding.kind for finding in told.exploration.findings] == ["lost_write"]
    assert "hello" in done.err


@pytest.mark.parametrize("name", ["found.json", "found.txt"])
def test_a_report_is_written_as_its_name_says(name: str, shop: Path, call: Call) -> None:
    done = call("explore", "shop:NAIVE", "--no-saved", "--report", name, *FEW)
    text = (shop.parent / name).read_text("utf-8")
    if name.endswith(".txt"):
        assert text == done.out
    else:
        assert json.loads(text)["pileup_report"] == 1
        assert call("report", name) == Done(1, done.out, "")


@pytest.mark.usefixtures("shop")
def test_what_was_begun_goes_on_where_it_ended(call: Call) -> None:
    resume = ("--no-saved", "--resume", "shop.jsonl")
    assert call("explore", "shop:HARDENED", *resume, "--runs", "30").code == 0
    more = call("explore", "shop:HARDENED", *resume, "--runs", "60")
    assert more.out == explored("shop:HARDENED", runs=60)


# run ---------------------------------------------------------------------------------------


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
    token = done.out.rpartition('pileup.replay("')[2].partition('"')[0]
    assert call("replay", token, "shop:NAIVE").out.splitlines()[0] == done.out.splitlines()[0]


@pytest.mark.usefixtures("shop")
def test_who_returned_nothing_is_counted(shop: Path, call: Call) -> None:
    shop.write_text(shop.read_text("utf-8").replace("    return len(entries)\n", ""), "utf-8")
    assert "3 agents returned nothing." in call("run", "shop:NAIVE").out


# replay ------------------------------------------------------------------------------------


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
    token = found.out.rpartition('replay("')[2].partition('"')[0]
    assert decode(token).agents == 5
    assert call("replay", token, "shop:add_entry").code == 1
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
    token = found.out.rpartition('replay("')[2].partition('"')[0]
    assert call("replay", token, "shop:NAIVE").code == 1


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
