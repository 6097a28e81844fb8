"""What comes back: one `Run`, and the `Exploration` that many runs add up to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pileup.choices import Tape
from pileup.errors import UsageError
from pileup.findings import Finding
from pileup.history import History

CONFIDENCE = 0.95
HARDLY = 0.005


def _no_text(*_: object) -> str:
    return ""


class Tally(NamedTuple):
    """How often a fault rule met an operation that it speaks of, and how often it struck one."""

    met: int
    struck: int


@dataclass(frozen=True)
class Run:
    """One run, seen to its end; `token` shows it again.

    `results` holds what each agent returned, by name; an agent that did not
    return is not in it. `seconds` is virtual time. `faithful` is False for a
    replay whose tape still fitted but whose history is another one.
    """

    findings: tuple[Finding, ...]
    history: History
    tape: Tape
    results: dict[str, object]
    seconds: float
    steps: int
    world: Any = None  # Any: whatever the user's setup returned
    token: str = ""
    faithful: bool = True
    faults: tuple[Tally, ...] = ()
    shrunk: Shrunk | None = None
    render: Callable[[Run], str] = field(default=_no_text, repr=False, compare=False)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __str__(self) -> str:
        """Tell what happened, where somebody has asked to see the run again."""
        return self.render(self) or repr(self)


class Size(NamedTuple):
    """How much there is to understand of a run: up to its proof, where there is one."""

    agents: int
    operations: int
    faults: int
    deviations: int
    """From the dullest order, in which agents go one after another."""

    def __str__(self) -> str:
        """Say it in words."""
        words = ("agent", "operation", "fault", "switch")
        parts = [(count, word) for count, word in zip(self, words, strict=True) if count]
        return ", ".join(f"{count} {_plural(word) if count > 1 else word}" for count, word in parts)


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith("ch") else f"{word}s"


class Shrunk(NamedTuple):
    """From what to what a finding's run was shrunk, in how many runs.

    Of `others` that deviate alike and are drawn at random in all else, so many
    show it `too`.
    """

    before: Size
    after: Size
    runs: int
    too: int = 0
    others: int = 0


class Spread(NamedTuple):
    """How many different orders and outcomes were seen in so many runs, and how many once."""

    runs: int
    orders: int
    orders_once: int
    outcomes: int
    outcomes_once: int

    def __str__(self) -> str:
        """Say how much is still unseen, by the share of what was seen once (Good and Turing)."""
        order, outcome = self.orders_once / self.runs, self.outcomes_once / self.runs
        rest = f"about {order:.0%} of further runs would show another order, {outcome:.0%} another "
        more = f"{rest}outcome" if max(order, outcome) >= HARDLY else "hardly any run would add one"
        return (
            f"In {self.runs} of these runs that were compared, {_many(self.orders, 'order')} and "
            f"{_many(self.outcomes, 'outcome')} came up; {more}"
        )


def kinds(ignore: Collection[str]) -> Collection[str]:
    """Return the kinds to ignore; a text is a collection too, of letters that name nothing."""
    if isinstance(ignore, str):
        raise UsageError(f"`ignore` is a list of kinds. Write ignore=[{ignore!r}].")
    return ignore


class NotClean(AssertionError):
    """Something was found; the message is the whole story."""

    def __init__(self, found: Exploration) -> None:
        super().__init__(f"{found}\n")
        self.found = found


def _many(count: int, what: str) -> str:
    return f"{count} different {what}s" if count != 1 else f"one {what}"


@dataclass(frozen=True)
class Sighting:
    """When a finding was first seen, by which strategy, and in how many runs altogether."""

    run: int
    strategy: str
    times: int


@dataclass(frozen=True)
class Stats:
    """What the search did: under which backend, how many steps, who found what when.

    `kinds` says in how many runs a finding of each kind was seen, which may be
    fewer than its findings add up to, and more than the one that is seen most;
    `faults` has a tally of all runs for each rule of the fault plan.
    """

    backend: str
    steps: int
    sightings: dict[str, Sighting] = field(default_factory=dict)
    faults: dict[str, Tally] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Exploration:
    """Many runs of one program: what was found, or how sure it is that nothing is there.

    `findings` are distinct, worst first; `counterexample` is the run that shows
    the worst, `others` show what it does not; `stats` say who found what, and when.
    """

    findings: tuple[Finding, ...]
    runs: int
    stats: Stats
    counterexample: Run | None = None
    others: tuple[Run, ...] = ()
    """One for each of the worst findings that the counterexample does not show, in their order."""
    warnings: tuple[str, ...] = ()
    """What makes the search say less than it seems to: a fault that never struck."""
    compared: str = ""
    """What the serial oracle held the runs against."""
    saved: tuple[str, ...] = ()
    """What has become of each failure that was saved before, a line each."""
    claim: str = ""
    """What the strategy says that clean runs of its are worth."""
    drawn: bool = True
    """Whether the orders were drawn, so that it can be reckoned what the rest are like."""
    exhausted: bool = False
    """Whether all there was to try was tried."""
    interrupted: bool = False
    """Whether Ctrl-C has ended it before its time."""
    spread: Spread | None = None
    """How much of what there is has come up."""
    render: Callable[[Exploration, str], str] = field(default=_no_text, repr=False, compare=False)
    """How it is told, as a file is whose name ends like that: `.json`, `.html`, `.md`, or text."""

    @property
    def clean(self) -> bool:
        """Whether nothing was found in any run."""
        return not self.findings

    @property
    def shown(self) -> tuple[Run, ...]:
        """The counterexample and the others; a finding is shown by the one whose token it has."""
        first = () if self.counterexample is None else (self.counterexample,)
        return (*first, *self.others)

    @property
    def bound(self) -> str:
        """In how many runs at most something goes wrong, if so many drawn ones were clean."""
        return f"{100 * (1 - (1 - CONFIDENCE) ** (1 / self.runs)):.2g}%"

    @property
    def strength(self) -> str:
        """How much a clean result says."""
        return ". ".join(self.strengths)

    @property
    def strengths(self) -> tuple[str, ...]:
        """The same, one sentence at a time."""
        parts = (*self._sure(), *([self.compared] if self.compared else []))
        return tuple(part.removesuffix(".") for part in parts)

    def _sure(self) -> Iterator[str]:
        if self.exhausted:
            yield f"Clean: {self.claim}"
            return
        yield f"{self.runs:,} runs clean" + (
            ". If orders like these can go wrong at all, they do in fewer than "
            f"{self.bound} of runs (at {CONFIDENCE:.0%} confidence)"
            if self.drawn
            else ""
        )
        if self.claim:
            yield self.claim
        if self.spread is not None and self.drawn:
            yield str(self.spread)

    def assert_clean(self, ignore: Collection[str] = ()) -> None:
        """Raise AssertionError with the whole story if anything but the ignored kinds was found."""
        __tracebackhide__ = True
        ignored = kinds(ignore)
        if any(finding.kind not in ignored for finding in self.findings):
            raise NotClean(self)

    def report(self, path: str | Path) -> Path:
        """Write what was found, as the file's name ends; return where.

        `.html` is a page to look at, `.md` is Markdown, `.json` is data that
        `pileup report` reads again; all else is text.
        """
        target = Path(path)
        told = self.render(self, target.suffix)
        target.write_text(f"{told}\n", "utf-8", "backslashreplace")
        return target

    def __str__(self) -> str:
        return self.render(self, "")
