"""The one way from a fake to the kernel: what every fake's operations go through."""

from __future__ import annotations

from pileup.operations import READ, UPDATE, WRITE, Item, Operation, Touch
from pileup.spelling import brief


class Cell:
    """An item with its footprints made once, because they are needed at every operation."""

    __slots__ = ("item", "reads", "updates", "writes")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.reads = (Touch(item, READ),)
        self.writes = (Touch(item, WRITE),)
        self.updates = (Touch(item, UPDATE),)


def noted(op: Operation, detail: object) -> Operation:
    """Give an operation what the history should say of it."""
    op.detail = brief(detail)
    return op
