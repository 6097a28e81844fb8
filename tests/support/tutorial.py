"""A tutorial in Markdown, followed to the letter: its files are written, its commands are typed.

What a reader does stands in three kinds of blocks:

* below `<!-- file: agents.py -->`, what to write into a file;
* below `<!-- change: agents.py -->`, functions that take the place of those of the same
  name, and imports that are added;
* ```sh, what to type into one shell; the ```text block that follows it, if there is one,
  is what the shell then shows, where `…` stands for what was left out. A command that
  shows nothing must succeed.
"""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

MARK: Final = re.compile(r"<!-- (file|change): (\S+) -->")
FENCE: Final = "```"
END: Final = "the shell has done it"
LONGEST: Final = 300.0

Kind: TypeAlias = Literal["file", "change", "command"]
Statement: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Step:
    """One thing that the reader does: `text` is a file, a part of one, or commands."""

    kind: Kind
    text: str
    path: str = ""
    shown: str | None = None


def steps(page: str) -> list[Step]:
    """Take all that the reader does out of a page, in order."""
    found: list[Step] = []
    for mark, language, text in _blocks(page.splitlines()):
        if mark is not None:
            kind: Kind = "file" if mark[1] == "file" else "change"
            found.append(Step(kind, text, mark[2]))
        elif language == "sh":
            found.append(Step("command", text))
        else:
            assert language == "text", f"nobody knows what to do with this block: {text}"
            assert found[-1].kind == "command", f"nothing shows this: {text}"
            found[-1] = replace(found[-1], shown=text)
    return found


def _blocks(lines: list[str]) -> Iterator[tuple[re.Match[str] | None, str, str]]:
    """Find the fenced blocks, each with the mark on the line above."""
    start: int | None = None
    for number, line in enumerate(lines):
        if start is None and line.startswith(FENCE):
            start = number
        elif start is not None and line == FENCE:
            mark = MARK.fullmatch(lines[start - 1])
            text = "\n".join(lines[start + 1 : number]) + "\n"
            yield mark, lines[start].removeprefix(FENCE), text
            start = None
    assert start is None, f"the block of line {start} has no end"


def changed(source: str, text: str) -> str:
    """Put functions in the place of those of the same name, and add imports at the top."""
    lines = source.splitlines()
    places = {each.name: _span(each) for each in _functions(source)}
    new = text.splitlines()
    for function in reversed(_functions(text)):
        first, last = places[function.name]
        begin, end = _span(function)
        lines[first:last] = new[begin:end]
    tree = ast.parse(text)
    imports = [ast.unparse(each) for each in tree.body if isinstance(each, ast.ImportFrom)]
    assert len(imports) + len(_functions(text)) == len(tree.body), f"not only functions: {text}"
    place = next(number for number, line in enumerate(lines) if line)
    return "\n".join([*lines[:place], *imports, *lines[place:]]) + "\n"


def _functions(source: str) -> list[Statement]:
    return [each for each in ast.parse(source).body if isinstance(each, Statement)]


def _span(function: Statement) -> tuple[int, int]:
    """Which lines it takes, with its decorators."""
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    assert function.end_lineno is not None
    return first - 1, function.end_lineno


@dataclass(frozen=True)
class Answer:
    """What a shell showed, and whether the last of the commands has succeeded."""

    said: str
    code: int


class Shell:
    """One shell in a folder, which remembers what was typed before."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["/bin/bash", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )
        self._patience = Timer(LONGEST, os.killpg, (self._process.pid, signal.SIGKILL))

    def __enter__(self) -> Self:
        self._patience.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._patience.cancel()
        self._process.communicate()

    def type(self, commands: str) -> Answer:
        """Type commands, and wait until they are done."""
        keys, screen = self._process.stdin, self._process.stdout
        assert keys is not None
        assert screen is not None
        keys.write(f'{{\n{commands}\n}} < /dev/null\necho "{END}: $?"\n')
        keys.flush()
        said: list[str] = []
        for line in screen:
            before, end, code = line.rpartition(f"{END}: ")
            said.append(before if end else line)
            if end:
                return Answer("".join(said), int(code))
        raise AssertionError(f"the shell has gone away: {''.join(said)}")


def write(step: Step, folder: Path) -> None:
    """Do what a step says of a file."""
    path = folder / step.path
    path.parent.mkdir(parents=True, exist_ok=True)
    text = step.text
    if step.kind == "change":
        text = changed(path.read_text("utf-8"), text)
    path.write_text(text, "utf-8")
