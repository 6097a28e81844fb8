"""A newcomer's machine: Python, a shell, and a pip that finds pileup's wheel and its libraries.

Nothing is downloaded. The libraries are those of the running environment, and
only such as pip would have installed; pileup itself comes from a wheel.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("harness", "fakes", "scenarios", "reports")
PAGES: Final = ("pyproject.toml", "README.md", "LICENSE")
OURS: Final = "pileup"


def environment(folder: Path, wanted: Iterable[str], project: Path) -> dict[str, str]:
    """Set a machine up in a folder; return the environment of its shell."""
    programs, libraries = (
        folder / "bin",
        folder / "site-packages",
    )  # by this name pileup knows others' code
    for each in (programs, libraries):
        each.mkdir(parents=True)
    _program(programs / "python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for found in _needed(wanted).values():
        _lend(found, libraries, programs)
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(libraries),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheel(folder / "wheel").parent),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        # because a pytest.ini in a folder above would be taken for the reader's own
        "PYTEST_ADDOPTS": f"-c /dev/null --rootdir={project}",
    }


def wheel(folder: Path) -> Path:
    """Build pileup's wheel, from a copy, because a build leaves things behind."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PAGES:
        shutil.copy(ROOT / name, tree / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--quiet", "--wheel-dir", str(folder), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the wheel cannot be built:\n{done.stdout}\n{done.stderr}"
    (built,) = folder.glob("*.whl")
    return built


def _needed(wanted: Iterable[str]) -> dict[str, Distribution]:
    """Find what pip would install for these requirements, but for pileup itself."""
    found: dict[str, Distribution] = {}
    asked: dict[str, None] = {}
    waiting = [Requirement(each) for each in wanted]
    while waiting:
        requirement = waiting.pop()
        if str(requirement) in asked:
            continue
        asked[str(requirement)] = None
        name = canonicalize_name(requirement.name)
        found[name] = distribution(name)
        for text in found[name].requires or ():
            further = Requirement(text)
            if _applies(further, requirement.extras):
                waiting.append(further)
    found.pop(OURS, None)
    return found


def _applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": each}) for each in ("", *extras))


def _lend(found: Distribution, libraries: Path, programs: Path) -> None:
    """Link a distribution's files, and write its programs as pip does."""
    parts = {Path(str(file)).parts[0]: None for file in found.files or ()}
    for part in parts:
        link = libraries / part
        if part not in ("..", "__pycache__") and not link.exists():
            link.symlink_to(Path(str(found.locate_file(part))))
    for point in found.entry_points.select(group="console_scripts"):
        start = f"from {point.module} import {point.attr}\nraise SystemExit({point.attr}())\n"
        _program(programs / point.name, f"#!/usr/bin/env python\n{start}")


def _program(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o755)
