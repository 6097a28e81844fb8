"""MODULE:NAME, and FILE.py:NAME: what the user calls by its name on a command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from pileup.cli.exits import Broken
from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup import Scenario

INIT: Final = "__init__.py"
MOST_NAMED: Final = 8


def named(path: str) -> Any:  # Any: whatever the user has called so
    """Return what MODULE:NAME or FILE.py:NAME names."""
    place, colon, name = path.rpartition(":")
    if name and not colon:
        raise UsageError(
            f"{path} is a whole module. {_there_is(path, [*_own_names(module(path))])}"
        )
    if not place or not name or place.endswith(":"):
        raise UsageError(_how_to_write(path))
    found: Any = module(place)  # Any: as above
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(_no_such_name(place, name, found, part))
        found = getattr(found, part)
    return found


def module(place: str) -> ModuleType:
    """Import a module by its name, or by its file."""
    by_file = place.endswith(".py") or "/" in place or "\\" in place
    folder, name = _home(Path(place)) if by_file else (Path.cwd(), place)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    found = _imported(name, place)
    if by_file and Path(found.__file__ or "").resolve() != Path(place).resolve():
        raise UsageError(
            f"{place} cannot be imported, because there is another module {name!r} "
            f"({found.__file__ or 'it comes with Python'}). Rename the file."
        )
    return found


def scenarios_in(found: ModuleType) -> Iterator[tuple[str, Scenario]]:
    """Find the scenarios that a module has, by name."""
    from pileup import Scenario

    for name, thing in vars(found).items():
        if isinstance(thing, Scenario):
            yield name, thing


def _home(file: Path) -> tuple[Path, str]:
    """Say in which folder Python has to look for a file, and under which name it finds it there."""
    if not file.is_file():
        raise UsageError(f"There is no file {file}. Write FILE.py:NAME, as in shop/agents.py:pay.")
    file = file.resolve()
    parts = [] if file.name == INIT else [file.stem]
    folder = file.parent
    while (folder / INIT).is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _imported(name: str, place: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _broken(place, error) from None
        raise UsageError(
            f"There is no module {error.name!r} to be found from {Path.cwd()}. Write MODULE:NAME "
            "as in `import MODULE`, and run this in the folder from which Python finds the "
            "module; or name its file, as in shop/agents.py:pay."
        ) from None
    except (ValueError, TypeError) as error:
        if name.startswith(".") or not name:
            raise UsageError(_how_to_write(place)) from None
        raise _broken(place, error) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a module may raise anything
        raise _broken(place, error) from None


def _is_theirs(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__")).partition(".")[0]
    return package not in ("pileup", "importlib")


def _broken(place: str, error: BaseException) -> Broken:
    said = f"pileup: {place} raised this while it was imported, so nothing was run."
    if isinstance(error, ModuleNotFoundError):
        said += f" The Python that looks for {error.name!r} is {sys.executable}."
    if isinstance(error, SystemExit):
        said += ' What only a program is to do belongs below `if __name__ == "__main__":`.'
    return Broken(said, error, _is_theirs)


def _how_to_write(path: str) -> str:
    return (
        f"{path!r} names nothing that can be run. Write MODULE:NAME, as in shop.agents:pay, or "
        "FILE.py:NAME; NAME is an agent or a pileup.Scenario."
    )


def _no_such_name(place: str, name: str, found: object, part: str) -> str:
    near = get_close_matches(part, _own_names(found), MOST_NAMED, 0.6) or [*_own_names(found)]
    return f"{place} has no {name!r}. {_there_is(place, near)}"


def _there_is(place: str, names: list[str]) -> str:
    if not names:
        return "It has no functions or scenarios of its own."
    return f"Write one of {', '.join(f'{place}:{each}' for each in names[:MOST_NAMED])}."


def _own_names(found: object) -> list[str]:
    """Name what somebody may have meant: functions that are defined there, and scenarios."""
    from pileup import Scenario

    home = getattr(found, "__name__", None)
    return [
        name
        for name, thing in vars(found).items()
        if isinstance(thing, Scenario)
        or (callable(thing) and getattr(thing, "__module__", None) == home and name[0] != "_")
    ]
