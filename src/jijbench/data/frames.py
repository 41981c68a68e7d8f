"""Structures of an extended XYZ file, each checked before ASE reads it: errors name file, frame, atom and value."""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from jijbench import limits
from jijbench.elements import SYMBOLS
from jijbench.errors import DataError
from jijbench.reading import read_text
from jijbench.text import printable, quoted

if TYPE_CHECKING:
    from ase import Atoms

#: columns of atoms where a comment line does not say
COLUMNS = "species:S:1:pos:R:3"
REAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
FORTRAN = re.compile(r"[-+]?[0-9.]+[dD][-+]?[0-9]+")
WHOLE = re.compile(r"[-+]?[0-9]{1,9}")
TRUTH = re.compile(r"[TF]|[Tt]rue|TRUE|[Ff]alse|FALSE")
#: what people write for an atom that is none; what to do instead
NO_ELEMENT = {"D": "deuterium is H here", "T": "tritium is H here", "X": "leave vacancies and empty spheres out"}
NO_ELEMENT |= dict.fromkeys(("Vac", "vac", "Va", "E", "Es", "Bq"), NO_ELEMENT["X"])


def read_frames(path: Path) -> "list[Atoms]":
    """All structures of an extended XYZ file (Å); raises ``DataError``.

    Refused, naming file, frame and atom: what is no chemical element, numbers that are not finite or have a Fortran
    exponent, whole numbers beyond 32 bits, atoms that are missing, and a key or column that stands twice.
    """
    from ase.io import read

    lines = read_text(path, limits.FRAMES_BYTES).rstrip().split("\n")
    found: list[Any] = []
    for where, comment, rows in _blocks(lines, str(path)):
        _check_comment(comment, where)
        _check_rows(rows, _columns(comment, where), where)
        try:
            atoms: Any = read(io.StringIO("\n".join([str(len(rows)), comment, *rows, ""])), format="extxyz")
        except Exception as error:  # ASE's reader raises what its parts do
            raise DataError(f"{where} cannot be read ({type(error).__name__}: {error}); correct it") from error
        _check_atoms(atoms, where)
        found.append(atoms)
    return found


def _blocks(lines: Sequence[str], path: str) -> Iterator[tuple[str, str, list[str]]]:
    """What errors call a frame, its comment line, and its lines of atoms."""
    at, frame = 0, 0
    while at < len(lines):
        frame += 1
        where, head = f"{path}: frame {frame}", lines[at].strip()
        if not re.fullmatch("[0-9]+", head):
            raise DataError(f"{where}: line {at + 1} is {quoted(head)}, expected the number of atoms of a frame")
        if len(head) > limits.DIGITS or int(head) > limits.ATOMS:
            raise DataError(f"{where}: line {at + 1} promises {head[:40]} atoms, the limit is {limits.ATOMS}")
        n, present = int(head), max(0, len(lines) - at - 2)
        if not 0 < n <= present:
            raise DataError(f"{where}: line {at + 1} promises {n} atoms, {present} lines are there; correct the number")
        yield where, lines[at + 1], list(lines[at + 2 : at + 2 + n])
        at += 2 + n


def _check_comment(comment: str, where: str) -> None:
    """Refuse a key that stands twice, and quotes that swallow what follows."""
    bare = re.sub(r'"(\\.|[^"\\])*"', '""', comment)
    if '"' in bare.replace('""', ""):
        raise DataError(f"{where}: its comment line has a quote that is not closed; close it")
    keys = re.findall(r'(?:^|\s)([^\s="]+)\s*=', bare)
    for key in keys:
        if keys.count(key) > 1:
            raise DataError(f"{where}: its comment line gives {key!r} {keys.count(key)} times; keep one")


def _columns(comment: str, where: str) -> list[tuple[str, str, int]]:
    """Name, kind (S, R, I, L) and number of the columns of atoms."""
    said = re.search(r'(?:^|\s)Properties\s*=\s*"?([^\s"]+)', comment)
    parts = (said[1] if said else COLUMNS).split(":")
    shown = printable(":".join(parts)[:80])
    found = [(name, kind, count) for name, kind, count in zip(parts[::3], parts[1::3], parts[2::3], strict=False)]
    bad = [f"{n}:{k}:{c}" for n, k, c in found if k not in tuple("SRIL") or not re.fullmatch("[1-9][0-9]?", c)]
    names = [name for name, *_ in found]
    if len(parts) % 3 or bad or len(names) > len(set(names)):
        raise DataError(f"{where}: Properties={shown} is no list of name:kind:number, names once each")
    wanted = {("pos", "R", "3"), ("positions", "R", "3")}
    species = {("species", "S", "1"), ("symbols", "S", "1"), ("Z", "I", "1"), ("numbers", "I", "1")}
    if not wanted & set(found) or not species & set(found):
        raise DataError(f"{where}: Properties={shown} lacks species:S:1 or pos:R:3")
    return [(name, kind, int(count)) for name, kind, count in found]


def _check_rows(rows: Sequence[str], columns: Sequence[tuple[str, str, int]], where: str) -> None:
    kinds = [(name, kind) for name, kind, count in columns for _ in range(count)]
    for k, row in enumerate(rows, start=1):
        values = row.split()
        if len(values) != len(kinds):
            raise DataError(
                f"{where}: atom {k} has {len(values)} columns ({quoted(row.strip())}), expected {len(kinds)}"
            )
        for (name, kind), value in zip(kinds, values, strict=True):
            if (name in ("species", "symbols") and value not in _KNOWN) or not _FORMS[kind].fullmatch(value):
                _refuse(f"{where}: atom {k}", name, kind, value)


def _refuse(where: str, name: str, kind: str, value: str) -> NoReturn:
    shown = quoted(value)
    if name in ("species", "symbols"):
        raise DataError(f"{where}: {shown} is no chemical element ({NO_ELEMENT.get(value, 'correct the symbol')})")
    if kind == "R" and FORTRAN.fullmatch(value):
        raise DataError(f"{where}: {name} has {shown} with a Fortran exponent; write {re.sub('[dD]', 'E', value)[:60]}")
    words = {"R": "a finite number", "I": "a whole number of up to 9 digits", "L": "T or F"}[kind]
    raise DataError(f"{where}: {name} has {shown}, not {words}; correct it")


_KNOWN = frozenset(SYMBOLS)
_FORMS = {"S": re.compile(r"\S+"), "R": REAL, "I": WHOLE, "L": TRUTH}


def _check_atoms(atoms: "Atoms", where: str) -> None:
    """Refuse what is written like a number and is none: 1e999, Z = 0, a lattice that is not finite."""
    for name, values in atoms.arrays.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            k = int((~np.isfinite(values.reshape(len(values), -1)).all(1)).argmax())
            raise DataError(f"{where}: atom {k + 1}: {name} is {values[k].tolist()}, not finite; correct it")
    bad = np.flatnonzero((atoms.numbers < 1) | (atoms.numbers > len(SYMBOLS)))
    if len(bad):
        raise DataError(f"{where}: atom {bad[0] + 1}: Z = {atoms.numbers[bad[0]]} is no chemical element; correct it")
    if not np.isfinite(np.array(atoms.cell)).all():
        raise DataError(f"{where}: its Lattice is {np.array(atoms.cell).tolist()}, not finite; correct it")
