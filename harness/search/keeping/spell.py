"""A run's order as a text that `Spelled` brings about again: one line an operation."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import Final

from pileup.choices import CLOCK, Stream, Tape
from pileup.findings import Finding
from pileup.history import INFO, Event
from pileup.results import Run

WORLD: Final = "world"
"""Who does what happens by itself."""

LOOP: Final = "resume"
UNUSUAL: Final = re.compile(r"#|(fault|data)( \d+)?$")
"""How an agent's name must not look in a line."""

PAST_UNICODE: Final = 0xFFFF
PAST_LATIN: Final = 0xFF


def spell(run: Run, finding: Finding, *, fully: bool = False) -> str:
    """Spell out the order of a run that was proved, up to the last event that proves a finding.

    `fully` with what touches nothing as well, which an agent does on its way as a rule: starts,
    checkpoints, what it does because a loop has woken it.
    """
    end = max(finding.evidence, default=len(run.history)) + 1
    events = [event for event in run.history[:end] if _is_turn(event, fully=fully)]
    lines = [*_ordered(events, run.tape.labels.get("schedule", ()), fully=fully)]
    return "".join(f"{line}\n" for line in [*answers(run.tape), *lines])


def spell_tape(tape: Tape) -> str:
    """Spell out what a labelled tape knows: all that was asked for, and nothing that had to be."""
    lines = [line(*label.partition(": ")[::2]) for label in tape.labels.get("schedule", ())]
    return "".join(f"{each}\n" for each in [*answers(tape), *lines])


def line(who: str, deed: str) -> str:
    """Write one line; nothing in a name can begin another, or be taken for something else."""
    if not deed:
        return hide(who)
    name = hide(who).replace(": ", ":\\x20")
    if UNUSUAL.match(name):
        name = f"\\x{ord(name[0]):02x}{name[1:]}"
    return f"{name}: {hide(deed)}"


def hide(text: str) -> str:
    """Hide what would end a line or get lost at its ends."""
    shown = "".join(each if each.isprintable() and each != "\\" else _code(each) for each in text)
    bare = shown.strip()
    start = len(shown) - len(shown.lstrip())
    return "\\x20" * start + bare + "\\x20" * (len(shown) - start - len(bare))


def _code(character: str) -> str:
    number = ord(character)
    if number <= PAST_LATIN:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= PAST_UNICODE else f"\\U{number:08x}"


def answers(tape: Tape) -> Iterator[str]:
    """Spell the answers to what was asked beside the schedule, where they were not the dull ones.

    They stand before the order, because each says itself at which question it is due.
    """
    yield from _answers(tape, "faults")
    yield from _answers(tape, "data")


def _answers(tape: Tape, stream: Stream) -> Iterator[str]:
    asked: Counter[str] = Counter()
    kind = "fault" if stream == "faults" else stream
    for label, answer in zip(tape.labels.get(stream, ()), tape.stream(stream), strict=False):
        question = label.rpartition("=")[0]
        asked[question] += 1
        if answer:
            place = f" {asked[question]}" if asked[question] > 1 else ""
            value = f"={answer}" if stream == "data" else ""
            yield f"{kind}{place}: {hide(question)}{value}"


def _is_turn(event: Event, *, fully: bool) -> bool:
    """Whether an event is something that was done, and is worth a line."""
    if not event.items:
        return fully or event.agent == WORLD
    given_up = event.outcome == INFO and all(seen.version is None for seen in event.items)
    return event.name != "end" and not given_up


def _ordered(events: list[Event], labels: tuple[str, ...], *, fully: bool) -> Iterator[str]:
    """Spell the events, and between them where a deadline passed: that has no event."""
    left = deque(events)
    for label in labels:
        if not left:
            return
        who, _, deed = label.partition(": ")
        if label == CLOCK or (fully and deed == LOOP):
            yield line(who, deed)
        elif any(_is_of(event, label) for event in left):
            yield from map(_line_of, _take(left, label))
    yield from map(_line_of, left)


def _take(left: deque[Event], label: str) -> Iterator[Event]:
    """Take the events up to the one that was asked for; those before it came by themselves."""
    while not _is_of(left[0], label):
        yield left.popleft()
    yield left.popleft()


def _is_of(event: Event, label: str) -> bool:
    """Whether an event is what an option of this name brought about."""
    deed = f"{who_did(event)}: {event.name}"
    return label == deed or label.startswith(f"{deed} ")


def _line_of(event: Event) -> str:
    return line(who_did(event), event.label)


def who_did(event: Event) -> str:
    """Name the strand that acted, as an option's label does."""
    return f"{event.agent}/{event.strand}" if event.strand else event.agent
