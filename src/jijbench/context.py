"""Settings that do not change an answer: threads, scratch and cache folders, where data lie.

``with jijbench.context(threads=2): ...`` sets them for a block, as ``sklearn.config_context`` does.
"""

import contextlib
import hashlib
import os
import platform
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from jijbench.errors import DataError
from jijbench.install import checkout

#: environment variable that says where models may compute
DEVICE = "JIJBENCH_DEVICE"


def _default_cache() -> Path | None:
    if os.environ.get("JIJBENCH_CACHE"):
        return Path(os.environ["JIJBENCH_CACHE"])
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "jijbench"
    try:
        return Path.home() / ".cache" / "jijbench"
    except RuntimeError:  # a user without a home directory
        return None


def _default_cache_gib() -> float:
    text = os.environ.get("JIJBENCH_CACHE_GIB", "2")
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise DataError(f"JIJBENCH_CACHE_GIB={text!r} is no number of GiB from 0 on; set it to 2, or unset it")
    return found


@dataclass(frozen=True)
class Context:
    """Threads a worker may use, folders for scratch files and cached descriptors, GiB that these may take.

    ``cache`` is None where there is no home directory and no variable names a folder. ``device`` is where a model that
    can may compute, in the words of its library (``cuda:1``); nothing has to heed it.
    """

    threads: int = 1
    device: str = field(default_factory=lambda: os.environ.get(DEVICE) or "cpu")
    scratch: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    cache: Path | None = field(default_factory=_default_cache)
    cache_gib: float = field(default_factory=_default_cache_gib)


_current: ContextVar[Context | None] = ContextVar("jijbench_context", default=None)


def current() -> Context:
    """The settings in force here."""
    return _current.get() or Context()


@contextlib.contextmanager
def context(**settings: Any) -> Iterator[Context]:
    """Change settings for a block; names are those of ``Context``."""
    token = _current.set(replace(current(), **settings))
    try:
        yield current()
    finally:
        _current.reset(token)


def owner() -> str:
    """``MACHINE-PID``: whose a temporary file or folder is, for its name; machines are told apart by a short hash.

    Containers that share a folder may share their host's name, but not its numbering of processes.
    """
    try:
        numbering = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not Linux
        numbering = ""
    machine = hashlib.sha256(f"{platform.node()} {numbering}".encode()).hexdigest()[:8]
    return f"{machine}-{os.getpid()}"


@lru_cache(maxsize=256)  # asked once a cell
def installed(distribution: str) -> str | None:
    """Version of an installed distribution, else None."""
    import importlib.metadata  # the half of what `jijbench --help` would take

    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def home(kind: str) -> Path:
    """Folder ``datasets``, ``benchmarks``, ``results`` or ``docs`` of the checkout, else of the installed wheel."""
    return (checkout() or Path(__file__).parent / "_share") / kind
