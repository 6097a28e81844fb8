"""What a history of Jepsen's must be like for Elle, and what Elle infers from one of registers.

No Elle runs here, because it comes as a jar that no registry of ours has. The
rules are those of its documentation: `jepsen.history` on the form, the paper
(Kingsbury and Alvaro, VLDB 2020) on what follows from unique writes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jsonschema
from support.exported import strict

PAGE = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["index", "type", "process", "f", "value", "time"],
        "additionalProperties": False,
        "properties": {
            "index": {"type": "integer", "minimum": 0},
            "type": {"enum": ["invoke", "ok", "fail", "info"]},
            "process": {"type": "integer", "minimum": 0},
            "f": {"const": "txn"},
            "time": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
            "value": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "array",
                    "prefixItems": [
                        {"enum": ["r", "w"]},
                        {"type": "string"},
                        {"type": ["integer", "null"]},
                    ],
                    "minItems": 3,
                    "maxItems": 3,
                },
            },
        },
    },
}
SCHEMA = jsonschema.Draft202012Validator(PAGE)


class Txn(NamedTuple):
    """A transaction that has ended: how, and what it read and wrote."""

    type: str
    process: int
    acts: list[list[Any]]


def expect_jepsen(text: str) -> list[Txn]:
    """Hold a history against the rules of Jepsen's; return its transactions."""
    page = strict(text)
    SCHEMA.validate(page)
    assert [op["index"] for op in page] == list(range(len(page)))
    assert [op["time"] for op in page] == sorted(op["time"] for op in page)
    busy: dict[int, list[list[Any]]] = {}
    ended: dict[int, None] = {}
    found: list[Txn] = []
    for op in page:
        process = op["process"]
        assert process not in ended, "a process works on after an outcome that is not known"
        if op["type"] == "invoke":
            assert process not in busy, "a process does two things at once"
            assert all(value is None for act, _, value in op["value"] if act == "r")
            busy[process] = op["value"]
            continue
        _expect_same(busy.pop(process), op["value"])
        if op["type"] == "info":
            ended[process] = None
        found.append(Txn(op["type"], process, op["value"]))
    assert not busy
    _expect_unique_writes(found)
    return found


def _expect_same(hoped: list[list[Any]], done: list[list[Any]]) -> None:
    assert [act[:2] for act in hoped] == [act[:2] for act in done]
    assert [act for act in hoped if act[0] == "w"] == [act for act in done if act[0] == "w"]


def _expect_unique_writes(found: list[Txn]) -> None:
    written = [(key, value) for txn in found for act, key, value in txn.acts if act == "w"]
    assert None not in [value for _, value in written]
    assert len(set(written)) == len(written)


def edges(found: list[Txn]) -> dict[int, list[int]]:
    """Say which transaction must come before which, if versions come in their order."""
    out: dict[int, list[int]] = {number: [] for number in range(len(found))}
    told = [
        (number, act, key, value or 0)
        for number, txn in enumerate(found)
        if txn.type == "ok"
        for act, key, value in txn.acts
    ]
    for one, act, key, value in told:
        for other, later, same, then in told:
            if key != same or one == other or {act, later} == {"r"}:
                continue
            if value < then or (value == then and act == "w"):
                out[one].append(other)
    return out
