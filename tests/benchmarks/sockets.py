"""What an HTTP client takes of its own: processor time, against a server that answers at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time

SERVER = r"""
import socketserver

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{"n":1}'

class Answers(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(65536):
            self.request.sendall(ANSWER)

class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

with Server(("127.0.0.1", 0), Answers) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
"""


@contextmanager
def server() -> Iterator[str]:
    """Run the server in a process of its own, so that its time is not the client's."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def own_seconds(call: Callable[[], object], times: int, rounds: int) -> float:
    """How much processor time a call takes in this process; the best of some rounds."""
    call()
    taken = []
    for _ in range(rounds):
        start = process_time()
        for _ in range(times):
            call()
        taken.append((process_time() - start) / times)
    return min(taken)
