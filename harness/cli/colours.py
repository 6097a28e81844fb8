"""A report in colours: how bad a finding is, what proves it, what to look at."""

from __future__ import annotations

import re
from typing import Final

import click

SEVERITY: Final = {"critical": "red", "high": "magenta", "medium": "yellow", "low": "cyan"}

FINDING: Final = re.compile(
    r"(?P<lead>.*?\d\S*\s+)(?P<kind>[\w.-]+ \((?P<severity>critical|high|medium|low)\))(?P<rest>.*)"
)
"""In a report `1. lost_write (critical): title`, in a table `640  lost_write (critical)`."""

PROOF: Final = re.compile(r" *> +\d+  .*")
LEADS: Final = {
    "pileup: ": "bold",
    "STILL FAILING: ": "red",
    "FIXED: ": "green",
    "warning: ": "yellow",
    "   what helps: ": "green",
}


def coloured(text: str) -> str:
    """Put colours into a report, line by line."""
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    found = FINDING.fullmatch(line)
    if found is not None:
        what = click.style(found["kind"], fg=SEVERITY[found["severity"]], bold=True)
        return f"{found['lead']}{what}{found['rest']}"
    if PROOF.fullmatch(line):
        return click.style(line, bold=True)
    for lead, colour in LEADS.items():
        if line.startswith(lead):
            return _led(line, lead, colour)
    return line


def _led(line: str, lead: str, colour: str) -> str:
    rest = line.removeprefix(lead)
    if colour != "bold":
        return click.style(lead.rstrip(), fg=colour) + f" {rest}"
    how = "green" if "clean" in rest.partition(".")[0].lower() else "red"
    return f"{lead}{click.style(rest, fg=how, bold=True)}"
