"""The items behind the keys: what a report calls them, and the footprint of each command.

A key is `cache[user:1]`, a field of a hash `cache[user:1][name]`, a channel
`cache channel[news]`, and the whole keyspace plain `cache`. A key of database
1 is `cache db1[user:1]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pileup.fakes._port import Cell, Cells
from pileup.fakes.cache.commands import (
    Part,
    Plan,
    Use,
    database_of,
    names_more,
    pick,
    plan_of,
)
from pileup.fakes.cache.shelves import Place
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Access, Footprint, Item, Touch
from pileup.sim.kernel import Sim

SHORTEST: Final = 2
"""How many arguments a command has that has no options: a key and a value."""


def spelled(name: bytes) -> str:
    """Spell a key as a report shows it."""
    return name.decode("utf-8", "backslashreplace")


class Keys(dict[bytes, Cell]):
    """The cells of one database, by key as the client sends it."""

    def __init__(self, sim: Sim, resource: str) -> None:
        self._cells = Cells(sim, resource)

    def __missing__(self, key: bytes) -> Cell:
        cell = self[key] = self._cells[spelled(key)]
        return cell


class Database(Keys):
    """The cells of one database, which also tell the way back."""

    def __init__(self, sim: Sim, resource: str, number: int, found: dict[Item, Place]) -> None:
        super().__init__(sim, resource)
        self._number = number
        self._found = found

    def __missing__(self, key: bytes) -> Cell:
        cell = super().__missing__(key)
        self._found[cell.item] = (self._number, key)
        return cell


class Keyspace:
    """All items of one server."""

    def __init__(self, sim: Sim, name: str) -> None:
        self._sim = sim
        self._name = name
        self.whole = Cell(sim.item(name))
        self._databases: dict[int, Database] = {}
        self._places: dict[Item, Place] = {}
        self._parts: dict[tuple[int, bytes], Keys] = {}
        self.channels = Keys(sim, f"{name} channel")
        self.audience = Cell(sim.item(f"{name} audience"))
        self.scripts = Keys(sim, f"{name} script")
        self.scanned = False
        """Whether anybody has looked at the keyspace as a whole, so that new keys concern them."""

    def database(self, number: int) -> Database:
        """Return the keys of a database."""
        found = self._databases.get(number)
        if found is None:
            name = self._name if number == 0 else f"{self._name} db{number}"
            found = self._databases[number] = Database(self._sim, name, number, self._places)
        return found

    def cell(self, place: Place) -> Cell:
        """Return a key's cell."""
        return self.database(place[0])[place[1]]

    def places_of(self, touches: Footprint) -> list[Place]:
        """Return the keys among what is touched."""
        return [self._places[item] for item, _ in touches if item in self._places]

    def touches(self, db: int, name: str, args: Sequence[bytes]) -> Footprint:
        """Say what a command touches."""
        plan = plan_of(name)
        cautious = len(args) > SHORTEST and _looks_first(plan, args)
        if plan.simple is not None and args and not self.scanned:
            return touch(self.database(db)[args[0]], CHANGE if cautious else plan.simple)
        touches = self._gathered(db, plan, args)
        return _cautious(touches) if cautious else touches

    def everything(self, access: Access) -> Footprint:
        """Say that the whole keyspace is touched."""
        self.scanned = True
        known = (cell for keys in self._databases.values() for cell in keys.values())
        return touch(self.whole, access) + tuple(Touch(cell.item, access) for cell in known)

    def _gathered(self, db: int, plan: Plan, args: Sequence[bytes]) -> Footprint:
        touches = (*self._used(db, plan.uses, args), *self._named(db, plan.part, args))
        if self.scanned and any(each.access != READ for each in touches):
            touches += self.whole.updates
        return merged(touches)

    def _used(self, db: int, uses: Iterable[Use], args: Sequence[bytes]) -> Footprint:
        touches: Footprint = ()
        for access, place in uses:
            if place in ("all", "NAMED"):
                touches += self.everything(access) if place == "all" or names_more(args) else ()
                continue
            at, _, elsewhere = place.partition("@")
            keys = self.database(database_of(elsewhere, args, db) if elsewhere else db)
            for key in pick(at, args):
                touches += touch(keys[key], access)
        return touches

    def fields(self, owner: Place, found: Iterable[bytes]) -> Footprint:
        """Say which fields of a hash were read, when all were: those that anybody has named."""
        cells = self._cells_of(owner)
        names = found if isinstance(found, dict) else list(found)[::2]
        return tuple([cells[name].reads[0] for name in dict.fromkeys([*cells, *names])])

    def _cells_of(self, owner: Place) -> Keys:
        cells = self._parts.get(owner)
        if cells is None:
            name = self.cell(owner).item.name
            cells = self._parts[owner] = Keys(self._sim, name)
        return cells

    def _named(self, db: int, part: Part | None, args: Sequence[bytes]) -> Footprint:
        if part is None or not args:
            return ()
        cells = self._cells_of((db, args[0]))
        return tuple(Touch(cells[each].item, part.access) for each in pick(part.place, args))


def merged(touches: Iterable[Touch]) -> Footprint:
    """Name each item once: what reads it and writes it as well has looked at what it changes."""
    found: dict[Item, Touch] = {}
    for each in touches:
        known = found.setdefault(each.item, each)
        if known.access != each.access:
            looks = not {READ, CHANGE}.isdisjoint((known.access, each.access))
            found[each.item] = Touch(each.item, CHANGE if looks else WRITE)
    return tuple(found.values())


def _looks_first(plan: Plan, args: Sequence[bytes]) -> bool:
    """Whether a command is sent with an option that makes it look at what is there."""
    words = plan.cautious
    if not words:
        return False
    options = args[1 if plan.part is not None else 2 :]
    return not words.isdisjoint(options) or not words.isdisjoint([each.upper() for each in options])


def _cautious(touches: Footprint) -> Footprint:
    """Say of what is written that it is looked at first."""
    return tuple(Touch(each.item, CHANGE) if each.access == WRITE else each for each in touches)


def touch(cell: Cell, access: Access) -> Footprint:
    """Return the ready-made footprint of one access to one cell."""
    if access == READ:
        return cell.reads
    if access == WRITE:
        return cell.writes
    return cell.updates if access == UPDATE else cell.alters


def only_reads(touches: Footprint) -> Footprint:
    """Say that nothing of what might have been written was."""
    return tuple(Touch(each.item, READ) for each in touches)


def narrowed(touches: Footprint, changed: Sequence[Item], exact: bool) -> Footprint:
    """Say what was touched in fact: what was changed beside it is added.

    `exact` when what was not changed was only read; otherwise it is left as
    it was declared.
    """
    written = {item.name: item for item in changed}
    kept = {
        item: Touch(item, READ) if exact and not _is_among(item, written) else Touch(item, access)
        for item, access in touches
    }
    for item in written.values():
        if item not in kept or kept[item].access == READ:
            kept[item] = Touch(item, CHANGE)
    return tuple(kept.values())


def _is_among(item: Item, written: dict[str, Item]) -> bool:
    """Whether this item was written, or the key that it is a part of."""
    return item.name in written or item.resource in written
