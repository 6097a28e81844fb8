"""A history as the detectors look at it: what several of them need, worked out once.

The rows are read as the kernel wrote them, because to make events of them
would take longer than the run did. Each part is made when it is first asked
for, so that a run in which nothing is shared costs next to nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from pileup.detectors.glance import Glance
from pileup.history import FAIL, INFO, History, RawRow
from pileup.operations import Access, Item, Past

Strand: TypeAlias = int
"""An agent and its task as one number: quicker to make and to hash than a pair."""

TASKS: Final = 1 << 20
"""More tasks than one agent can have."""

ENDS: Final = frozenset(("end", "crash"))
"""How an agent ends; one that crashes and begins anew leaves no `end`."""

Look: TypeAlias = tuple[int, Strand, Access, int]
"""One access to an item: the number of its row, who, how, and the version that it had or made."""


class Span(NamedTuple):
    """The first and the last row of a strand."""

    first: int
    last: int


def looks_at(rows: Sequence[RawRow], before: int = 0) -> dict[Item, list[Look]]:
    """Return what some rows did to each item, in order; so many rows come before the first."""
    found: defaultdict[Item, list[Look]] = defaultdict(list)
    for number, row in enumerate(rows, before):  # the hottest loop of all detectors
        _, touches, versions, agent, task, _, _, _, outcome, _, _, _ = row
        if not versions or outcome == FAIL:
            continue
        strand = agent * TASKS + task
        if len(versions) == 1:
            item, access = touches[0]
            if type(item) is Past:
                item = item.item
            found[item].append((number, strand, access, versions[0]))
            continue
        for (each, access), version in zip(touches, versions, strict=True):
            whole = each.item if type(each) is Past else each
            found[whole].append((number, strand, access, version))
    return found


class Case:
    """One history under investigation."""

    def __init__(self, history: History, excused: Callable[[], bool | None] | None = None) -> None:
        self.history = history
        self._excused = excused
        self.rows = history.rows
        self.agents = history.agents
        self.glance = Glance(self.rows)
        self.marks: dict[tuple[int, str, str, str | None], str] = {}
        """How a loss is told from others, by who wrote, what it did and in which step."""

    def is_serial(self) -> bool | None:
        """Whether some order of the agents one after another comes to the same; None: unknown."""
        return None if self._excused is None else self._excused()

    @property
    def has_oracle(self) -> bool:
        """Whether `is_serial` may know."""
        return self._excused is not None

    # What was touched ------------------------------------------------------------------------

    @cached_property
    def looks(self) -> dict[Item, list[Look]]:
        """What was done to each item, in order; what failed has done nothing."""
        return looks_at(self.rows)

    @cached_property
    def contested(self) -> dict[Item, list[Look]]:
        """The items that several strands touched, at least one of them to write over it."""
        least = 2 if self.glance.troubled else 3  # a look and two writes; one in vain is not here
        return {
            item: looks
            for item, looks in self.looks.items()
            if len(looks) >= least and _is_contested(looks)
        }

    @cached_property
    def noted(self) -> list[int]:
        """The rows that have a note, by number."""
        if not self.glance.noted:
            return []
        return [number for number, row in enumerate(self.rows) if row[11] is not None]

    @cached_property
    def marked(self) -> list[int]:
        """The rows that carried marks (canaries, what faulty answers made up), there or back."""
        if self.glance.facts.isdisjoint(("sent", "got")):
            return []
        rows = self.rows
        return [
            number
            for number in self.noted
            if rows[number][11].sent or rows[number][11].got  # type: ignore[union-attr] # it has one
        ]

    @cached_property
    def leases(self) -> dict[Item, bool]:
        """What several agents held for a while, one after another; whether it is a message."""
        first: dict[Item, int] = {}
        found: dict[Item, bool] = {}
        for number in self.noted:
            row = self.rows[number]
            if row[11].lease is not None:  # type: ignore[union-attr] # it has a note
                item = leased(row)
                if item is not None and first.setdefault(item, row[3]) != row[3]:
                    found[item] = row[11].message is not None  # type: ignore[union-attr] # as above
        return found

    @cached_property
    def parts(self) -> dict[int, list[int]]:
        """The rows of each logical write that takes several, in order; what failed is no part."""
        found: dict[int, list[int]] = {}
        for number in self.noted if "part" in self.glance.facts else ():
            row = self.rows[number]
            part = row[11].part if row[11] is not None else None
            if part is not None and row[2] and row[8] != FAIL:
                found.setdefault(part, []).append(number)
        return found

    @cached_property
    def rows_of(self) -> dict[int, list[int]]:
        """The rows of each agent, in order, by number."""
        found: dict[int, list[int]] = {}
        for number, row in enumerate(self.rows):
            found.setdefault(row[3], []).append(number)
        return found

    # Who is who ------------------------------------------------------------------------------

    def name(self, strand: Strand) -> str:
        """Name whose strand this is."""
        return self.agents[strand // TASKS].name

    def is_nobody(self, strand: Strand) -> bool:
        """Whether this is the world itself: an expiry, a delivery, what no agent does."""
        return self.agents[strand // TASKS].session == ""

    def role(self, strand: Strand) -> str:
        """Return the role of whose strand this is."""
        return self.agents[strand // TASKS].role

    @cached_property
    def spans(self) -> dict[Strand, Span]:
        """When each strand began and when it was last seen."""
        found: dict[Strand, Span] = {}
        for number, row in enumerate(self.rows):
            strand = row[3] * TASKS + row[4]
            known = found.get(strand)
            found[strand] = Span(number if known is None else known.first, number)
        return found

    @cached_property
    def gone(self) -> dict[int, list[int]]:
        """The rows in which each agent, by number, ended or crashed; it may begin anew."""
        found: dict[int, list[int]] = {}
        for number, row in enumerate(self.rows):
            if row[0] in ENDS:
                found.setdefault(row[3], []).append(number)
        return found

    @cached_property
    def given_up(self) -> dict[int, int]:
        """The sub-agents for which somebody has stopped waiting, and in which row at first."""
        numbers = {who.name: number for number, who in enumerate(self.agents)}
        found: dict[int, int] = {}
        for number, row in enumerate(self.rows if self.glance.given_up else ()):
            if row[0] == "join" and row[8] == INFO and row[1] and not row[2]:
                found.setdefault(numbers.get(row[1][0].item.key, -1), number)
        return found

    @cached_property
    def frames(self) -> dict[int, int]:
        """The frames of all paths, and in which row each is met first."""
        found: dict[int, int] = {}
        for number in self.noted:
            for frame, _ in self.rows[number][11].path:  # type: ignore[union-attr] # it has a note
                found.setdefault(frame, number)
        return found

    @cached_property
    def parents(self) -> dict[Strand, Strand]:
        """Which strand started which; those of agents at the top are not in it."""
        numbers = {who.name: number for number, who in enumerate(self.agents)}
        found = {
            number * TASKS: numbers[who.parent] * TASKS
            for number, who in enumerate(self.agents)
            if who.parent in numbers
        }
        for (agent, task), parent in self.history.parents.items():
            found[agent * TASKS + task] = agent * TASKS + parent
        return found

    def is_below(self, one: Strand, other: Strand) -> bool:
        """Whether one strand was started by another, directly or not."""
        parents = self.parents
        above = parents.get(one)
        while above is not None and above != other:
            above = parents.get(above)
        return above is not None

    # What it says ----------------------------------------------------------------------------

    def row(self, number: int) -> RawRow:
        """Return a row."""
        return self.rows[number]

    def version(self, number: int, item: Item) -> int:
        """Return the version of an item that a row had, or made."""
        return self._touch(number, item)[1]

    def access(self, number: int, item: Item) -> Access:
        """Return what a row did to an item."""
        return self._touch(number, item)[0]

    def _touch(self, number: int, item: Item) -> tuple[Access, int]:
        _, touches, versions, *_ = self.rows[number]
        if len(touches) == 1 and touches[0][0] is item:
            return touches[0][1], versions[0]
        for touch, version in zip(reversed(touches), reversed(versions), strict=True):
            if touch.item is item or (type(touch.item) is Past and touch.item.item is item):
                return touch.access, version
        raise LookupError(f"row {number} did not touch {item.name}")


def leased(row: RawRow) -> Item | None:
    """Return what a row takes for a while, or makes last longer."""
    note = row[11]
    if note is None or note.lease is None or row[8] == FAIL:
        return None
    message = note.message
    for item, access in row[1]:
        if access != "read" and (message is None or item.key.endswith(message)):
            return item
    return None


def _is_contested(looks: list[Look]) -> bool:
    first = looks[0][1]
    shared = written = False
    for _, strand, access, _ in looks:
        if strand != first:
            shared = True
        if access == "write":
            written = True
        if shared and written:
            return True
    return False
