"""A package with one adapter, to begin from: files ending in ``.in`` with ``@name@`` and other words in them."""

import keyword
import re
from pathlib import Path

from jijbench import adapters
from jijbench.errors import DataError
from jijbench.install import distribution

#: template → path in the new package
FILES = {
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "benchmark.yaml.in": "benchmark.yaml",
    "adapter.py.in": "src/@package@/__init__.py",
    "test_adapter.py.in": "tests/test_@package@.py",
}
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_skeleton(name: str, folder: Path) -> list[Path]:
    """Write the package of an adapter called ``name``; returns the files.

    Raises ``DataError`` for a name that no row could use or that is taken, and where ``folder`` is not empty.
    """
    words = _words(name)
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} exists and is not empty; remove it or choose another with --folder")
    written = []
    for template, target in FILES.items():
        path = folder / _filled(target, words)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (Path(__file__).parent / template).read_text(encoding="utf-8")
        path.write_text(_filled(text, words), encoding="utf-8")
        written.append(path)
    return written


def _words(name: str) -> dict[str, str]:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise DataError(f"{name!r} is no name for an adapter; use small letters, digits and hyphens, as in my-model")
    if name in adapters.names():
        raise DataError(f"there is an adapter called {name!r} already; choose another name")
    package = "jijbench_" + name.replace("-", "_")
    class_name = "".join(part.capitalize() for part in name.split("-"))
    return {"name": name, "package": package, "class": class_name, "suite": _suite()}


def _suite() -> str:
    """What a package that needs ours must name."""
    name = distribution()
    if name is None:
        raise DataError("this package is used without being installed, so none can depend on it; install it first")
    return name


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text
