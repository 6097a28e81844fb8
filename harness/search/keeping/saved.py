"""Saved failures: a folder with one small text file for each distinct finding of a program.

A file is written as soon as its finding has been proved, and tried first the
next time. Files come from other machines as well (a colleague, the artifacts
of a CI job), so nothing in one is believed: sizes are looked at before
anything is read, every field has its type checked, a link is not followed, and
the tape is held in a replay token, which runs nothing when it is opened.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from pileup.errors import BadToken, NotSaved, UsageError
from pileup.findings import Finding
from pileup.search.keeping.spell import spell_tape
from pileup.tokens import Ticket, decode

FORMAT: Final = 1
LARGEST: Final = 5_000_000
"""Bytes: the longest token fits in."""

MOST_FILES: Final = 1_000
MOST_LINES: Final = 200
LONGEST: Final = 2_000
SLUG: Final = 40
FINGERPRINT: Final = re.compile(r"[0-9a-f]{12}")

README: Final = """\
Failures that pileup has found and saved, one a file. The next exploration of the same
agents tries them first and says which are FIXED and which are STILL FAILING.

They are plain text: commit them, or take them from one machine to another. What agents
have read and written can stand in them, so look before you publish them. A file that you
delete is forgotten.
"""


@dataclass(frozen=True)
class Failure:
    """One saved failure; `ticket` is what its token holds."""

    path: Path
    program: str
    kind: str
    fingerprint: str
    title: str
    token: str
    ticket: Ticket

    def __str__(self) -> str:
        return f"{self.kind}: {self.title}"


class Shelf:
    """A folder of saved failures; `warnings` tells which files of it could not be used."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.warnings: list[str] = []

    def keep(self, program: str, finding: Finding) -> Path:
        """Save a finding that was proved; one that is there already is replaced."""
        if not finding.replay:
            raise UsageError(
                f"The finding {finding.title!r} has no replay token, so it cannot be saved. Save "
                "what pileup.explore returned: its findings have been seen twice."
            )
        path = self.folder / f"{_stem(program)}-{_slug(finding.kind)}-{finding.fingerprint}.json"
        try:
            self._make()
            _write(path, json.dumps(_page(program, finding), indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise self._refusal(error) from None
        return path

    def failures(self, program: str) -> list[Failure]:
        """Return what is saved of a program, in order of names; afterwards see `warnings`."""
        self.warnings = []
        found: list[Failure] = []
        for path in self._files(program):
            try:
                found.append(_load(path, program))
            except FileNotFoundError:
                continue  # another process has just found it fixed
            except (OSError, ValueError, RecursionError, BadToken) as error:
                told = str(error).partition(". ")[0].rstrip(".")
                self.warnings.append(f"The saved failure {_clean(str(path))} is not used: {told}.")
        return found

    def drop(self, failure: Failure) -> None:
        """Forget a failure; it is no matter if another process was faster."""
        failure.path.unlink(missing_ok=True)

    def expect_folder(self) -> None:
        """Refuse what cannot be a folder, before anything runs."""
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "it is a file", str(self.folder))
        except OSError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: OSError) -> NotSaved:
        return NotSaved(
            f"saved={str(self.folder)!r} cannot be written to ({error.strerror or error}). Give a "
            'folder that is yours to write, or one that can be made, as in saved=".pileup".'
        )

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), (self.folder / "README.txt").open("x", -1, "utf-8") as file:
            file.write(README)

    def _files(self, program: str) -> Iterator[Path]:
        """Find the files whose names say that they are of a program."""
        start = f"{_stem(program)}-"
        try:
            names = sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            self.warnings.append(f"The folder {self.folder} cannot be read: {error.strerror}.")
            return
        ours = [name for name in names if name.startswith(start) and name.endswith(".json")]
        if len(ours) > MOST_FILES:
            self.warnings.append(
                f"The folder {self.folder} holds {len(ours):,} failures of this program; the first "
                f"{MOST_FILES:,} are tried."
            )
        yield from (self.folder / name for name in ours[:MOST_FILES])


def _stem(program: str) -> str:
    """Begin a file's name: readable, the same everywhere, and no path whatever agents are called.

    The digest tells programs apart whose names differ in what no file's name can show.
    """
    mark = blake2b(program.encode("utf-8", "backslashreplace"), digest_size=4).hexdigest()
    return f"{_slug(program)}-{mark}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:SLUG] or "agents"


def _page(program: str, finding: Finding) -> dict[str, object]:
    order = spell_tape(decode(finding.replay).tape).splitlines()
    more = [f"# and {len(order) - MOST_LINES} more"] if len(order) > MOST_LINES else []
    return {
        "pileup_saved": FORMAT,
        "program": program,
        "kind": finding.kind,
        "fingerprint": finding.fingerprint,
        "title": finding.title[:LONGEST],
        "explanation": finding.explanation[:LONGEST].splitlines(),
        "choices": [*order[:MOST_LINES], *more],
        "replay": finding.replay,
    }


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, whoever else writes it at the same time."""
    handle, name = tempfile.mkstemp(suffix=".tmp", prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException as error:
        with suppress(OSError):
            Path(name).unlink()
        # Windows refuses to replace what somebody reads: then it is there, which is what matters.
        if not isinstance(error, PermissionError) or not path.is_file():
            raise


def load(path: Path) -> Failure:
    """Read one saved failure, whatever program it is of."""
    try:
        return _load(path, None)
    except (OSError, ValueError, RecursionError, BadToken) as error:
        told = str(error).partition(". ")[0].rstrip(".")
        raise UsageError(f"{path} is no saved failure: {told}.") from None


def _load(path: Path, expected: str | None) -> Failure:
    """Read one file, believing nothing."""
    page = json.loads(_read(path))
    if not isinstance(page, dict) or page.get("pileup_saved") != FORMAT:
        raise ValueError(f"it is not of format {FORMAT}, which this version of pileup writes")
    kind, fingerprint, title, token = (
        _text(page, name) for name in ("kind", "fingerprint", "title", "replay")
    )
    program = _text(page, "program")
    if program != (program if expected is None else expected):
        raise ValueError("it is of other agents than its name says")
    if FINGERPRINT.fullmatch(fingerprint) is None:
        raise ValueError("its fingerprint is none")
    return Failure(
        path, program, _clean(kind), fingerprint, _clean(title)[:LONGEST], token, decode(token)
    )


def _read(path: Path) -> str:
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise ValueError("it is a link or no file")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not text") from None


def _text(page: dict[str, Any], name: str) -> str:  # Any: JSON, looked at here
    value = page.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is missing or no text")  # noqa: TRY004 - of the file, not of ours
    return value


def _clean(text: str) -> str:
    """Make a text from elsewhere safe to print: one line, and no terminal takes orders from it."""
    return "".join(each if each.isprintable() else " " for each in text)
