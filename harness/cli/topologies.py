"""The comparison of topologies: run, shown, kept, and looked up again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pileup.cli.exits import CLEAN, FINDINGS
from pileup.cli.extras import expect_extra
from pileup.cli.named import module, named
from pileup.cli.options import SAVED
from pileup.cli.progress import watching
from pileup.cli.reporting import expect_folder
from pileup.cli.screen import Screen
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup import Scenario
    from pileup.comparison.terms import Contender, Terms
    from pileup.reports.comparison import Comparison
    from pileup.scenarios.topology import Topology

STORMS: Final = 20
"""So many that all of it takes less than two minutes on two cores."""

STORMS_OF_OWN: Final = 100
"""So many for three topologies alone."""

FOR_A_DAY: Final = 6
FOR_AN_OUTAGE: Final = 20
"""There is a day, and an outage, for so many storms; of days two at least, to see how they vary."""

KEPT: Final = "comparison.json"
BESIDE: Final = ("single agent", "supervisor")
"""What a topology of the user's own is compared with."""

WIDEST: Final = 100
LEAST: Final = 60
CONTROLS: Final = ("naive", "hardened", "without ", "only ")


# What is compared ----------------------------------------------------------------------------


def terms_of(places: dict[str, str], storms: int | None, seed: int, *, controls: bool) -> Terms:
    """Say what to run: all that comes with pileup, or the user's own beside two of it."""
    from pileup.comparison.terms import Contender
    from pileup.comparison.whole import usual_terms

    expect_extra()
    if storms is not None and storms < 1:
        raise UsageError(f"`runs` must be a whole number from 1 up; {storms} was given.")
    usual = usual_terms(seed)
    if not places:
        return _varied(usual, storms or STORMS, usual.controls if controls else ())
    own = (Contender(name, place) for name, place in places.items())
    beside = (Contender(name) for name in BESIDE if name not in places)
    return _varied(usual, storms or STORMS_OF_OWN, (), (*beside, *own))


def _varied(
    usual: Terms, storms: int, controls: tuple[str, ...], those: tuple[Contender, ...] = ()
) -> Terms:
    from dataclasses import replace

    return replace(
        usual,
        contenders=those or usual.contenders,
        controls=controls,
        storms=storms,
        days=max(2, min(usual.days, storms // FOR_A_DAY)),
        outages=max(1, min(usual.outages, storms // FOR_AN_OUTAGE)),
        articles=usual.articles and not those,
    )


def own_topology(path: str) -> tuple[Topology, str, str] | None:
    """Return a topology that is named, where every process finds it, and its name; else None."""
    if ":" not in path:
        return None
    from pileup.scenarios.topology import Topology

    thing = named(path)
    if not isinstance(thing, Topology):
        return None
    _expect_plain(thing)
    place, _, name = path.rpartition(":")
    return thing, f"{module(place).__name__}:{name}", path


def _expect_plain(thing: Topology) -> None:
    """Refuse a name from which none of its own could be told, once it stands in a table."""
    from pileup.scenarios.catalogue import HOMES

    if not thing.name or any(sign in thing.name for sign in ",/"):
        raise UsageError(
            f"A topology called {thing.name!r} cannot be compared, because cells are called "
            "TOPOLOGY/CONTROLS/WHAT. Give it a name without commas and slashes."
        )
    if thing.name in HOMES and not thing.handle.__module__.startswith("pileup."):
        raise UsageError(
            f"There is a topology called {thing.name!r} already, which comes with pileup. Give "
            "yours another name."
        )


# Running it ----------------------------------------------------------------------------------


def run(screen: Screen, terms: Terms, workers: int | None) -> Comparison:
    """Run all of it, and keep what came of it."""
    if workers is not None and workers < 1:
        raise UsageError(f"`workers` must be a whole number from 1 up; {workers} was given.")
    from pileup.comparison.whole import compare
    from pileup.search.accounts.progress import Progress

    with watching(screen, "topologies", in_parts=True) as watch:
        found = compare(
            terms,
            workers=workers or os.cpu_count() or 1,
            watch=lambda done, of: watch(Progress(done, of, 0)),
        )
    _keep(found)
    return found


def told(found: Comparison, places: dict[str, str]) -> str:
    """Write it for a terminal of this width."""
    from pileup.reports.comparison_text import render

    columns = shutil.get_terminal_size((WIDEST, 0)).columns
    text = render(found, max(LEAST, min(WIDEST, columns)), places)
    return f"{text}\n\nEvery figure with its interval and its token: {_kept()}"


def tell(screen: Screen, found: Comparison, output: str | None) -> int:
    """Tell what somebody has kept, or write it as a file's name says."""
    if output is None:
        screen.tell(told(found, {}))
    else:
        expect_folder("-o", Path(output))
        write(output, found, {})
        screen.remark(f"Written to {output}.")
    return code_of(found)


def write(path: str | None, found: Comparison, places: dict[str, str]) -> None:
    """Write it, if somebody wants it, as the file's name says."""
    if path is not None:
        from pileup.reports.comparison_writing import write

        write(Path(path), found, places)


def code_of(found: Comparison) -> int:
    """Say by a number whether controls have held: the naive, and anti-patterns, are to fail."""
    return FINDINGS if found.failing else CLEAN


# Seeing it again -----------------------------------------------------------------------------


def _kept() -> Path:
    return Path(SAVED) / KEPT


def _keep(found: Comparison) -> None:
    from pileup.reports.comparison_data import write

    path = _kept()
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{write(found)}\n", "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).") from None


def is_cell(what: str) -> bool:
    """Whether something is called as cells of a comparison are."""
    parts = what.split("/")
    if len(parts) != 3 or Path(what).exists():  # noqa: PLR2004 - TOPOLOGY/CONTROLS/WHAT
        return False
    return parts[1].lower().startswith((*CONTROLS, "claim"))


def token_of(what: str) -> str:
    """Look up the run that shows a cell."""
    from pileup.reports.comparison_data import read, token_at

    try:
        text = _kept().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{what!r} is looked up in {_kept()}, which cannot be read here ({error}). "
            "`pileup compare` writes it to the folder that you stand in."
        ) from None
    return token_at(read(text), what)


def scenario_of(program: str, target: str | None) -> Scenario | None:
    """Return what a token of the comparison was recorded with; None for any other program."""
    program = program.partition(": ")[0]  # what follows says how many instances there were
    own = None if target is None else own_topology(target)
    if not _is_told_so(program) or (target is not None and own is None):
        return None
    expect_extra()
    from pileup.scenarios.catalogue import HOMES, scenario_named, topology

    if own is not None:
        _expect_same(program, own[0].name)
        return scenario_named(program, [own[0]])
    try:
        return scenario_named(program, map(topology, HOMES))
    except UsageError:
        return None  # a topology of somebody's own, who has to say where it is


def _is_told_so(program: str) -> bool:
    """Whether a program has a name like `supervisor, without gates, storm`."""
    rest = program.partition(", ")[2]
    return rest.startswith(CONTROLS) and ", " in rest


def _expect_same(program: str, name: str) -> None:
    which = program.partition(", ")[0]
    if name != which:
        raise UsageError(f"This token is of the topology {which!r}, and {name!r} is named beside.")
