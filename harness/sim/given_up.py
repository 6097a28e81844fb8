"""Agents and loops that refused to end."""

from __future__ import annotations

import ctypes


def keep_for_ever(refuser: object) -> None:
    """Never free an object.

    To drop a suspended coroutine or greenlet is to run it on, with an
    exception that this one would swallow again, at interpreter exit at the
    latest and with a complaint on the terminal. So it is leaked on purpose.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(refuser))
