"""Files and folders written whole or not at all, and hashes of content."""

import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from jijbench.context import owner
from jijbench.errors import ExportError


def canonical(content: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(content: Any) -> str:
    """Hash of a JSON value, independent of the order of keys."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: temporary file, fsync, rename; an ``OSError`` names the file itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _named(path):
        _write(path, data)


def _write(path: Path, data: bytes) -> None:
    made = _beside(path)
    try:
        with made.open("xb") as stream:  # not mkstemp: the umask decides who may read it
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def _beside(path: Path) -> Path:
    """A free name, beside ``path`` and hidden, for what is not whole yet; it says whose it is."""
    return path.with_name(f".{path.name}.{owner()}.{secrets.token_hex(4)}")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside ``out`` that becomes ``out`` when the block ends without an error, else vanishes.

    ``out`` may be there as an empty folder. A process that is killed outright can leave the temporary folder
    (``.NAME.…``), never half an ``out``. An ``OSError`` names the folder, or the file in it.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with _named(out):
        made = _beside(out)
        made.mkdir()
    try:
        with _named(out, made):
            yield made
            made.replace(out)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Content of a compressed ``.npz`` file of plain arrays; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


@contextmanager
def _named(wanted: Path, temporary: Path | None = None) -> Iterator[None]:
    """Errors of the system name what was ``wanted``, not the temporary file that stood for it, nor nothing.

    What lies outside the ``temporary`` folder keeps its own name.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        name = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
        if temporary is not None and name is not None:
            wanted = wanted / name.relative_to(temporary) if name.is_relative_to(temporary) else name
        raise OSError(error.errno, error.strerror, str(wanted)) from error


def check_free(folder: Path) -> None:
    """Raises ``ExportError`` where a folder holds something already, or a file stands in its place."""
    if folder.is_dir() and any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty; choose another folder, or clear it yourself")
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; choose a folder")


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write texts (or bytes) by file name into a new folder, all of them or none (``new_folder``).

    Raises ``ExportError`` for a folder that is not empty.
    """
    check_free(folder)
    with new_folder(folder) as made:
        for name, content in files.items():
            with (made / name).open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
    return [folder / name for name in files]
