"""Adapters: found by file, one class each. Third parties ship theirs under the entry-point group."""

import ast
import importlib
import importlib.metadata
import importlib.util
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jijbench.adapters import _described
from jijbench.context import installed
from jijbench.errors import DataError, MissingExtra, UnknownName
from jijbench.install import add

if TYPE_CHECKING:
    from jijbench.adapters.base import Adapter

GROUP = "jijbench.adapters"
_NO_MODEL = {"__init__", "base", "curve_floor", "field_regressor", "kernel_adapter", "shell_scaled"}


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """Files of models, and of the floors, by the adapter's name."""
    here = Path(__file__).parent
    paths = sorted([*here.glob("*.py"), *here.glob("floors/*.py")], key=lambda path: path.stem)
    return {p.stem.replace("_", "-"): p for p in paths if p.stem not in _NO_MODEL and not p.stem.startswith("_")}


def _module(name: str) -> str:
    """Module of a shipped adapter."""
    return ".".join([__name__, *_files()[name].relative_to(Path(__file__).parent).with_suffix("").parts])


@lru_cache(maxsize=1)
def _entry_points() -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}


def names() -> list[str]:
    """Names of all adapters at hand; imports none of them."""
    return sorted({*_files(), *_entry_points()})


def requires(name: str) -> tuple[str, ...]:
    """Distributions that an adapter declares, read from its source without importing it; raises ``UnknownName``."""
    return tuple(_literal(name, "requires", ()))


def version(name: str) -> int:
    """Version that an adapter declares, read from its source without importing it; raises ``UnknownName``."""
    return int(_literal(name, "version", 1))


def described(name: str) -> tuple[str, str]:
    """What an adapter is, in a line, and its licence, read from its source; empty where that does not say."""
    module, wanted = _place(name)
    path = _files().get(name) or _source(module)
    return ("", "") if path is None else _described.described(path, wanted, _source)


def _literal(name: str, attribute: str, default: Any) -> Any:
    module, wanted = _place(name)
    path = _files().get(name) or _source(module)
    return default if path is None else _declared(path, path.stat().st_mtime_ns, wanted, attribute, default)


@lru_cache(maxsize=256)
def _declared(path: Path, changed: int, wanted: str, attribute: str, default: Any) -> Any:
    """A class attribute that is written as a literal in the body of an adapter's own class; as the file is now."""
    tree = _described.parsed(path, changed)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and wanted in ("", node.name)]
    for node in (statement for found in classes for statement in found.body):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        value = getattr(node, "value", None)
        if value is not None and attribute in map(ast.unparse, targets):
            return ast.literal_eval(value)
    return default


def module_of(name: str) -> str:
    """Name of the module that holds an adapter; raises ``UnknownName``."""
    return _place(name)[0]


def _place(name: str) -> tuple[str, str]:
    """Module of an adapter's class, and the name of the class where the module may hold several."""
    if name in _files():
        return _module(name), ""
    target = _entry_points()[name].value if name in _entry_points() else name
    module, colon, wanted = target.partition(":")
    if not colon:
        raise UnknownName("adapter", name, names())
    return module.strip(), wanted.strip()


def _source(module: str) -> Path | None:
    """The file of a module, found without importing the packages around it."""
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
        for name in rest:
            spec = PathFinder.find_spec(f"{spec.name}.{name}", spec.submodule_search_locations) if spec else None
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def missing(name: str) -> str | None:
    """Which declared distributions are not installed, and how to get them; None if none is missing."""
    absent = [distribution for distribution in requires(name) if installed(distribution) is None]
    return f"needs {', '.join(absent)}, not installed: {add(*absent)}" if absent else None


def get(name: str) -> "type[Adapter]":
    """The adapter class called ``name``; raises ``UnknownName``. Heavy packages load when it is used."""
    from jijbench.adapters.base import Adapter

    if name in _entry_points() and name not in _files():  # ours keep their names
        return _loaded(_entry_points()[name].value)
    if ":" in name:  # module:Class, for a model that is not installed as a plug-in
        return _loaded(name)
    if name not in _files():
        raise UnknownName("adapter", name, names())
    module = importlib.import_module(_module(name))
    found = [value for value in vars(module).values()
             if isinstance(value, type) and issubclass(value, Adapter) and value.__module__ == module.__name__]  # fmt: skip  # noqa: E501
    if len(found) != 1:
        raise TypeError(f"{module.__file__} defines {len(found)} adapter classes; one file holds one")
    return found[0]


def in_no_file(class_name: str) -> str:
    """What to do about a class of a notebook cell, which other processes cannot import."""
    return (
        f"{class_name} is of a notebook cell or a prompt, and the processes that run cells cannot import it: make "
        f"`%%writefile my_models.py` the first line of its cell, run it, and name the adapter 'my_models:{class_name}'"
    )


def _loaded(place: str) -> "type[Adapter]":
    module_name, class_name = (part.strip() for part in place.split(":"))
    try:
        module = importlib.import_module(module_name)
    except SystemExit as error:  # a script that was not meant to be imported; whoever asks is not to end with it
        raise ImportError(f"{module_name} ends its interpreter: SystemExit: {error}") from error
    if module_name == "__main__" and not hasattr(module, class_name):
        raise DataError(in_no_file(class_name))
    return getattr(module, class_name)


def require(name: str) -> "type[Adapter]":
    """As ``get``, but raises ``MissingExtra`` where a declared distribution is not installed."""
    reason = missing(name)
    if reason:
        raise MissingExtra(f"{name} {reason}")
    return get(name)
