"""Bodies: copied on their way in and on their way out, so that nobody shares one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from pileup.spelling import BRIEF_LENGTH, Brief, brief

IMMUTABLE: Final = frozenset((str, int, float, bool, bytes, type(None)))


def copied(body: Any) -> Any:  # Any: the user's own, all the way through
    """Copy a body as a wire would: what is met twice inside comes out as two."""
    kind = type(body)
    if kind in IMMUTABLE:
        return body
    if kind is dict:
        return {
            key: each if type(each) in IMMUTABLE else copied(each) for key, each in body.items()
        }
    if kind is list:
        return [each if type(each) in IMMUTABLE else copied(each) for each in body]
    return deepcopy(body)


def spelled(body: object) -> Brief:
    """Say a body as the history wants it: itself where that is short, else by fingerprint."""
    if isinstance(body, dict):
        for name, each in body.items():
            if type(each) not in IMMUTABLE or type(name) is not str:
                return brief(body)
    else:
        return brief(body)
    text = repr(body)
    return text if len(text) <= BRIEF_LENGTH else brief(body)
