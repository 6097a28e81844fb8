"""What the shell completes: strategies, faults, saved failures, files with agents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

MOST: Final = 200


def complete_strategies(
    _context: click.Context, _option: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Complete a strategy's name."""
    from pileup.cli.listing import strategies

    return _items(strategies(), begun)


def complete_faults(
    _context: click.Context, _option: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Complete the name of a profile of faults."""
    from pileup.cli.listing import profiles

    return _items(profiles(), begun)


def complete_saved(
    _context: click.Context, _option: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Complete a saved failure's file; any file where there is none."""
    from click.shell_completion import CompletionItem

    from pileup.cli.options import SAVED
    from pileup.cli.topologies import KEPT

    there = [path for path in sorted(Path(SAVED).glob("*.json")) if path.name != KEPT]
    files = [str(path) for path in there[:MOST]]
    known = [path for path in files if path.startswith(begun)]
    return [CompletionItem(path) for path in known] or [CompletionItem(begun, type="file")]


def complete_places(
    _context: click.Context, _option: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Complete a file's name; what is in it only who imports it knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def _items(meanings: dict[str, str], begun: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(name, help=told) for name, told in meanings.items() if name.startswith(begun)
    ]
