"""Every exception pileup raises, in four families that are never mixed.

* `UsageError`: the user's mistake. The message says what happened, why
  probably, and what to write instead.
* `HarnessError`: the run cannot be trusted (a tape that does not fit, a
  program that is not deterministic, a loop that is blocked).
* `ControlFlow`: how the kernel talks to agents. These derive from
  `BaseException`, because an agent's `except Exception` must not eat them.
* `InternalError`: our own bug; please report it.
"""

from __future__ import annotations


class PileupError(Exception):
    """Base of all that a user may want to catch."""


class UsageError(PileupError):
    """Something was asked for in a way that cannot work; the message says what to write."""


class NotSaved(UsageError):
    """A failure was found, and the folder that it was to be kept in cannot be written to."""


class BadToken(UsageError):
    """A replay token that cannot be read: damaged, truncated or not one of ours."""


class WrongBackend(UsageError):
    """An agent awaited something that belongs to another event loop."""


class RealWorldTouched(UsageError):
    """An agent reached past the fakes: a socket, a process, a thread, a database."""


class HarnessError(PileupError):
    """The run is not to be trusted, for the reason given."""


class Diverged(HarnessError):
    """A tape does not fit the program it is replayed on."""


class NotDeterministic(HarnessError):
    """The same choices led to two different histories."""


class LoopBlocked(HarnessError):
    """An agent held the only thread for too long without reaching an operation."""


class InternalError(PileupError):
    """A promise that pileup makes to itself is broken."""


class Unacknowledged(Exception):
    """Raised by an operation whose effect took place although its caller is told otherwise.

    The kernel keeps the effect, records the outcome as unknown and raises
    `reason` in the agent: the lost acknowledgement behind most duplicates.
    """

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Crashed(Exception):
    """A sub-agent that somebody waited for has crashed, as the fault plan wanted."""


class ControlFlow(BaseException):
    """How the kernel talks to agents; never seen by an `except Exception`."""


class RunOver(ControlFlow):
    """The run has ended; an agent that is still alive unwinds."""


class Cancelled(ControlFlow):
    """The fault plan cancelled this agent, and no event loop is there to say so."""


class Expired(ControlFlow):
    """A `pileup.timeout` around this agent ran out; its scope turns this into TimeoutError."""


class NeedsToBlock(ControlFlow):
    """Sync code in an async agent called for an operation; the run starts over prepared for it."""


class NeedsLoop(ControlFlow):
    """A native run met an await of an event loop's; the run starts over under that loop."""

    def __init__(self, backend: str) -> None:
        super().__init__(f"this agent awaits {backend}, so it needs {backend}'s event loop")
        self.backend = backend
