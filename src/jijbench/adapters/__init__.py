"""Adapters: found by file, one class each. Third parties ship theirs under the entry-point group."""

import ast
import importlib
import importlib.metadata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from jijbench.errors import MissingExtra, UnknownName

if TYPE_CHECKING:
    from jijbench.adapters.base import Adapter

GROUP = "jijbench.adapters"
_NO_MODEL = {"__init__", "base"}


def _files() -> dict[str, Path]:
    paths = sorted(Path(__file__).parent.glob("*.py"))
    return {p.stem.replace("_", "-"): p for p in paths if p.stem not in _NO_MODEL and not p.stem.startswith("_")}


@lru_cache(maxsize=1)
def _entry_points() -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}


def names() -> list[str]:
    """Names of all adapters at hand; imports none of them."""
    return sorted({*_files(), *_entry_points()})


def requires(name: str) -> tuple[str, ...]:
    """Distributions that an adapter of this package declares, read from its source without importing it."""
    files = _files()
    if name not in files:
        return get(name).requires
    for node in ast.walk(ast.parse(files[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "requires" and node.value is not None:
            return tuple(ast.literal_eval(node.value))
    return ()


def missing(name: str) -> str | None:
    """Which declared distributions are not installed, and how to get them; None if none is missing."""
    absent = []
    for distribution in requires(name):
        try:
            importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            absent.append(distribution)
    return f"needs {', '.join(absent)}, not installed: pip install {' '.join(absent)}" if absent else None


def get(name: str) -> "type[Adapter]":
    """The adapter class called ``name``; raises ``UnknownName``. Heavy packages load when it is used."""
    from jijbench.adapters.base import Adapter

    if name in _entry_points():
        return _entry_points()[name].load()
    if ":" in name:  # module:Class, for a model that is not installed as a plug-in
        module_name, class_name = name.split(":")
        return getattr(importlib.import_module(module_name), class_name)
    if name not in _files():
        raise UnknownName("adapter", name, names())
    module = importlib.import_module(f"{__name__}.{_files()[name].stem}")
    found = [value for value in vars(module).values()
             if isinstance(value, type) and issubclass(value, Adapter) and value.__module__ == module.__name__]  # fmt: skip  # noqa: E501
    if len(found) != 1:
        raise TypeError(f"{module.__file__} defines {len(found)} adapter classes; one file holds one")
    return found[0]


def require(name: str) -> "type[Adapter]":
    """As ``get``, but raises ``MissingExtra`` where a declared distribution is not installed."""
    reason = missing(name)
    if reason:
        raise MissingExtra(f"{name} {reason}")
    return get(name)
