"""The host crystal from the files in which crystals are usually kept: CIF and POSCAR."""

import io
import json
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from jijbench import limits
from jijbench.data.dialect import read_text
from jijbench.data.host import Host, read_host
from jijbench.elements import SYMBOLS
from jijbench.errors import DataError
from jijbench.reading import read_bytes
from jijbench.text import printable

SMALLEST = 1e-3  # Å³, volume of a cell


def crystal_of(path: Path) -> tuple[Host, bytes]:
    """The host of a ``host.json``, CIF or POSCAR, and the content of its ``host.json``; raises ``DataError``."""
    if path.suffix == ".json":
        return read_host(path), read_bytes(path, limits.JSON_BYTES)
    content = structure_json(path)
    try:
        return Host.from_json(json.loads(content)), content
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def structure_json(path: Path) -> bytes:
    """Content of ``host.json`` for a CIF or a POSCAR; sites are called Bi1, Bi2, Te1, … in the order of the file.

    The cell is that of the file, in the orientation that ASE gives it (x along the first vector of a CIF). Raises
    ``DataError`` for another file, a cell of no volume, atoms that are no elements or sites that are partly occupied.
    """
    found = _read(path)
    occupied = found.info.get("occupancy") or {}
    partly = [kinds for kinds in occupied.values() if list(kinds.values()) != [1.0]]
    if partly:
        raise DataError(f"{path} has a site that is occupied by {partly[0]}; give an ordered crystal")
    cell, elements = np.array(found.cell), found.get_chemical_symbols()
    if not np.isfinite([*cell, *found.positions]).all() or abs(np.linalg.det(cell)) < SMALLEST:
        raise DataError(f"{path} has no cell of three independent vectors; give a crystal")
    unknown = sorted(set(elements) - set(SYMBOLS))
    if unknown or not elements:
        raise DataError(f"{path} has {'a site of ' + unknown[0] if unknown else 'no sites'}; give chemical elements")
    seen: Counter[str] = Counter()
    sites = []
    for element, position in zip(elements, found.positions, strict=True):
        seen[element] += 1
        sites.append({"site": f"{element}{seen[element]}", "element": element, "position_angstrom": position.tolist()})
    formula = found.symbols.formula.reduce()[0].format("metal")
    content = {"formula": formula, "lattice_angstrom": cell.tolist(), "sites": sites}
    return (json.dumps(content, indent=1) + "\n").encode()


def _read(path: Path) -> Any:
    """The ``ase.Atoms`` of the file; ASE's readers of other formats are not tried."""
    from ase.io import read

    kinds = {
        "cif": path.suffix.lower() == ".cif",
        "vasp": any(x in path.name.lower() for x in ("poscar", "contcar", ".vasp")),
    }
    kind = next((name for name, fits in kinds.items() if fits), None)
    if kind is None:
        raise DataError(f"{path}: a host is read from a .json, a .cif, or a file named POSCAR or .vasp; rename it")
    text = read_text(path)
    lines = text.splitlines()
    counts = [int(word[:9]) for line in lines[5:7] for word in line.split() if kind == "vasp" and word.isdecimal()]
    if sum(counts) > len(lines):  # ASE makes a list of as many atoms as are promised
        raise DataError(f"{path} promises {sum(counts)} atoms in {len(lines)} lines; correct it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ASE, about settings of space groups and overflows
            return read(io.StringIO(text), index=0 if kind == "cif" else None, format=kind)
    except Exception as error:  # whatever its readers raise for a damaged file
        reason = printable(" ".join(str(error).split())[:200]) or type(error).__name__
        raise DataError(f"{path} is no {kind.upper()} file that ASE reads: {reason}; correct it") from error
