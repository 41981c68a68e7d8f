"""Damaged inputs for every parser: each mutant of a good file is read, or refused in one line of the suite's errors.

``python tests/fuzz.py --mutants 1000`` tries them all, ``--only NAME`` one; ``--seed N`` repeats a run. A parser joins
in with one line in ``SUBJECTS`` of ``fuzz_files``: a name, a good content, a name for the file, what reads a path.
pytest tries a few of each; ``JIJBENCH_FUZZ_MUTANTS`` and ``JIJBENCH_FUZZ_SEED`` say how many, and which.
"""

import argparse
import io
import os
import re
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from jijbench.errors import JijbenchError
from jijbench.testing.contract import stopped_after

#: what a damaged number, name or quote may look like
NASTY = (
    b"nan", b"inf", b"-inf", b"1e400", b"-1e400", b"1e23", b"-1", b"0", b"1.5", b"0.0D+00", b"1e-400", b"9" * 5000,
    b"", b"True", b"null", b"2024-99-99", b"010", b"Xx", b"\xff", b"\xe9", b"\x00", b'"', b"'", b"[", b"{" * 200,
    b"&a", b"*a", b": ", b",", b"\n", b"\t", b"../../x", b"/dev/zero", b"\xef\xbb\xbf", "Å".encode(), b"9" * 20,
    b"[1, [2]]",
)  # fmt: skip
SECONDS = 20.0
#: how a mutant may be taken
READ, REFUSED = "read", "refused"
#: mutants of which not all are harmless
FEW = 200


@dataclass(frozen=True)
class Subject:
    """A parser: ``good`` content of a file called ``file``, and ``read``, which takes the path of a mutant."""

    name: str
    good: bytes
    file: str
    read: Callable[[Path], Any]


def seed_of_today() -> int:
    """``JIJBENCH_FUZZ_SEED``, or a number that is another one every day."""
    return int(os.environ.get("JIJBENCH_FUZZ_SEED") or datetime.now(UTC).strftime("%Y%m%d"))


def mutants(subject: Subject, count: int, seed: int) -> Iterator[bytes]:
    """``count`` damaged contents; the same seed gives the same ones."""
    ways = [*TEXT, *ARRAYS] if subject.file.endswith(".npz") else TEXT
    for k in range(count):
        rng = np.random.default_rng([seed, zlib.crc32(subject.name.encode()), k])
        content = subject.good
        for _ in range(int(rng.integers(1, 4))):
            content = ways[int(rng.integers(len(ways)))](content, rng)
        yield content


def _at(content: bytes, rng: np.random.Generator) -> int:
    return int(rng.integers(len(content) + 1))


def _flip(content: bytes, rng: np.random.Generator) -> bytes:
    k = _at(content, rng)
    return content[:k] + bytes([b ^ (1 << int(rng.integers(8))) for b in content[k : k + 1]]) + content[k + 1 :]


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: _at(content, rng)]


def _drop(content: bytes, rng: np.random.Generator) -> bytes:
    k = _at(content, rng)
    return content[:k] + content[k + int(rng.integers(1, 40)) :]


def _put(content: bytes, rng: np.random.Generator) -> bytes:
    k = _at(content, rng)
    return content[:k] + NASTY[int(rng.integers(len(NASTY)))] + content[k:]


def _lines(content: bytes, rng: np.random.Generator) -> bytes:
    """A line twice, gone, elsewhere, or joined with the next."""
    lines, way = content.split(b"\n"), int(rng.integers(4))
    k, other = (int(n) for n in rng.integers(len(lines), size=2))
    if way < 2:
        return b"\n".join(lines[:k] + [lines[k]] * (2 * way) + lines[k + 1 :])
    if way == 2:
        lines[k], lines[other] = lines[other], lines[k]
        return b"\n".join(lines)
    return b"\n".join([*lines[:k], b" ".join(lines[k : k + 2]), *lines[k + 2 :]])


def _token(content: bytes, rng: np.random.Generator) -> bytes:
    """A word or number replaced by a nasty one, or by another of the file."""
    spans = [m.span() for m in TOKEN.finditer(content)]
    if not spans:
        return content
    (a, b), (c, d) = (spans[int(n)] for n in rng.integers(len(spans), size=2))
    return content[:a] + (NASTY[int(rng.integers(len(NASTY)))] if rng.integers(3) else content[c:d]) + content[b:]


def _windows(content: bytes, rng: np.random.Generator) -> bytes:
    return content.replace(b"\n", b"\r\n") if rng.integers(2) else b"\xef\xbb\xbf" + content


def _array(content: bytes, rng: np.random.Generator) -> bytes:
    """An array of another shape, kind or value, gone, or under another name."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        name = sorted(arrays)[int(rng.integers(len(arrays)))]
        array = arrays.pop(name)
        if array.dtype.kind == "c":
            return _flip(content, rng)
        ways = (
            lambda: {}, lambda: {name + "x": array}, lambda: {name: array[:-1]}, lambda: {name: array[..., None]},
            lambda: {name: array.T}, lambda: {name: np.array(3)}, lambda: {name: array.astype(str)},
            lambda: {name: array.astype(float) * np.nan}, lambda: {name: array.astype(float) * 1e300},
            lambda: {name: array.astype(np.int8)}, lambda: {name: -array}, lambda: {name: np.zeros((0,))},
            lambda: {name: array * 1j}, lambda: {name: array.astype("S4")},
        )  # fmt: skip
        buffer = io.BytesIO()
        with np.errstate(all="ignore"):
            arrays |= ways[int(rng.integers(len(ways)))]()
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()
    except Exception:  # damaged before, or not to be changed so: another way
        return _flip(content, rng)


TOKEN = re.compile(rb"[A-Za-z0-9_.+-]+")
TEXT = (_flip, _cut, _drop, _put, _lines, _token, _token, _windows)
ARRAYS = (_array,) * 12


def taken(subject: Subject, content: bytes, folder: Path) -> str:
    """``READ``, ``REFUSED``, or what is wrong: another exception than the suite's, or more than one printable line."""
    path = folder / subject.file
    path.write_bytes(content)
    try:
        with stopped_after(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            subject.read(path)
    except JijbenchError as error:
        text = str(error)
        return REFUSED if text.isprintable() else f"a message of several lines, or not printable: {text[:200]!r}"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)
        own = [f"{Path(f.filename).name}:{f.lineno}" for f in where if "jijbench" in f.filename][-1:]
        return f"{type(error).__name__}: {str(error)[:120]} at {own}"
    return READ


def faults(subject: Subject, count: int, seed: int) -> list[str]:
    """Faults over ``count`` mutants, each with what makes it again; it is one, too, that nothing is refused."""
    found, ways = [], Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for k, content in enumerate(mutants(subject, count, seed)):
            way = taken(subject, content, Path(folder))
            ways[way] += 1
            if way not in (READ, REFUSED):
                found.append(f"{subject.name}: seed {seed}, mutant {k}: {way}")
    if count >= FEW and not found and not ways[REFUSED]:
        found.append(f"{subject.name}: seed {seed}: not one of {count} mutants was refused")
    return found


def main() -> None:
    """The command."""
    from fuzz_files import SUBJECTS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=1000, help="of each file")
    parser.add_argument("--seed", type=int, default=seed_of_today(), help="another one every day")
    parser.add_argument("--only", action="append", choices=sorted(SUBJECTS), metavar="NAME", help=", ".join(SUBJECTS))
    given = parser.parse_args()
    total = 0
    for name in given.only or SUBJECTS:
        start = time.monotonic()
        found = faults(SUBJECTS[name](), given.mutants, given.seed)
        total += len(found)
        print(
            f"{name}: {len(found)} of {given.mutants} ({time.monotonic() - start:.0f} s)",
            *found[:20],
            sep="\n  ",
            flush=True,
        )
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
