"""A client that does to files what it is told, and says what came of it.

Run as a program it is a real process, told by lines of JSON; in a test it is
an agent of a run. Both do the same.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sys
from typing import Any


class Client:
    """One process with its open files, by the names that a script gives them."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.files: dict[str, int] = {}

    def do(self, verb: str, name: str, *args: Any) -> Any:
        """Take one step; an error is told by its name."""
        try:
            return getattr(self, verb)(name, *args)
        except OSError as error:
            return errno.errorcode[error.errno or 0]

    def begin(self, place: str) -> None:
        """Let go of everything, and go on in another place."""
        for name in [*self.files]:
            self.close(name)
        self.place = place

    def open(self, name: str, path: str, flags: int) -> None:
        self.close(name)
        self.files[name] = os.open(f"{self.place}/{path}", flags | os.O_CREAT, 0o644)

    def close(self, name: str) -> None:
        if name in self.files:
            os.close(self.files.pop(name))

    def lockf(self, name: str, how: int, length: int, start: int) -> Any:
        if name in self.files:
            return fcntl.lockf(self.files[name], how, length, start)
        return None

    def flock(self, name: str, how: int) -> Any:
        return fcntl.flock(self.files[name], how) if name in self.files else None

    def write(self, name: str, text: str) -> Any:
        return os.write(self.files[name], text.encode()) if name in self.files else None

    def read(self, name: str) -> Any:
        return os.pread(self.files[name], 99, 0).decode() if name in self.files else None


def main() -> None:
    """Serve script after script."""
    client = Client("")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(client.do(*json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
