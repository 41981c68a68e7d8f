"""Dimers of a user's file: a table, or structures."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from jijbench import limits
from jijbench.bundle.dimers import Dimers
from jijbench.data.cluster import TOLERANCE
from jijbench.data.frames import read_frames
from jijbench.data.importer import STEP_COLUMNS
from jijbench.data.sample import Geometry, Sample
from jijbench.data.store import read_table
from jijbench.errors import DataError

if TYPE_CHECKING:
    from ase import Atoms


def read_dimer_table(path: Path, known: Dimers) -> list[Sample]:
    """Dimers of a csv: ``element_i``, ``element_j`` and a place.

    The place is a ``geometry`` of the data, a displacement (``dx_angstrom``, …) from ``sublattice_i``, or a ``shell``.
    A shell with two geometries gives two samples. Moments of a row (``moment_i_mub``, ``moment_j_mub``) go before those
    of the bundle. Raises ``DataError`` naming file and row.
    """
    table = read_table(path)
    missing = {"element_i", "element_j"} - set(table)
    if missing or not len(table):
        raise DataError(f"{path} has no rows, or lacks {sorted(missing)}; it needs element_i, element_j and a place")
    found = []
    for row, line in enumerate(table.to_dict("records"), start=1):
        try:
            for geometry in _places(line, known, row):
                sample = known.sample((line["element_i"], line["element_j"]), geometry)
                found.append(_with_moments(sample, line))
        except (ValueError, DataError) as error:
            raise DataError(f"{path}: row {row} ({', '.join(f'{k}={v}' for k, v in line.items())}): {error}") from error
    return found


def _places(line: dict, known: Dimers, row: int) -> list[Geometry]:
    if line.get("geometry"):
        if line["geometry"] not in known.geometries:
            raise DataError(f"geometry {line['geometry']!r} is none of {', '.join(known.geometries)}")
        return [known.geometries[line["geometry"]]]
    if set(STEP_COLUMNS) <= set(line):
        step = np.array([float(line[name]) for name in STEP_COLUMNS])
        if not np.isfinite(step).all():
            raise DataError("the displacement is not finite")
        return [known.placed(str(line.get("sublattice_i") or ""), step, f"row-{row}")]
    if "shell" in line:
        number = pd.to_numeric(line["shell"], errors="coerce")
        if not np.isfinite(number) or number != np.floor(number):
            raise DataError(f"shell {line['shell']} is no whole number")
        return known.of_shells([int(number)])
    raise DataError(
        "no place of the pair: give shell, geometry, or sublattice_i and dx_angstrom, dy_angstrom, dz_angstrom"
    )


def _with_moments(sample: Sample, line: dict) -> Sample:
    values = [line.get(f"moment_{letter}_mub", "") for letter in "ij"]
    return sample if "" in values else _released(sample, values)


def _released(sample: Sample, values: Sequence) -> Sample:
    """The sample with moments of the file; raises ``DataError`` where they are no two lengths."""
    moments = np.array(values, dtype=float)
    if moments.shape != (2,) or not np.isfinite(moments).all() or moments.min() < 0:
        raise DataError(f"moments {list(values)}: give the two lengths |m| in μB")
    return replace(sample, inputs={**sample.inputs, "moments": moments})


def read_dimer_frames(path: Path, known: Dimers) -> list[Sample]:
    """Dimers of an extended XYZ file, impurities marked 1 and 2 in the array ``impurity`` (as ``data export`` does).

    Atoms farther from both impurities than the bundle's clusters reach are left out. Raises ``DataError`` naming frame
    and what it lacks.
    """
    return [_frame(frame, known, f"{path}: frame {k}") for k, frame in enumerate(read_frames(path), start=1)]


def _frame(frame: "Atoms", known: Dimers, where: str) -> Sample:
    marks = frame.arrays.get("impurity")
    if marks is None or marks.ndim != 1 or sorted(marks[marks != 0]) != [1, 2]:
        raise DataError(f"{where} has no array impurity with 1 and 2 on the two impurities and 0 elsewhere")
    if frame.pbc.any():
        raise DataError(f"{where} is periodic; cut out the cluster within {known.radius} Å of either impurity, pbc off")
    close = cKDTree(frame.positions).query_pairs(limits.SHORTEST, output_type="ndarray")
    if len(close):
        raise DataError(f"{where}: the atoms {close[0][0] + 1} and {close[0][1] + 1} are in one place; leave one out")
    sites = [int(np.flatnonzero(marks == k)[0]) for k in (1, 2)]
    elements = frame.symbols[sites[0]], frame.symbols[sites[1]]
    geometry = known.as_known(_cut(frame, sites, known, where))
    name = str(frame.info.get("id", where.rpartition(": ")[2].replace(" ", "-")))
    sample = known.sample(elements, geometry, name)
    moments = frame.info.get("moments_mub")
    try:
        return sample if moments is None else _released(sample, moments)
    except (ValueError, TypeError, DataError) as error:
        raise DataError(f"{where}: {error}; give moments_mub as two lengths in μB") from error


def _cut(frame: "Atoms", sites: Sequence[int], known: Dimers, where: str) -> Geometry:
    """The undoped cluster of a frame: the host's own element on the impurity sites, atoms within the radius."""
    own = {int(g.numbers[k]) for g in known.geometries.values() for k in g.sites}
    if len(own) > 1:
        raise DataError(f"{where}: impurities replace several elements of {known.host.formula}; give a table instead")
    gaps = np.linalg.norm(frame.positions[:, None] - frame.positions[list(sites)], axis=-1).min(1)
    rest = [int(k) for k in np.flatnonzero(gaps <= known.radius + TOLERANCE) if k not in sites]
    numbers, order = frame.numbers.copy(), [*sites, *rest]
    numbers[list(sites)] = own.pop()
    host = str(frame.info.get("host", known.host.formula))
    positions = frame.positions[order] - frame.positions[sites[0]]
    names = tuple(str(frame.info.get("sublattices", "|")).split("|"))
    return Geometry("frame", host, numbers[order], positions, (0, 1), names, np.array(frame.cell))
