"""`pileup report --compare`: what two reports differ in by more than chance."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pileup.cli.exits import CLEAN, FINDINGS
from pileup.cli.recipes import recipe_for
from pileup.cli.report_files import text_of
from pileup.cli.screen import Screen
from pileup.cli.topologies import LEAST, WIDEST
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.reports.differences.model import Difference, Differences
    from pileup.reports.differences.text import Again
    from pileup.reports.writing import Asked

    Gather = Callable[[Path], Iterable[Asked]]


def differ(
    screen: Screen, before: str, after: str, output: str | None, gather: Gather, *, as_json: bool
) -> int:
    """Tell what is new, worse, fixed and better; the exit code says whether anything is worse."""
    if output is not None:
        raise UsageError("-o is for a single report. Differences are printed: write `> FILE`.")
    from pileup.reports.differences import data, text

    found, again = _compared(Path(before), Path(after), gather)
    if as_json:
        screen.tell_data(data.write(found))
    else:
        columns = shutil.get_terminal_size((WIDEST, 0)).columns
        screen.tell(text.render(found, again, max(LEAST, min(WIDEST, columns))))
    return FINDINGS if found.is_worse else CLEAN


def _compared(before: Path, after: Path, gather: Gather) -> tuple[Differences, Again]:
    """Compare two files, or all reports of two folders; say how to see a difference, too."""
    from pileup.reports.differences.reading import compare, compare_told, is_comparison

    if before.is_dir() or after.is_dir():
        return compare_told([*gather(before)], [*gather(after)]), _finding
    old, new = text_of(before), text_of(after)
    return compare(old, new), _cell if is_comparison(new) else _finding


def _finding(each: Difference) -> str:
    return recipe_for(each.program).line(each.token) if each.token else ""


def _cell(each: Difference) -> str:
    name = shlex.join(["pileup", "replay", f"{each.program}/{each.what}"])
    return f"{name} (where .pileup/comparison.json is the new one)" if each.token else ""
