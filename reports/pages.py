"""JSON from elsewhere, believed only as far as it has been looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Final, NamedTuple, TypeVar

from pileup.errors import UsageError

T = TypeVar("T")

BIGGEST: Final = 1 << 53
LARGEST: Final = 100_000_000
"""Letters: a few hundred explorations fit in, and a comparison with its long tokens."""


class Form(NamedTuple):
    """A form of JSON: the name that its version stands under, and what to say of other things."""

    mark: str
    version: int
    what: str
    instead: str

    def read(self, text: str, take: Callable[[Page], T]) -> T:
        """Take from a text of this form what is wanted, or say what is wrong with it."""
        try:
            return take(self._opened(text))
        except (ValueError, RecursionError) as error:
            told = f"it is not JSON ({error})"
            raise self.unread(told) from None
        except UsageError as error:
            raise self.unread(str(error).removesuffix(".")) from None

    def is_claimed_by(self, text: str) -> bool:
        """Whether a text says of itself that it is of this form."""
        try:
            page = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(page, dict) and self.mark in page

    def unread(self, why: str) -> UsageError:
        """Say that something is not of this form."""
        return UsageError(f"This is no {self.what}: {why}. {self.instead}")

    def _opened(self, text: str) -> Page:
        if len(text) > LARGEST:
            raise UsageError(f"it is longer than {LARGEST:,} letters")
        page = Page(json.loads(text), f"the {self.mark.removeprefix('pileup_')}")
        if not page.has(self.mark):
            raise UsageError(f"it has no {self.mark!r}")
        if (found := page.whole(self.mark)) != self.version:
            raise UsageError(
                f"it is of format {found}, and this pileup reads format {self.version}"
            )
        return page


class Page:
    """A JSON object; whatever is taken out of it is of the type that was asked for."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise refusal(place, "an object", value)
        self._value: dict[str, object] = value
        self._place = place

    def text(self, name: str) -> str:
        """Take a text."""
        return self._take(name, "a text", lambda value: isinstance(value, str), "")

    def flag(self, name: str) -> bool:
        """Take true or false."""
        return self._take(name, "true or false", lambda value: isinstance(value, bool), False)

    def whole(self, name: str, least: int = 0) -> int:
        """Take a whole number."""
        told = f"a whole number from {least} to 2**53"
        return self._take(name, told, lambda value: is_whole(value, least), 0)

    def real(self, name: str) -> float:
        """Take a number."""
        return float(self._take(name, "a number", is_real, 0.0))

    def plain(self, name: str) -> str | float | bool | None:
        """Take a text, a number, true, false or null."""
        return self._take(name, "a text, a number, true, false or null", is_plain, None)

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of texts."""
        return tuple(
            _expect(f"{self._place}.{name}[{number}]", "a text", each, str)
            for number, each in enumerate(self._list(name))
        )

    def wholes(self, name: str) -> tuple[int, ...]:
        """Take a list of whole numbers."""
        found = []
        for number, each in enumerate(self._list(name)):
            if not is_whole(each, 0):
                raise refusal(f"{self._place}.{name}[{number}]", "a whole number", each)
            found.append(_expect(name, "a whole number", each, int))
        return tuple(found)

    def reals(self, name: str) -> tuple[float, ...]:
        """Take a list of numbers."""
        listed = self._list(name)
        for number, each in enumerate(listed):
            if not is_real(each):
                raise refusal(f"{self._place}.{name}[{number}]", "a number", each)
        return tuple(each for each in listed if isinstance(each, int | float))

    def page(self, name: str) -> Page:
        """Take an object."""
        return Page(self._value.get(name), f"{self._place}.{name}")

    def page_or_none(self, name: str) -> Page | None:
        """Take an object, or null."""
        return None if self._value.get(name) is None else self.page(name)

    def pages(self, name: str) -> list[Page]:
        """Take a list of objects."""
        place = f"{self._place}.{name}"
        return [Page(each, f"{place}[{number}]") for number, each in enumerate(self._list(name))]

    def names(self) -> list[str]:
        """Name all that is in it."""
        return list(self._value)

    def items(self) -> Iterator[tuple[str, object]]:
        """Take all that is in it, unseen."""
        yield from self._value.items()

    def fits(self, name: str, wanted: str, test: Callable[[object], bool]) -> None:
        """Look at something that has parts."""
        if not test(self._value.get(name)):
            raise self.refuse(name, wanted)

    def refuse(self, name: str, wanted: str) -> UsageError:
        """Say that something in it is not what it should be."""
        return refusal(f"{self._place}.{name}", wanted, self._value.get(name))

    def has(self, name: str) -> bool:
        """Whether it is there at all."""
        return name in self._value

    def _list(self, name: str) -> list[object]:
        found = self._value.get(name)
        if not isinstance(found, list):
            raise self.refuse(name, "a list")
        return found

    def _take(self, name: str, wanted: str, fits: Callable[[object], bool], like: T) -> T:
        self.fits(name, wanted, fits)
        return self._value.get(name)  # type: ignore[return-value] # `fits` has looked at it


def json_text(page: object) -> str:
    """Write JSON that every reader takes: what is no number to them is spelled out."""
    try:
        return json.dumps(page, indent=1, allow_nan=False)
    except ValueError:
        return json.dumps(_spelled(page), indent=1, allow_nan=False)


def _spelled(value: object) -> object:
    """Spell out what only Python takes for JSON: NaN and Infinity."""
    if isinstance(value, dict):
        return {name: _spelled(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(each) for each in value]
    return repr(value) if isinstance(value, float) and not isfinite(value) else value


def refusal(place: str, wanted: str, value: object) -> UsageError:
    """Say where something else is than there should be."""
    return UsageError(f"{place} should be {wanted}; {value!r:.60} is there")


def _expect(place: str, wanted: str, value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise refusal(place, wanted, value)
    return value


def is_whole(value: object, least: int = 0) -> bool:
    """Whether it is a whole number that any reader of JSON can hold."""
    return type(value) is int and least <= value <= BIGGEST


def is_plain(value: object) -> bool:
    """Whether it has no parts."""
    return value is None or type(value) in (str, int, float, bool)


def is_real(value: object) -> bool:
    """Whether it is a number that any reader of JSON can hold."""
    return type(value) in (int, float) and -BIGGEST <= value <= BIGGEST  # type: ignore[operator] # just looked at
