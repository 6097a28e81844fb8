"""A campaign's diary: what has been played so far, line by line, so that it can go on later.

The first line says what it is the diary of; each that follows is a portion.
Lines are only ever added, in the order of the runs. If the last one is
damaged, because somebody pulled the plug, it is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pileup.errors import UsageError
from pileup.search.accounts.portions import Portion

FORMAT: Final = 1

Title = Mapping[str, object]
"""What a campaign is about: whatever, if it were different, would make other runs."""


class Diary:
    """A file that a campaign's portions are written to; nothing at all without a path."""

    def __init__(self, path: str | os.PathLike[str] | None, title: Title) -> None:
        self._path = None if path is None else Path(path)
        self._title = json.dumps({"pileup_campaign": FORMAT, **title})

    def read(self) -> list[Portion]:
        """Return what has been played, and get ready to write on."""
        if self._path is None:
            return []
        try:
            lines = self._path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            lines = []
        except OSError as error:
            raise self._refusal(f"it cannot be read ({error})") from None
        portions = self._portions(lines[1:]) if self._is_begun(lines) else []
        kept = [self._title, *(each.to_json() for each in portions)]
        self._replace("".join(f"{line}\n" for line in kept))
        return portions

    def write(self, portion: Portion) -> None:
        """Add a portion."""
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{portion.to_json()}\n")

    def _is_begun(self, lines: list[bytes]) -> bool:
        """Whether there is a first line; refuse what somebody else has written."""
        if not lines:
            return False
        ours = json.loads(self._title)
        try:
            theirs = json.loads(lines[0])
            known = theirs["pileup_campaign"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._refusal("it is no campaign's") from None
        if known != FORMAT:
            raise self._refusal(f"it is of format {known!r}, and this pileup writes {FORMAT}")
        for name, value in ours.items():
            if theirs.get(name) != value:
                raise self._refusal(f"{name} was {theirs.get(name)!r} there, and is {value!r} now")
        return True

    def _portions(self, lines: list[bytes]) -> list[Portion]:
        found: list[Portion] = []
        for number, line in enumerate(lines, 2):
            try:
                portion = Portion.from_json(line)
                if not line.endswith(b"\n"):
                    break
                if found and portion.begin != found[-1].end:
                    raise ValueError(f"run {found[-1].end} should come next")
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                if number > len(lines):
                    break
                raise self._refusal(f"line {number} is damaged ({error})") from None
            found.append(portion)
        return found

    def _replace(self, text: str) -> None:
        """Write the whole file anew, so that it is never seen half written."""
        assert self._path is not None
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            fresh.write_text(text, "utf-8")
            fresh.replace(self._path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise self._refusal(f"it cannot be written ({error})") from None

    def _refusal(self, why: str) -> UsageError:
        return UsageError(
            f"resume={str(self._path)!r} cannot be gone on with: {why}. Give the same agents, "
            "seed, strategy and conditions as before, or another path to begin anew."
        )
