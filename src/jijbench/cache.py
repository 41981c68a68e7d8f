"""The cache of descriptors: arrays on disk, computed once for each setting and geometry, not once a trial.

It decides no answer and runs no code. An entry is an ``.npz`` file of plain arrays that is never unpickled; the folder
is its owner's alone. Every worker of every run may read and write it at once: an entry is written beside its place and
renamed, so no reader sees half of one, and one that cannot be read is computed anew. A cache that cannot be used costs
time, never a cell: one warning, and the work goes on without it.
"""

import contextlib
import hashlib
import inspect
import os
import re
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from jijbench.context import current, installed
from jijbench.errors import CacheWarning

P = ParamSpec("P")
R = TypeVar("R", bound=np.ndarray | dict[str, np.ndarray])

#: name in the file of a result that is one array; several have names of their own
ALONE = "array"
#: an entry by its name: nothing else in the folder is read or removed
ENTRY = re.compile(r"[0-9a-f]{64}\.npz")
#: what an entry is called until it is whole, and seconds after which its writer must have died
PART, FORGOTTEN = ".jijbench-part", 86400.0


def cached(*distributions: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what a pure function of arrays, numbers, texts and settings gives: an array, or arrays by name.

    ``distributions``: whose versions decide the numbers, beside numpy's.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            folder = _folder()
            if folder is None:
                return function(*args, **kwargs)
            path = folder / f"{_digest(function, distributions, *args, **kwargs)}.npz"
            known = _read(path)
            if known is None:
                found = function(*args, **kwargs)
                _keep(path, found if isinstance(found, dict) else {ALONE: found})
                return found
            return known[ALONE] if list(known) == [ALONE] else known  # type: ignore[return-value]

        return call

    return decorate


def remembered(decides: str, make: Callable[[], str]) -> str:
    """The text that ``make`` gives, kept under everything that ``decides`` it."""
    folder = _folder()
    if folder is None:
        return make()
    path = folder / f"{hashlib.sha256(decides.encode()).hexdigest()}.npz"
    known = _read(path)
    if known is None or set(known) != {ALONE}:
        text = make()
        _keep(path, {ALONE: np.frombuffer(text.encode(), dtype=np.uint8)})
        return text
    return known[ALONE].tobytes().decode()


def probe() -> None:
    """Warn where entries could not be written: whoever starts other processes says it once for all of them."""
    folder = _folder()
    if folder is None:
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(2**20))  # a full disk takes the name of a file, not its content
            file.flush()
    except OSError as error:
        _say(folder, error.strerror or str(error))


def trim() -> None:
    """Remove the entries read longest ago until the folder holds no more than ``context().cache_gib``."""
    folder, total, limit = _folder(), 0, current().cache_gib * 2**30
    if folder is None:
        return
    for path, found in sorted(_entries(folder), key=lambda entry: -entry[1].st_mtime):
        total += found.st_size
        if total > limit:
            _remove(path)
    for path in folder.glob(f"*{PART}"):
        if time.time() - _modified(path) > FORGOTTEN:
            _remove(path)


def _entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.iterdir():
        if ENTRY.fullmatch(path.name):
            try:
                yield path, path.lstat()
            except OSError:  # another run was quicker
                continue


def _modified(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return time.time()


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _say(path.parent, error.strerror or str(error))


def _folder() -> Path | None:
    """The folder of the cache, made if need be; None, and a warning, where it cannot be trusted or be made."""
    folder = current().cache
    if folder is None:
        _say("there is no home directory", "nowhere to keep them")
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = _distrust(folder.stat())
    except OSError as error:
        reason = "it is no folder" if isinstance(error, FileExistsError) else error.strerror or str(error)
    if reason:
        _say(folder, reason)
        return None
    return folder


def _distrust(found: os.stat_result) -> str | None:
    """Why a file or folder may hold what another user wants us to read; None where it is ours alone."""
    if not hasattr(os, "geteuid"):
        return None
    if found.st_uid != os.geteuid():
        return f"it belongs to another user (uid {found.st_uid})"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write to it (mode {stat.S_IMODE(found.st_mode):o}); empty it and chmod 700"
    return None


@lru_cache(maxsize=256)  # once a process
def _say(where: str | Path, why: str) -> None:
    text = f"cache of descriptors, {where}: {why}; it is done without, which costs time and changes no result"
    warnings.warn(f"{text}. Set JIJBENCH_CACHE to a folder of your own", CacheWarning, stacklevel=4)


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of an entry, None where there is none that can be read; the time says that it was of use."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # no link, no waiting for a pipe
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or _distrust(found):
                return None
            with np.load(file, allow_pickle=False) as arrays:
                content = {name: arrays[name] for name in arrays.files}
    except Exception:  # whatever is wrong with it, it is computed anew
        return None
    with contextlib.suppress(OSError):  # a cache that can only be read
        os.utime(path)
    return content or None


def _keep(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an entry whole or not at all."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=PART)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            Path(name).replace(path)
        except BaseException:
            _remove(Path(name))
            raise
    except OSError as error:
        _say(path.parent, error.strerror or str(error))


def _digest(function: Callable[..., Any], distributions: tuple[str, ...], *args: Any, **kwargs: Any) -> str:
    """Name of an entry: the function and its code, the versions that decide its numbers, its arguments."""
    given = inspect.signature(function).bind(*args, **kwargs)
    given.apply_defaults()
    what = (function.__module__, function.__qualname__, _code(function.__module__))
    versions = tuple((name, installed(name)) for name in (*distributions, "numpy"))
    arguments = tuple((name, _plain(value)) for name, value in given.arguments.items())
    return hashlib.sha256(repr((what, versions, arguments)).encode()).hexdigest()


@lru_cache(maxsize=64)
def _code(module: str) -> str:
    return hashlib.sha256(inspect.getsource(sys.modules[module]).encode()).hexdigest()


def _plain(value: object) -> object:
    """A value as something whose ``repr`` says it exactly; raises ``TypeError`` for what has no such."""
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return "array", value.dtype.str, value.shape, content
    if isinstance(value, np.generic):
        return _plain(value.item())
    if is_dataclass(value):
        return type(value).__qualname__, *((f.name, _plain(getattr(value, f.name))) for f in fields(value))
    if isinstance(value, tuple | list):
        return tuple(map(_plain, value))
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"an argument {value!r} has no place in the cache; pass arrays, numbers, texts and settings")
