"""Examples in a Markdown page: taken out of it, run, and compared with the text that it shows.

An example is a ```python block with `<!-- example: name -->` on the line above.
The ```text blocks that follow it, up to the next example, are what a reader
sees when it is run; `…` in them stands for what was left out.
"""

from __future__ import annotations

import io
import re
import sys
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

MARK = re.compile(r"<!-- example: ([a-z0-9-]+) -->")
FENCE = "```"


@dataclass(frozen=True)
class Example:
    """One example of a page. `module` is the name under which it is run."""

    name: str
    code: str
    shown: tuple[str, ...]

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    def write(self, folder: Path) -> Path:
        """Save the code as a file."""
        path = folder / f"{self.module}.py"
        path.write_text(self.code, "utf-8")
        return path


@dataclass(frozen=True)
class Outcome:
    """What an example printed, and what it raised if it did."""

    printed: str
    error: Exception | None

    @property
    def terminal(self) -> str:
        """What a terminal shows, but for the traceback's frames."""
        last = traceback.format_exception_only(self.error) if self.error is not None else []
        return self.printed + "".join(last)


def examples(page: Path) -> dict[str, Example]:
    """Take all examples out of a page, by name; every ```python block must be one."""
    found: dict[str, Example] = {}
    for name, kind, text in _blocks(page.read_text("utf-8").splitlines()):
        if kind == "python":
            assert name not in ("", *found), f"a ```python block needs a name of its own: {text}"
            found[name] = Example(name, text, ())
        elif kind == "text" and name:
            before = found[name]
            found[name] = Example(name, before.code, (*before.shown, text))
    return found


def _blocks(lines: list[str]) -> list[tuple[str, str, str]]:
    """Find the fenced blocks, each with the name of the example that it belongs to."""
    blocks: list[tuple[str, str, str]] = []
    name, start, taken = "", None, True
    for number, line in enumerate(lines):
        if start is None and (mark := MARK.fullmatch(line)):
            name, taken = mark.group(1), False
        elif line.startswith(FENCE) and start is None:
            start = number
        elif line == FENCE and start is not None:
            kind = lines[start].removeprefix(FENCE)
            own = "" if kind == "python" and taken else name
            taken = taken or kind == "python"
            blocks.append((own, kind, "\n".join(lines[start + 1 : number]) + "\n"))
            start = None
    return blocks


def run(example: Example, folder: Path) -> Outcome:
    """Run an example as a module of its own in this process."""
    path = example.write(folder)
    module = ModuleType(example.module)
    module.__file__ = str(path)
    outer = sys.modules.get(example.module)
    sys.modules[example.module] = module
    error: Exception | None = None
    with redirect_stdout(io.StringIO()) as printed:
        try:
            exec(compile(example.code, str(path), "exec"), vars(module))
        except Exception as raised:  # noqa: BLE001 - what it raises is the point
            error = raised
        finally:
            sys.modules.pop(example.module)
            if outer is not None:
                sys.modules[example.module] = outer
    return Outcome(printed.getvalue(), error)


def resembles(shown: str, said: str) -> bool:
    """Whether `said` is what is shown: `…` is any text in a line, and any lines on its own."""
    lines = [_pattern(line.rstrip()) for line in shown.rstrip().splitlines()]
    tidy = "".join(f"{line.rstrip()}\n" for line in said.rstrip().splitlines())
    return re.fullmatch("".join(lines), tidy) is not None


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*"
    return re.escape(line).replace("…", ".*") + r"\n"
