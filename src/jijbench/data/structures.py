"""The host crystal from the files in which crystals are usually kept."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from jijbench.data.elements import SYMBOLS
from jijbench.errors import DataError


def structure_json(path: Path) -> bytes:
    """Content of ``host.json`` for a CIF, POSCAR or any other crystal that ASE reads; sites are Bi1, Bi2, Te1, ….

    Sites are numbered by element in the order of the file. Raises ``DataError`` for a file without a cell, with atoms
    that are no elements, or with sites that are only partly occupied.
    """
    from ase.io import read

    try:
        found: Any = read(path, index=0) if path.suffix else read(path, index=0, format="vasp")
    except Exception as error:  # each of ASE's readers raises what it likes
        raise DataError(f"{path} is no crystal that ASE reads ({error!r}); give a host.json, CIF or POSCAR") from error
    occupied = found.info.get("occupancy") or {}
    partly = [site for site, kinds in occupied.items() if set(kinds.values()) != {1.0}]
    if partly:
        raise DataError(f"{path}: site {partly[0]} is occupied by {occupied[partly[0]]}; give an ordered host")
    elements, cell = found.get_chemical_symbols(), np.array(found.cell)
    if not np.isfinite(cell).all() or not np.isfinite(found.positions).all() or abs(np.linalg.det(cell)) < 1e-3:
        raise DataError(f"{path} has no cell of three independent vectors; give a crystal")
    unknown = [element for element in elements if element not in SYMBOLS]
    if unknown:
        raise DataError(f"{path} has a site of {unknown[0]!r}, no chemical element; take it out")
    seen: Counter[str] = Counter()
    sites = []
    for element, position in zip(elements, found.positions, strict=True):
        seen[element] += 1
        sites.append({"site": f"{element}{seen[element]}", "element": element, "position_angstrom": position.tolist()})
    formula = found.symbols.formula.reduce()[0].format("metal")
    return (
        json.dumps({"formula": formula, "lattice_angstrom": cell.tolist(), "sites": sites}, indent=1) + "\n"
    ).encode()
