"""Classes and functions as a reader of the reference wants them: signatures, and what they say."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from textwrap import dedent, indent
from typing import Any, Final

OURS: Final = "pileup"
WIDTH: Final = 90
PATH: Final = re.compile(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z])")
OPTIONS: Final = re.compile(r"Unpack\[(\w+)\]")
WAYS: Final = {
    "async ": ("Awaitable",),
    "async with ": ("AbstractAsyncContextManager", "AsyncIterator"),
    "with ": ("AbstractContextManager", "Iterator"),
}
NOTHING: Final = ("", "None", "_empty")
LONG: Final = 40


def doc(thing: object) -> str:
    """Return a docstring, or nothing where there is none of its own."""
    return inspect.getdoc(thing) or ""


def call(name: str, function: Callable[..., Any]) -> str:
    """Spell a call out: in one line, or one parameter a line where that is too long."""
    signature = inspect.signature(function)
    given = signature.parameters.values()
    parts = [*_parts([each for each in given if each.name not in ("self", "cls")])]
    before, answer = _way(function, spelled(signature.return_annotation))
    ends = "" if isinstance(function, type) or answer in NOTHING else f" -> {answer}"
    line = f"{before}{name}({', '.join(parts)}){ends}"
    if len(line) <= WIDTH:
        return line
    return f"{before}{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){ends}"


def _way(function: Callable[..., Any], answer: str) -> tuple[str, str]:
    """Say how a call is written, by what it returns: awaited, in a `with`, or plainly."""
    managed = inspect.isgeneratorfunction(inspect.unwrap(function))
    for before, kinds in WAYS.items():
        for kind in kinds:
            if answer.startswith(f"{kind}[") and (managed or kind != "Iterator"):
                inner = answer.removeprefix(f"{kind}[").removesuffix("]")
                return before, inner.removesuffix(", None").removesuffix(", bool | None")
    return ("async " if inspect.iscoroutinefunction(function) else ""), answer


def _parts(given: list[inspect.Parameter]) -> Iterator[str]:
    marked = False
    for each in given:
        marked = marked or each.kind is each.VAR_POSITIONAL
        if each.kind is each.KEYWORD_ONLY and not marked:
            marked = True
            yield "*"
        yield _part(each)


def _part(each: inspect.Parameter) -> str:
    stars = "*" * ((each.kind is each.VAR_POSITIONAL) + 2 * (each.kind is each.VAR_KEYWORD))
    kind = "" if each.annotation is each.empty else f": {spelled(each.annotation)}"
    usual = "" if each.default is each.empty else f"{' = ' if kind else '='}{value(each.default)}"
    return f"{stars}{each.name}{kind}{usual}"


def spelled(annotation: object) -> str:
    """Shorten a type: without the modules that it lies in."""
    text = getattr(annotation, "__forward_arg__", annotation)
    text = text if isinstance(text, str) else inspect.formatannotation(text)
    return OPTIONS.sub(r"\1", PATH.sub("", text.strip("'\"")))


def value(usual: object) -> str:
    """Spell out what an argument is when nobody gives it."""
    if isinstance(usual, float) and usual.is_integer():
        return f"{int(usual):_}"
    if type(usual) is int:
        return f"{usual:_}"
    if is_dataclass(usual):
        return f"{type(usual).__name__}()"
    text = f'"{usual}"' if isinstance(usual, str) else repr(usual)
    text = text.removeprefix("mappingproxy(").removesuffix(")") if "proxy" in text else text
    return "..." if text.startswith("<") or len(text) > LONG else text


def classes(kind: type) -> list[type]:
    """Return a class and those that it is made of, as far as they are pileup's own."""
    return [each for each in kind.__mro__ if each.__module__.partition(".")[0] == OURS]


def members(kind: type) -> dict[str, str]:
    """Spell out all that somebody who has one can use, by name."""
    found: dict[str, str] = {}
    for each in classes(kind):
        for name, text in (*_fields(each), *_assigned(each), *_own(each)):
            if not name.startswith("_"):
                found.setdefault(name, text)
    return found


def _fields(kind: type) -> Iterator[tuple[str, str]]:
    """Find the fields of a dataclass or a named tuple."""
    names: Iterable[str] = getattr(kind, "__dataclass_fields__", getattr(kind, "_fields", ()))
    for name in names:
        if annotation := inspect.get_annotations(kind).get(name):
            yield name, f"{name}: {spelled(annotation)}"


def _assigned(kind: type) -> Iterator[tuple[str, str]]:
    """Find what a constructor puts under a public name, where its type can be told."""
    if "__init__" not in vars(kind) or is_dataclass(kind):
        return
    tree = ast.parse(dedent(inspect.getsource(vars(kind)["__init__"])))
    types = {each.arg: each.annotation for each in ast.walk(tree) if isinstance(each, ast.arg)}
    for each in ast.walk(tree):
        match each:
            case ast.Assign(targets=[ast.Attribute(ast.Name("self"), name)], value=ast.Name(given)):
                if (annotation := types.get(given)) is not None:
                    yield name, f"{name}: {spelled(ast.unparse(annotation))}"
            case ast.Assign(
                targets=[ast.Attribute(ast.Name("self"), name)],
                value=ast.Call(func=ast.Name(made)),
            ) if made[0].isupper():
                yield name, f"{name}: {made}"


def _own(kind: type) -> Iterator[tuple[str, str]]:
    """Find methods and properties."""
    for name, given in vars(kind).items():
        member = given.__func__ if isinstance(given, classmethod | staticmethod) else given
        if not doc(given) or type(given).__name__ == "_tuplegetter":
            continue
        if inspect.isfunction(member):
            whose = f"{kind.__name__}." if isinstance(given, classmethod) else ""
            yield name, f"{call(whose + name, member)}\n{indent(doc(member), '    ')}"
        elif (getter := _getter(given)) is not None:
            answer = spelled(inspect.signature(getter).return_annotation)
            yield name, f"{name}: {answer}\n{indent(doc(given), '    ')}"


def _getter(given: object) -> Callable[..., Any] | None:
    """Return the function behind a property of any kind, those that are made once among them."""
    found = (getattr(given, name, None) for name in ("fget", "func", "make"))
    return next((each for each in found if inspect.isfunction(each)), None)


def options(kind: type) -> dict[str, type]:
    """Find the options that methods of a class take as `**options`, by the name of their type."""
    found: dict[str, type] = {}
    for each in classes(kind):
        for function in vars(each).values():
            if inspect.isfunction(function):
                for name in OPTIONS.findall(str(inspect.signature(function))):
                    found.setdefault(name, function.__globals__[name])
    return found


def entries(options: type) -> Iterator[str]:
    """Spell out what options there are."""
    for name, kind in options.__annotations__.items():
        yield f"{name}: {spelled(kind)}"
