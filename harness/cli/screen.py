"""Where commands write: text for people on stdout, what goes on beside it on stderr.

Names and values of agents come from anywhere, so no terminal takes orders from them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import TextIO

import click

from pileup.cli.colours import coloured
from pileup.reports.plain import plain


@dataclass
class Screen:
    """Writes, in colours where somebody sees them."""

    color: bool | None = None
    """Whether to use colours; None finds out."""
    traceback: bool = False
    quiet: bool = False

    def tell(self, text: object) -> None:
        """Write what was asked for."""
        said = plain(str(text))
        _write(coloured(said) if self._is_colourful(sys.stdout) else said, sys.stdout)

    def tell_data(self, text: str) -> None:
        """Write what programs read."""
        _write(text, sys.stdout)

    def remark(self, text: str) -> None:
        """Say by the way what helps a person."""
        if not self.quiet:
            self.complain(text)

    def complain(self, text: str) -> None:
        """Say what went wrong."""
        _write(plain(text), sys.stderr)

    def is_watched(self) -> bool:
        """Whether somebody sits before the terminal and wants to know how it goes."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def _is_colourful(self, stream: TextIO) -> bool:
        if self.color is not None:
            return self.color
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return stream.isatty()


@contextmanager
def aside(is_data: bool) -> Iterator[None]:
    """Lead what agents print to stderr where stdout is for data, which somebody has to parse."""
    if not is_data:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def _write(text: str, stream: TextIO) -> None:
    """Write a line, in what letters the stream has, even if nobody reads any more."""
    encoding = stream.encoding or "utf-8"
    said = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        click.echo(said, file=stream, color=True)
        stream.flush()
    except BrokenPipeError:
        _be_silent(stream)


def _be_silent(stream: TextIO) -> None:
    """Lead to nowhere what nobody reads, because Python writes the rest when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
