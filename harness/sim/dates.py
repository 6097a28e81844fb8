"""What `datetime.now` tells during a run: the virtual time of `virtual_time`, as a real datetime.

Divergence from the real thing
------------------------------
* `datetime.datetime` is a stand-in, so `type(x) is datetime` is false during
  an exploration; `isinstance`, pickles and copies are as ever.
* A subclass that was made before the exploration (pandas' Timestamp) has a
  `now` of its own, which stays real.
* So does `datetime.now` where it was captured as a default before, as in
  `field(default_factory=datetime.now)`; write `lambda: datetime.now()` there.
"""

from __future__ import annotations

import copyreg
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pileup.sim.presence import run_here
from pileup.sim.swaps import Pair
from pileup.sim.virtual_time import wall

_real_datetime = dt.datetime


class _Kind(type):
    """Makes the stand-in say of every real datetime that it is one of its own."""

    def __instancecheck__(cls, instance: object) -> bool:
        if cls is Datetime:
            return isinstance(instance, _real_datetime)
        return super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls is Datetime:
            return issubclass(subclass, _real_datetime)
        return super().__subclasscheck__(subclass)


class Datetime(_real_datetime, metaclass=_Kind):
    """Stands in for `datetime.datetime`, and makes only real ones.

    `today` and `date.today` need no stand-in: they ask `time.time`.
    """

    def __new__(cls, *args: Any, **options: Any) -> Any:  # Any: as datetime takes them
        """Make a real datetime; only a subclass makes its own."""
        if cls is Datetime:
            return _real_datetime(*args, **options)
        return super().__new__(cls, *args, **options)

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:  # Any: a real datetime, not one of us
        """Tell virtual time during a run."""
        sim = run_here()
        return super().now(tz) if sim is None else cls.fromtimestamp(wall(sim), tz)

    @classmethod
    def utcnow(cls) -> Any:
        """Tell virtual time during a run, without a time zone."""
        sim = run_here()
        if sim is None:
            return super().utcnow()
        return cls.fromtimestamp(wall(sim), dt.UTC).replace(tzinfo=None)


Datetime.__name__ = Datetime.__qualname__ = "datetime"
Datetime.__module__ = "datetime"


def _reduce(moment: dt.datetime) -> tuple[Any, ...]:
    """Pickle by the class that goes by the name of datetime now; pickle insists on that."""
    recipe = moment.__reduce_ex__(4)
    assert isinstance(recipe, tuple)
    return (dt.datetime, *recipe[1:])


@contextmanager
def picklable() -> Iterator[None]:
    """Let datetimes be pickled although another class goes by their name."""
    copyreg.dispatch_table[_real_datetime] = _reduce
    try:
        yield
    finally:
        copyreg.dispatch_table.pop(_real_datetime, None)


def stand_ins() -> tuple[Pair, ...]:
    """Return the original and its stand-in."""
    return ((_real_datetime, Datetime),)
