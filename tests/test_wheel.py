"""The wheel holds every module under its import name: the folders' names are not the packages'."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "harness": "pileup",
    "fakes": "pileup/fakes",
    "scenarios": "pileup/scenarios",
    "reports": "pileup/reports",
}
PAGES = ("pyproject.toml", "README.md", "LICENSE")
OLDEST_SETUPTOOLS = 77


def has_builder() -> bool:
    try:
        version("build")
        return int(version("setuptools").partition(".")[0]) >= OLDEST_SETUPTOOLS
    except PackageNotFoundError:
        return False


pytestmark = pytest.mark.skipif(
    not has_builder(), reason="needs build, and setuptools>=77 (`pip install pileup[test]`)"
)


def copied(source: Path, target: Path) -> Path:
    """Copy what a build needs, so that its leavings stay out of the checkout."""
    target.mkdir(exist_ok=True)
    for folder in FOLDERS:
        if (source / folder).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source / folder, target / folder, ignore=ignored)
    for page in PAGES:
        if (source / page).is_file():
            shutil.copy(source / page, target / page)
    return target


def build(tree: Path, target: Path) -> Path:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target)]
    done = subprocess.run([*command, str(tree)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the wheel cannot be built:\n{done.stdout}\n{done.stderr}"
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    tree = copied(ROOT, tmp_path_factory.mktemp("tree"))
    return zipfile.ZipFile(build(tree, tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def unpacked(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("unpacked")
    wheel.extractall(target)
    return target


def modules_of(root: Path) -> set[str]:
    """Name the file in the wheel that each source file should become."""
    return {
        f"{package}/{path.relative_to(root / folder).as_posix()}"
        for folder, package in FOLDERS.items()
        for path in (root / folder).rglob("*.py")
    }


def metadata(wheel: zipfile.ZipFile, page: str) -> str:
    (name,) = (each for each in wheel.namelist() if each.endswith(f".dist-info/{page}"))
    return wheel.read(name).decode()


def test_every_module_is_in_the_wheel_under_its_import_name(wheel: zipfile.ZipFile) -> None:
    assert modules_of(ROOT) - set(wheel.namelist()) == set()


def test_nothing_else_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {name for name in names if name.endswith(".py")} == modules_of(ROOT)
    assert {name.partition("/")[0] for name in names} == {"pileup"}


def test_type_checkers_are_told_that_the_package_is_typed(wheel: zipfile.ZipFile) -> None:
    assert "pileup/py.typed" in wheel.namelist()


def test_the_console_script_is_declared(wheel: zipfile.ZipFile) -> None:
    scripts = configparser.ConfigParser()
    scripts.read_string(metadata(wheel, "entry_points.txt"))
    assert dict(scripts["console_scripts"]) == {"pileup": "pileup.cli:main"}


def test_what_the_entry_points_name_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    points = configparser.ConfigParser()
    points.read_string(metadata(wheel, "entry_points.txt"))
    targets = {point for group in points.sections() for point in points[group].values()}
    places = [target.partition(":")[0].replace(".", "/") for target in targets]
    files = set(wheel.namelist())
    assert [each for each in places if not {f"{each}.py", f"{each}/__init__.py"} & files] == []


def test_the_licence_comes_along(wheel: zipfile.ZipFile) -> None:
    assert "License-Expression: MIT" in metadata(wheel, "METADATA")
    assert "MIT" in metadata(wheel, "licenses/LICENSE")


def test_an_unpacked_wheel_works_without_the_checkout(unpacked: Path) -> None:
    code = "import pileup, pileup.fakes, pileup.reports; print(pileup.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(unpacked)


def test_a_module_in_an_unlisted_package_is_noticed(tmp_path: Path) -> None:
    tree = copied(ROOT, tmp_path / "tree")
    (tree / "harness" / "forgotten").mkdir()
    (tree / "harness" / "forgotten" / "__init__.py").write_text('"""Nobody listed me."""\n')
    names = set(zipfile.ZipFile(build(tree, tmp_path / "wheel")).namelist())
    assert modules_of(tree) - names == {"pileup/forgotten/__init__.py"}
