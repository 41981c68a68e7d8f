"""Files of others, read so that nothing in them can hang, crash or silently change what is read.

Every reader takes plain files only (no device, no pipe), checks sizes before it reads, and raises ``DataError`` naming
file and line. YAML and JSON hold mappings, lists, text, finite numbers, true, false and null; a key stands once.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import stat
import struct
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import yaml

from jijbench import limits
from jijbench.errors import DataError
from jijbench.text import quoted

if TYPE_CHECKING:
    import numpy as np

#: what NumPy and zipfile raise for damaged archives
UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, TypeError, OverflowError, MemoryError, RuntimeError, SyntaxError,
    struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip

#: YAML's kinds of values that are read, beside text, and how they are written (YAML 1.1 takes 010 for 8, 1:30 for 90)
PLAIN = {
    "int": rf"[-+]?(0|[1-9][0-9]{{0,{limits.DIGITS - 1}}})",
    "float": r"[-+]?[0-9.]+(e[-+]?[0-9]+)?",
    "bool": ".*",
    "null": ".*",
    "merge": ".*",
}
NUMBERS = {"int": f"decimal whole number of up to {limits.DIGITS} digits", "float": "finite decimal number"}


def read_bytes(path: Path, most: int) -> bytes:
    """Content of a plain file of at most ``most`` bytes; raises ``DataError``, also for devices, pipes and folders."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise DataError(f"{path} is no plain file but a device, pipe or folder; give a file")
            content = stream.read(most + 1)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}; check the path"
        ) from error
    if len(content) > most:
        raise DataError(
            f"{path} has more than {most} bytes, which is the limit for its kind of file; is it the right one?"
        )
    return content


def read_text(path: Path, most: int) -> str:
    """Text of a UTF-8 file, with or without a byte order mark; raises ``DataError`` naming the line that is not."""
    content = read_bytes(path, most)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}: line {line} is not UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8"
        ) from error


def inside(folder: Path, name: str) -> Path:
    """Path of a file below ``folder`` that a file names; raises ``DataError`` for a name that leads elsewhere."""
    path = PurePosixPath(name)
    plain = name == str(path) and not path.is_absolute() and ".." not in path.parts and not re.search(r"[\\:\0]", name)
    if not plain or name in ("", "."):
        raise DataError(f"{name!r} is not the name of a file below {folder}; a path that leads elsewhere is refused")
    return folder / name


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader in C (it ends at a thousand levels), in which 1e-3 is a number as in YAML 1.2."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]{1,3}$"), list("-+0123456789")
)


def _refuse(mark: yaml.Mark, what: str) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=what, problem_mark=mark)


def read_yaml(path: Path) -> Any:
    """Content of a YAML file; raises ``DataError`` naming file and line, of a key that stands twice both lines."""
    return parse_yaml(read_text(path, limits.YAML_BYTES), str(path))


def parse_yaml(text: str, where: str) -> Any:
    """``read_yaml`` for a text; ``where`` says in errors what it is."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _Check(loader).walk(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise DataError(f"{where}: {line}{error.problem or error.context}; correct the YAML") from error
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{where} is no YAML of plain values: {reason}; correct it") from error


class _Check:
    """Refuses what a YAML file must not hold, and counts what its aliases stand for."""

    def __init__(self, loader: _Loader) -> None:
        self.loader = loader
        self.known: dict[int, tuple[int, int] | None] = {}  # node → values and levels below; None: being walked

    def walk(self, node: yaml.Node, above: int = 0) -> tuple[int, int]:
        """Values that a node stands for, and levels of it; ``above``: levels around it."""
        name = id(node)
        if above >= limits.DEPTH:
            _refuse(node.start_mark, f"more than {limits.DEPTH} levels of lists and mappings")
        if name not in self.known:
            self.known[name] = None
            if isinstance(node, yaml.ScalarNode):
                self._scalar(node)
            below = [self.walk(part, above + 1) for part in self._parts(node)]
            values, levels = 1 + sum(n for n, _ in below), 1 + max((k for _, k in below), default=0)
            if values > limits.VALUES:
                _refuse(node.start_mark, f"stands for more than {limits.VALUES} values, aliases written out")
            if levels > limits.DEPTH:
                _refuse(node.start_mark, f"more than {limits.DEPTH} levels of lists and mappings")
            self.known[name] = values, levels
        found = self.known[name]
        if found is None:
            _refuse(node.start_mark, "an alias stands inside what it is an alias of")
        return found

    def _parts(self, node: yaml.Node) -> Iterable[yaml.Node]:
        if isinstance(node, yaml.ScalarNode):
            return ()
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            _refuse(node.start_mark, f"{node.tag} is no plain list or mapping")
        if not isinstance(node, yaml.MappingNode):
            return node.value
        self._keys(node)
        return [part for pair in node.value for part in pair]

    def _keys(self, node: yaml.MappingNode) -> None:
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse(key.start_mark, "a key is a list or a mapping; keys are text or numbers")
            self._scalar(key)
            value = key.value if key.tag.endswith(":merge") else self.loader.construct_object(key)
            if value in lines:
                _refuse(key.start_mark, f"the key {quoted(key.value)} stands there twice, first in line {lines[value]}")
            lines[value] = key.start_mark.line + 1

    def _scalar(self, node: yaml.ScalarNode) -> None:
        kind, text = node.tag.rpartition(":")[2], node.value
        if kind == "str":
            return
        if node.tag != self.loader.resolve(yaml.ScalarNode, text, (True, False)) or kind not in PLAIN:
            _refuse(node.start_mark, f"{quoted(text)} would be read as {kind}; quote it where text is meant")
        if not re.fullmatch(PLAIN[kind], text.replace("_", ""), re.IGNORECASE):
            _refuse(node.start_mark, f"{quoted(text)} is no {NUMBERS[kind]}; quote it where text is meant")
        if kind == "float" and not math.isfinite(self.loader.construct_object(node)):
            _refuse(node.start_mark, f"{quoted(text)} is larger than any number that can be computed with")


def read_json(path: Path) -> Any:
    """Content of a JSON file; raises ``DataError`` naming file and line or key."""
    return parse_json(read_text(path, limits.JSON_BYTES), str(path))


def parse_json(text: str, where: str) -> Any:
    """``read_json`` for a text; ``where`` says in errors what it is."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_int=_int, parse_float=_float, parse_constant=_float)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: line {error.lineno}: {error.msg}; it is no JSON, correct or restore it") from error
    except ValueError as error:
        raise DataError(f"{where}: {error}; correct it") from error
    except RecursionError as error:
        raise DataError(f"{where} has lists and mappings in too many levels; is it the right file?") from error
    _check_depth(found, where)
    return found


def _check_depth(value: Any, where: str) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > limits.DEPTH:
            raise DataError(f"{where} has lists and mappings in more than {limits.DEPTH} levels; is it the right file?")
        parts = (v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list))
        level = [each for part in parts for each in part]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(
                f"the key {quoted(key)} stands there twice, with {quoted(str(found[key]))} and {quoted(str(value))}"
            )
        found[key] = value
    return found


def _int(text: str) -> int:
    if len(text.lstrip("-")) > limits.DIGITS:
        raise ValueError(f"{quoted(text)} has more than {limits.DIGITS} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{quoted(text)} is no finite number")
    return value


def read_arrays(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Arrays of an ``.npz`` file by name, all or those of ``names`` that it has.

    Raises ``DataError`` naming one that is damaged, twice or too large.

    What an array's header promises is compared with the bytes that are there before memory is taken for it.
    """
    try:
        _refuse_device(path)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(members)
            found = {}
            for member in members:
                name = member.filename.removesuffix(".npy")
                if names is None or name in names:
                    found[name] = _array(archive.read(member), member.filename)
            return found
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read as arrays: {error}; restore or export it again") from error


def read_array(path: Path) -> np.ndarray:
    """The array of an ``.npy`` file, as ``read_arrays`` does; raises ``DataError``."""
    try:
        _refuse_device(path)
        return _array(read_bytes(path, limits.ARRAYS_BYTES), path.name)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read as an array: {error}; restore or export it again") from error


def _refuse_device(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise ValueError("it is no plain file but a device, pipe or folder")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > limits.ARRAYS:
        raise ValueError(f"it holds more than {limits.ARRAYS} arrays")
    names = Counter(member.filename.removesuffix(".npy") for member in members)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise ValueError(f"the array {twice[0]!r} is there twice")
    size = sum(member.file_size for member in members)
    if size > limits.ARRAYS_BYTES:
        raise ValueError(f"its arrays take {size} bytes, more than {limits.ARRAYS_BYTES}")
    for member in members:
        packed = member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if not member.filename.endswith(".npy") or packed or member.flag_bits & 1:
            raise ValueError(f"{member.filename!r} is no array as NumPy writes it")


def _array(content: bytes, name: str) -> np.ndarray:
    """The array in the content of an ``.npy`` file, once its header promises the bytes that are there."""
    import numpy as np

    head = io.BytesIO(content)
    version = np.lib.format.read_magic(head)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"{name!r} has the unknown version {version} of NumPy's format")
    shape, fortran, dtype = readers[version](head)
    if dtype.hasobject or dtype.kind not in "biufcUS":
        raise ValueError(f"{name!r} holds arrays of Python objects or records")
    promised, there = dtype.itemsize * math.prod(shape), len(content) - head.tell()
    if min(shape, default=0) < 0 or promised != there:
        raise ValueError(f"{name!r} of shape {shape} promises {promised} bytes, {there} are there")
    order: Literal["F", "C"] = "F" if fortran else "C"
    return np.ndarray(shape, dtype, content, head.tell(), order=order).copy(order)
