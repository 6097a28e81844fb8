"""What random sources draw during a run: all from one seed, which is on the tape.

The seed is a choice of the run's like any other, asked for at the first draw,
so that a program that draws nothing has nothing on its tape. One stream is
seeded for the `random` module, one for `os.urandom` and all that rests on it
(`secrets`, `SystemRandom`, `uuid4`, numpy's unseeded generators); unseeded
`random.Random()` objects get their seeds from the same stream. After the run
the hidden states are what they were.

Divergence from the real thing
------------------------------
* The node of `uuid1` is a fixed one.
* A generator that was made before the run and never seeded goes on from where
  it was, run after run; make it in `setup`.
* Numpy's module-level functions are seeded if numpy was imported before the
  exploration.
"""

from __future__ import annotations

import os
import random
import re
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from importlib import import_module
from typing import Any, Final, NamedTuple, TypeVar

from pileup.sim.agents import here
from pileup.sim.presence import run_here
from pileup.sim.swaps import Pair

T = TypeVar("T")

SEEDS: Final = 2**32
NODE: Final = 0x02_00_00_00_00_01
"""The network address in `uuid1`: one that is administered locally, so nobody's."""

LEAST: Final = 3
LARGEST: Final = 64
"""Of so many bytes identifiers are made; what is more is data."""

MANY: Final = 2**24
"""A number that is drawn from fewer is meant for something else."""

PART: Final = 8
HEX: Final = re.compile(r"[0-9a-f]{6,}")
"""Part of an identifier, which `uuid4` makes of random bytes but for a few of its later bits."""

_hidden = random._inst  # noqa: SLF001 - the generator whose methods the functions are
_real_seed = random.Random.seed


class _Source(NamedTuple):
    """A generator behind a module's functions: how to seed it, save its state and put it back."""

    seed: Callable[[int], object]
    save: Callable[[], Any]  # Any: each has a state of its own kind
    restore: Callable[[Any], object]


class Draws:
    """What one run draws from."""

    def __init__(self) -> None:
        self.bits: random.Random | None = None
        self.uuid_timestamp: int | None = None
        self.handed: dict[int, list[str]] = {}
        """What each agent was handed of which identifiers may be made, as these spell it."""
        self._saved: list[tuple[_Source, Any]] = []

    def begin(self, seed: int) -> None:
        """Seed all sources, remembering what state they were in."""
        # A text as seed, because numbers near each other start alike.
        self.bits = random.Random(f"pileup {seed}")  # noqa: S311 - predictable on purpose
        # A stream of their own, because numpy's is there only where numpy.random is imported.
        seeds = random.Random(f"pileup modules {seed}")  # noqa: S311 - as above
        for source in _sources():
            self._saved.append((source, source.save()))
            source.seed(seeds.getrandbits(32))

    def end(self) -> None:
        """Put the sources back."""
        for source, state in self._saved:
            source.restore(state)


_current: list[Draws] = []


def bits() -> random.Random | None:
    """Return the run's stream, seeded at the first call; None outside of a run."""
    sim = run_here()
    if sim is None:
        return None
    if not _current:
        draws = Draws()
        _current.append(draws)  # first, because the strategy that is asked may draw as well
        draws.begin(sim.choose("data", SEEDS, "random seed"))
    sim.note_draw()
    return _current[0].bits


def put_back() -> None:
    """Leave the sources as they were before the run."""
    while _current:
        _current.pop().end()


def _sources() -> Iterator[_Source]:
    yield _Source(_hidden.seed, _hidden.getstate, _hidden.setstate)
    numpy = sys.modules.get("numpy.random.mtrand")
    # numpy's hidden generator, as random's above; not there yet while numpy is being imported
    legacy = getattr(numpy, "_rand", None)
    if legacy is not None:
        yield _Source(legacy.seed, legacy.get_state, legacy.set_state)


@contextmanager
def unseeded_generators() -> Iterator[None]:
    """Have `random.Random()` ask the run for its seed, whoever has captured the class."""
    random.Random.seed = _seed  # type: ignore[method-assign] # it is put back below
    try:
        yield
    finally:
        random.Random.seed = _real_seed  # type: ignore[method-assign] # see above


@wraps(_real_seed)
def _seed(self: random.Random, a: Any = None, version: int = 2) -> None:
    stream = bits() if a is None else None
    _real_seed(self, a if stream is None else stream.getrandbits(128), version)


def _seeded_first(real: Callable[..., T]) -> Pair:
    @wraps(real)
    def stand_in(*args: Any, **options: Any) -> T:
        stream, drawn = bits(), real(*args, **options)
        if stream is not None:
            _hand_out(*_identifiers_in(drawn))
        return drawn

    return real, stand_in


def _identifiers_in(drawn: object) -> tuple[str, ...]:
    """Spell what `random` has drawn where it may be meant for an identifier."""
    if type(drawn) is int and drawn >= MANY:
        return str(drawn), f"{drawn:x}"
    if type(drawn) is list and len(drawn) >= PART and all(type(each) is str for each in drawn):
        return ("".join(drawn),)
    return ()


@wraps(random.seed)
def _seed_module(a: Any = None, version: int = 2) -> None:
    bits()
    _seed(_hidden, a, version)


_real_urandom = os.urandom


@wraps(_real_urandom)
def _urandom(size: int, /) -> bytes:
    stream = bits()
    if stream is None:
        return _real_urandom(size)
    drawn = stream.randbytes(size)
    if LEAST <= size <= LARGEST:
        _hand_out(drawn.hex(), urlsafe_b64encode(drawn).decode().rstrip("="))
    return drawn


def _hand_out(*spelled: str) -> None:
    """Remember how something is spelled that an agent has drawn."""
    strand = here.get(None)
    if strand is not None:
        _current[0].handed.setdefault(strand.agent.index, []).extend(spelled)


def has_drawn(agent: int, text: str) -> bool:
    """Whether an agent has made a text, or the beginning of a part of it, at random."""
    handed = _current[0].handed.get(agent, ()) if _current else ()
    if not handed:
        return False
    parts = [part[:PART] for part in HEX.findall(text)]
    return any(each in text or any(part in each for part in parts) for each in handed)


@cache
def _identifiers() -> tuple[Pair, ...]:
    import uuid

    real_uuid1, real_getnode, names = uuid.uuid1, uuid.getnode, vars(uuid)

    @wraps(real_uuid1)
    def uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
        stream = bits()
        if stream is None:
            return real_uuid1(node, clock_seq)
        # The module remembers the last timestamp to stay ahead of it; a run has one
        # of its own, because the last real one may be ahead of virtual time.
        draws, outer = _current[0], names["_last_timestamp"]
        names["_last_timestamp"] = draws.uuid_timestamp
        try:
            made = real_uuid1(node, stream.getrandbits(14) if clock_seq is None else clock_seq)
            _hand_out(made.hex, str(made))
            return made
        finally:
            draws.uuid_timestamp, names["_last_timestamp"] = names["_last_timestamp"], outer

    @wraps(real_getnode)
    def getnode() -> int:
        return real_getnode() if run_here() is None else NODE

    return (real_uuid1, uuid1), (real_getnode, getnode)


@cache
def _plain() -> tuple[Pair, ...]:
    bound = _bound_to(_hidden, vars(random))
    return (
        (random.seed, _seed_module),
        (_real_urandom, _urandom),
        *(_seeded_first(each) for each in bound if each != random.seed),
    )


@cache
def _numpy() -> tuple[Pair, ...]:
    names = vars(import_module("numpy.random.mtrand"))
    # These are functions that call the hidden generator, not methods of it.
    others = [names[each] for each in ("seed", "sample", "ranf") if each in names]
    bound = _bound_to(names["_rand"], names)
    return tuple(_seeded_first(each) for each in [*bound, *others])


def _bound_to(instance: object, names: dict[str, Any]) -> list[Any]:
    return [each for each in names.values() if getattr(each, "__self__", None) is instance]


def stand_ins() -> tuple[Pair, ...]:
    """Return the originals and their stand-ins, made once for the process."""
    # numpy imports its random module at the first use, which must not be inside a run.
    numpy = _numpy() if "numpy" in sys.modules else ()
    return _plain() + _identifiers() + numpy
