"""How a run is seen again from where it was told: by a command that can be pasted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pileup.cli.tokens import test_of
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup import Exploration
    from pileup.reports.recipe import Recipe

TARGET: Final = re.compile(r"[\w./\\ -]+:[\w.]+")
BESIDE: Final = "with the --setup, --check and --allow-real that were given, if any were"


class Command(NamedTuple):
    """`pileup replay` of whatever was run, with what a token cannot hold."""

    given: tuple[str, ...]

    @classmethod
    def to_replay(
        cls,
        target: str,
        conditions: dict[str, Any],  # Any: each option has its own type
    ) -> Command:
        """Repeat what was named, and given beside it."""
        return cls((target, *_as_given(conditions)))

    def by_token(self) -> Recipe:
        """Name a run by its token, which holds wherever it is read."""
        from pileup.reports.recipe import Recipe

        return Recipe(self._line)

    def by_file(self, found: Exploration, folder: str) -> Recipe:
        """Name a run by the file that it was saved in, which is shorter, where there is one."""
        from pileup.reports.recipe import Recipe

        files = dict(_saved(found, Path(folder)))
        return Recipe(lambda token: self._line(files.get(token, token)))

    def _line(self, what: str) -> str:
        return shlex.join(["pileup", "replay", what, *self.given])


def recipe_for(name: str) -> Recipe:
    """Say how runs are seen again of which a report says no more than what was explored."""
    from pileup.reports.recipe import IN_PYTHON, Recipe

    test = test_of(name)
    if test is not None:
        return Recipe(lambda token: shlex.join(["pytest", test, f"--pileup-replay={token}"]))
    if TARGET.fullmatch(name) is None:
        return IN_PYTHON
    return Recipe(lambda token: shlex.join(["pileup", "replay", token, name]), BESIDE)


def _as_given(conditions: dict[str, Any]) -> Iterator[str]:
    """Repeat what replay has to be told again, because a token cannot hold it."""
    for name in ("setup", "check"):
        if conditions[name] is not None:
            yield from (f"--{name}", conditions[name])
    for what in conditions["allow_real"]:
        yield from ("--allow-real", what)


def _saved(found: Exploration, folder: Path) -> Iterator[tuple[str, str]]:
    """Find the files that findings were saved in, by the tokens in them."""
    from pileup.search.keeping.saved import load

    for finding in found.findings:
        for file in sorted(folder.glob(f"*-{finding.fingerprint}.json")):
            with suppress(UsageError):  # another program's, or what somebody else has put there
                yield load(file).token, str(file)
