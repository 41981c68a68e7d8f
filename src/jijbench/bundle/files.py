"""The folder of a bundle: written whole or not at all, read only where every byte is what the manifest says."""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from jijbench import limits
from jijbench.data.card import Sha256, Strict, file_sha256, validated
from jijbench.errors import DataError
from jijbench.files import new_folder
from jijbench.reading import UNREADABLE, inside, parse_json, read_array, read_arrays, read_text

VERSION = 1
FAMILY = "jijbench.bundle/"
MANIFEST = "manifest.json"
#: endings of files that hold programs, or objects that run code when they are read
CODE = (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".py", ".pyc", ".so", ".dll")


#: what reads files of arrays, checked
READERS: Mapping[str, Callable[[Path], object]] = MappingProxyType({".npz": read_arrays, ".npy": read_array})


class Manifest(Strict):
    """Schema, and the sha256 of every file beside the manifest."""

    schema_: Annotated[str, Field(alias="schema")]
    files: dict[str, Sha256]

    @property
    def text(self) -> str:
        """The one form in which a manifest is written."""
        return json.dumps(self.model_dump(by_alias=True), indent=1, sort_keys=True) + "\n"

    @property
    def sha256(self) -> str:
        """Names the bundle: hash of the manifest, so of every byte in the folder."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def refuse_taken(out: Path) -> None:
    """Raise ``DataError`` where ``out`` is a file, or a folder that holds something."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise DataError(f"{out} exists and is no folder; choose another name")
    if out.is_dir() and any(out.iterdir()):
        raise DataError(
            f"{out} exists and is not empty; nothing in it is overwritten: remove it or choose another name"
        )


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """``new_folder``, where nothing is in its place; raises ``DataError``."""
    refuse_taken(out)
    with new_folder(out) as made:
        yield made


def seal(folder: Path) -> Manifest:
    """Write the manifest of all files in ``folder`` and bring them to the disk; raises ``DataError`` for pickles."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        _refuse_code(path, path.relative_to(folder))
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
    files = {path.relative_to(folder).as_posix(): file_sha256(path) for path in paths}
    manifest = Manifest.model_validate({"schema": f"{FAMILY}{VERSION}", "files": files})
    with (folder / MANIFEST).open("w", encoding="utf-8") as stream:
        stream.write(manifest.text)
        stream.flush()
        os.fsync(stream.fileno())
    return manifest


def check_folder(folder: Path) -> Manifest:
    """The manifest of a bundle, once every file has been found to be what it says.

    Raises ``DataError`` naming the file: a changed byte, a missing or additional file, a link, a path that leads out
    of the folder, a pickle, a foreign or newer schema.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; a bundle is one, as `jijbench export bundle` writes it")
    found = _found(folder)
    if MANIFEST not in found:
        raise DataError(f"{folder} has no {MANIFEST}, so it is no bundle; `jijbench export bundle` writes one")
    manifest = _read_manifest(folder / MANIFEST)
    for name in manifest.files:
        _refuse_outside(folder, name)
    for name, digest in manifest.files.items():
        if name not in found:
            raise DataError(f"{folder / name} is missing, the manifest lists it; export or copy the bundle again")
        if file_sha256(found[name]) != digest:
            raise DataError(f"{folder / name} is not what was exported: its sha256 is not that of the manifest")
        _refuse_code(found[name], Path(name))
    more = sorted(set(found) - set(manifest.files) - {MANIFEST})
    if more:
        raise DataError(f"{folder / more[0]} is not in the manifest; a bundle holds nothing else, take it out")
    return manifest


def _found(folder: Path) -> dict[str, Path]:
    """Files below ``folder`` by name; refuses links, which could lead anywhere."""
    found: dict[str, Path] = {}
    for where, folders, files in os.walk(folder, followlinks=False):
        for name in (*folders, *files):
            path = Path(where) / name
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise DataError(f"{path} is a link or no plain file; a bundle holds plain files only")
        found |= {(Path(where) / name).relative_to(folder).as_posix(): Path(where) / name for name in files}
    return found


def _refuse_outside(folder: Path, name: str) -> None:
    """Raise ``DataError`` for a name that is not one of a file below the folder."""
    reason = f"{folder / MANIFEST} names {name!r}, a path that is not one of the bundle's own files; refused"
    if name == MANIFEST:
        raise DataError(reason)
    try:
        inside(folder, name)
    except DataError as error:
        raise DataError(reason) from error


def _read_manifest(path: Path) -> Manifest:
    text = read_text(path, limits.JSON_BYTES)
    raw = parse_json(text, str(path))
    if not isinstance(raw, dict):
        raise DataError(f"{path} is no manifest of a bundle, but {text[:40]!r}; export or copy it again")
    _refuse_schema(path, raw.get("schema"))
    manifest = validated(Manifest, raw, str(path))
    if manifest.text.encode() != path.read_bytes():
        raise DataError(f"{path} is not as it was exported, a byte has changed; export or copy the bundle again")
    return manifest


def _refuse_schema(path: Path, schema: object) -> None:
    if schema == f"{FAMILY}{VERSION}":
        return
    if isinstance(schema, str) and re.fullmatch(re.escape(FAMILY) + "[0-9]{1,9}", schema):
        raise DataError(f"{path} has schema {schema!r}, this version reads {FAMILY}{VERSION}; install a newer jijbench")
    raise DataError(f"{path} has schema {schema!r}, not {FAMILY}{VERSION}; it is no bundle of jijbench")


def _refuse_code(path: Path, name: Path) -> None:
    reason = unsafe(path)
    if reason:
        raise DataError(f"{name} {reason}; a bundle holds plain arrays and text only")


def unsafe(path: Path) -> str | None:
    """Why reading a file could run code, else None."""
    with path.open("rb") as stream:
        head = stream.read(2)
    if path.suffix in CODE or (head[:1] == b"\x80" and head[1:] in (b"\x02", b"\x03", b"\x04", b"\x05")):
        return "is a pickle or a program"
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if any(name.endswith(CODE) for name in archive.namelist()):
                    return "holds a pickle or a program"
        if path.suffix in READERS:
            READERS[path.suffix](path)
    except (DataError, *UNREADABLE) as error:
        return str(error).removeprefix(f"{path} ")
    return None
