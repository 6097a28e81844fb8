"""JSON from elsewhere, believed only as far as it has been looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from pileup.errors import UsageError

T = TypeVar("T")

BIGGEST: Final = 1 << 53


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
        return self._take(name, told, lambda value: _is_whole(value, least), 0)

    def real(self, name: str) -> float:
        """Take a number."""
        return float(self._take(name, "a number", _is_real, 0.0))

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
            if not _is_whole(each, 0):
                raise refusal(f"{self._place}.{name}[{number}]", "a whole number", each)
            found.append(_expect(name, "a whole number", each, int))
        return tuple(found)

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

    def items(self) -> Iterator[tuple[str, object]]:
        """Take all that is in it, unseen."""
        yield from self._value.items()

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
        found = self._value.get(name)
        if not fits(found):
            raise self.refuse(name, wanted)
        return found  # type: ignore[return-value] # `fits` has looked at it


def refusal(place: str, wanted: str, value: object) -> UsageError:
    """Say where something else is than there should be."""
    return UsageError(f"{place} should be {wanted}; {value!r:.60} is there")


def _expect(place: str, wanted: str, value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise refusal(place, wanted, value)
    return value


def _is_whole(value: object, least: int) -> bool:
    return type(value) is int and least <= value <= BIGGEST


def is_plain(value: object) -> bool:
    """Whether it has no parts."""
    return value is None or type(value) in (str, int, float, bool)


def _is_real(value: object) -> bool:
    return type(value) in (int, float) and -BIGGEST <= value <= BIGGEST  # type: ignore[operator] # just looked at
