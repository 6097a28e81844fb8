"""`pileup.shared`: an object of the user's own, stood in for so that its accesses can be seen.

In sync code every access gives way, as between threads, so `shared.n += 1`
can lose an update. In async code none does, because code between two awaits
is not interrupted; the race there is across an await. Either way the history
tells who read which version before who wrote.

An object made before the run (a module global) is put back to what it was at
the start of each run, so that nothing is left over.

Divergence from the real thing
------------------------------
* Real threads switch between any two bytecodes; here an access to one
  attribute, key or container method is one operation.
* Accesses inside a nested container count as accesses to the key that holds it.
* It poses as its object for `isinstance`, but C code that looks at the type
  itself (`json.dumps`) needs a copy: `dict(shared)`.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from pileup.errors import UsageError
from pileup.fakes._port import Cell, noted
from pileup.notes import blank
from pileup.operations import Footprint, Operation
from pileup.sim.agents import here
from pileup.sim.current import running
from pileup.sim.greenlets import in_sync_code
from pileup.sim.kernel import Sim

PLAIN: Final = (str, bytes, int, float, complex, bool, type(None), frozenset)
CONTAINERS: Final = (dict, list, set)
READERS: Final = frozenset(
    [
        "copy",
        "count",
        "get",
        "index",
        "isdisjoint",
        "issubset",
        "issuperset",
        "items",
        "keys",
        "union",
        "values",
    ]
)
BLIND: Final = frozenset(("write", "delete", "clear"))
"""What puts a value there, or takes it away, without looking at what was there."""
KEYED: Final = frozenset(("get", "pop", "setdefault"))
WHOLE: Final = ""


class Deed(NamedTuple):
    """One access; `given` is what it puts there, `blind` whether it does not look before."""

    verb: str
    key: str
    apply: Callable[[], Any]  # Any: what is there is the user's
    detail: object
    given: object
    blind: bool


class Shared:
    """Poses as the object that it was made of, and lets every access be an operation."""

    def __init__(self, value: Any, name: str = "") -> None:  # Any: the user's own object
        sim = running()
        object.__setattr__(self, "_state", _State(value, name, sim))
        object.__setattr__(self, "_value", self._state.value)
        object.__setattr__(self, "_path", None)

    def _part(self, key: str, value: Any) -> Any:
        """Wrap what was read if it can itself be changed, so that it cannot be changed unseen."""
        if isinstance(value, PLAIN) or callable(value):
            return value
        part = object.__new__(Shared)
        object.__setattr__(part, "_state", self._state)
        object.__setattr__(part, "_value", lambda: value)
        object.__setattr__(part, "_path", self._path or key)
        return part

    def _access(
        self,
        verb: str,
        key: str,
        apply: Callable[[], Any],
        detail: object = None,
        given: object = (),
    ) -> Any:
        place = key if self._path is None else self._path
        inside = self._path is not None  # what is put into a part leaves the rest of it
        deed = Deed(verb, place, apply, detail, given, blind=verb in BLIND and not inside)
        value = self._state.perform(deed)
        return self._part(key, value)

    @property  # type: ignore[misc] # it poses as the object's type, for isinstance
    def __class__(self) -> type:
        return type(self._value())

    def __getattr__(self, name: str) -> Any:
        value = self._value()
        if isinstance(value, CONTAINERS):
            return self._method(name)
        found = getattr(type(value), name, None)
        if isinstance(found, types.FunctionType):
            return types.MethodType(found, self)  # so that what it does to self is seen as well
        return self._access("read", name, lambda: getattr(self._value(), name))

    def _method(self, name: str) -> Callable[..., Any]:
        def method(*args: Any, **options: Any) -> Any:
            key = str(args[0]) if name in KEYED and args else WHOLE
            verb = "read" if name in READERS else name
            given = tuple(_bare(each) for each in args)
            changes = () if verb == "read" else given
            return self._access(
                verb, key, lambda: getattr(self._value(), name)(*given, **options), given=changes
            )

        return method

    def __setattr__(self, name: str, value: Any) -> None:
        given = _bare(value)
        self._access("write", name, lambda: setattr(self._value(), name, given), given)

    def __delattr__(self, name: str) -> None:
        self._access("delete", name, lambda: delattr(self._value(), name))

    def __getitem__(self, key: Any) -> Any:
        return self._access("read", self._spot(key), lambda: self._value()[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        given = _bare(value)
        self._access("write", self._spot(key), lambda: self._put(key, given), given)

    def __delitem__(self, key: Any) -> None:
        self._access("delete", self._spot(key), lambda: self._value().__delitem__(key))

    def _put(self, key: Any, value: Any) -> None:
        self._value()[key] = value

    def _spot(self, key: Any) -> str:
        """Name the item behind a key: in a list places shift, so a list is one item."""
        return str(key) if isinstance(self._value(), dict) else WHOLE

    def __len__(self) -> int:
        return int(self._access("read", WHOLE, lambda: len(self._value())))

    def __bool__(self) -> bool:
        return bool(self._access("read", WHOLE, lambda: bool(self._value())))

    def __contains__(self, key: object) -> bool:
        return bool(self._access("read", self._spot(key), lambda: key in self._value()))

    def __iter__(self) -> Iterator[Any]:
        members: Any = self._access("read", WHOLE, lambda: tuple(self._value()))
        return iter(_bare(members))

    def __eq__(self, other: object) -> bool:
        return bool(self._access("read", WHOLE, lambda: self._value() == _bare(other)))

    __hash__ = None  # type: ignore[assignment] # what can change must not be a key

    def __repr__(self) -> str:
        return f"shared({self._value()!r})"


class _State:
    """The value behind a shared object: one for each run."""

    def __init__(self, value: Any, name: str, sim: Sim | None) -> None:
        self._name = name
        self._sim = sim
        self._now = value
        self._pristine = None if sim else _copied(value)
        self._cells: dict[str, Cell] = {}

    def value(self) -> Any:
        """Return the value as this run sees it."""
        sim = running()
        if sim is not None and sim is not self._sim:
            if self._sim is not None and self._pristine is None:
                raise UsageError(
                    "A shared object that was made in one run is used in another. Make it in "
                    "`setup`, and reach it through the world."
                )
            self._sim, self._now, self._cells = sim, _copied(self._pristine), {}
        return self._now

    def perform(self, deed: Deed) -> Any:
        """Do one access: as an operation inside an agent, directly in setup and check."""
        self.value()
        sim, strand = self._sim, here.get(None)
        if sim is None or strand is None or strand.sim is not sim or strand.agent.done:
            return deed.apply()
        op = noted(Operation(deed.verb, self._footprint(sim, deed), deed.apply), deed.detail)
        if sim.marked:
            _mark(sim, op, deed)
        return sim.call(op) if in_sync_code() else sim.witness(strand, op)

    def _footprint(self, sim: Sim, deed: Deed) -> Footprint:
        """Touch the key; a changed key changes the whole, and a changed whole changes all keys."""
        _, key, *_, blind = deed
        cell, whole = self._cell(sim, key), self._cell(sim, WHOLE)
        if deed.verb == "read":
            return cell.reads
        if key != WHOLE:
            return (cell.writes if blind else cell.alters) + whole.updates
        return tuple(
            touch
            for each in self._cells.values()
            for touch in (each.writes if blind else each.alters)
        )

    def _cell(self, sim: Sim, key: str) -> Cell:
        if key not in self._cells:
            if not self._name:
                kind = type(self._now).__name__
                self._name = f"{kind}-{sim.count(kind)}"
            now = self._now
            sim.contents.setdefault(self._name, lambda: {WHOLE: now})
            self._cells[key] = Cell(sim.item(self._name, key))
        return self._cells[key]


def _mark(sim: Sim, op: Operation, deed: Deed) -> None:
    """Note the marks in what is put there, and in what is got."""
    op.note = note = blank()
    if deed.verb != "read":
        note.sent = sim.marks_in((deed.key, deed.detail, deed.given))

    def look() -> object:
        answer = deed.apply()
        note.got = sim.marks_in(answer)
        return answer

    op.apply = look


def _bare(value: Any) -> Any:
    """Take the stand-in off before a value is stored."""
    return object.__getattribute__(value, "_value")() if type(value) is Shared else value


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception as error:
        raise UsageError(
            f"pileup.shared cannot copy {type(value).__name__} ({error}), so it could not be put "
            "back between runs. Make it in `setup`, where every run has its own."
        ) from error
