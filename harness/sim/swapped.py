"""Replacing an attribute for a while."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


@contextmanager
def swapped(owner: object, name: str, value: object) -> Iterator[None]:
    """Set `owner.name` to `value`, and back to what it was afterwards."""
    was = vars(owner)[name]  # as it lies there: getattr would bind a class method
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, was)


@contextmanager
def swapped_if_imported(package: str, target: str, value: object) -> Iterator[None]:
    """Swap `module:attribute.attribute` if the package it belongs to is in use at all.

    The module itself may still be unimported, because backends are loaded
    late; it is imported here, so that the first use finds the stand-in.
    """
    if package not in sys.modules:
        yield
        return
    module, _, path = target.partition(":")
    owner: object = import_module(module)
    *way, name = path.split(".")
    for step in way:
        owner = getattr(owner, step)
    with swapped(owner, name, value):
        yield
