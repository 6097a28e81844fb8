"""The runtimes by name, each imported only when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Final, Protocol

from pileup.errors import UsageError
from pileup.sim.kernel import Sim

RUNTIMES: Final = {
    "native": ("pileup.sim.native", "NativeRuntime"),
    "trio": ("pileup.sim.on_trio", "TrioRuntime"),
    "asyncio": ("pileup.sim.on_asyncio", "AsyncioRuntime"),
}


class Runtime(Protocol):
    """Drives the agents of one run after another; nothing is left over between them."""

    @property
    def name(self) -> str:
        """Which loop it is."""

    def run(self, sim: Sim) -> None:
        """Run all agents until they have ended or the run has."""

    def close(self) -> None:
        """Let the loop go."""


def make_runtime(name: str) -> Runtime:
    """Return a runtime by name."""
    if name not in RUNTIMES:
        raise UsageError(
            f"There is no backend {name!r}; there are {', '.join(RUNTIMES)}. "
            "Leave `backend` out to let pileup find the right one."
        )
    module, kind = RUNTIMES[name]
    runtime: Runtime = getattr(import_module(module), kind)()
    return runtime
