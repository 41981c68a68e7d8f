"""Dimers of a user's file: a table, or structures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from jijbench import limits
from jijbench.bundle.dimers import Dimers
from jijbench.data.cluster import TOLERANCE
from jijbench.data.frames import read_frames
from jijbench.data.importer import STEP_COLUMNS
from jijbench.data.sample import Geometry, Sample
from jijbench.data.tables import Table, read_table_of_user
from jijbench.errors import DataError

if TYPE_CHECKING:
    from ase import Atoms


def read_dimer_table(path: Path, known: Dimers) -> list[Sample]:
    """Dimers of a csv: ``element_i``, ``element_j`` and a place.

    The place is a ``geometry`` of the data, a displacement (``dx_angstrom``, …) from ``sublattice_i``, or a ``shell``.
    A shell with two geometries gives two samples. Moments of a row (``moment_i_mub``, ``moment_j_mub``) go before those
    of the bundle. Raises ``DataError`` naming file and row.
    """
    table = read_table_of_user(path)
    table.need("element_i", "element_j")
    pairs, places = zip(table.elements("element_i"), table.elements("element_j"), strict=True), _places(table, known)
    found = []
    for n, (pair, place, moments) in enumerate(zip(pairs, places, _moments(table), strict=True)):
        try:
            samples = [known.sample(pair, geometry) for geometry in place()]
            found += samples if moments is None else [_released(sample, moments) for sample in samples]
        except (ValueError, DataError) as error:
            raise DataError(f"{table.where(n)}: {error}") from error
    return found


def _places(table: Table, known: Dimers) -> Iterator[Callable[[], list[Geometry]]]:
    """For each row how its geometries are found: by the first of its places that is not empty."""
    names = table.text("geometry") if "geometry" in table else [""] * len(table)
    steps = table.numbers(*STEP_COLUMNS, blank=True) if all(name in table for name in STEP_COLUMNS) else None
    sites = table.text("sublattice_i") if "sublattice_i" in table else [""] * len(table)
    shells = table.numbers("shell", whole=True, blank=True)[:, 0] if "shell" in table else np.full(len(table), np.nan)
    for n, (name, site, shell) in enumerate(zip(names, sites, shells, strict=True)):
        step = None if steps is None or np.isnan(steps[n]).all() else steps[n]
        yield partial(_place, known, name, site, step, shell, f"row-{n + 1}")


def _place(known: Dimers, name: str, site: str, step: np.ndarray | None, shell: float, row: str) -> list[Geometry]:
    if not name and step is None:
        if np.isnan(shell):
            raise DataError(
                "no place of the pair: give shell, geometry, or sublattice_i and dx_angstrom, dy_angstrom, dz_angstrom"
            )
        return known.of_shells([int(shell)])
    if name and name not in known.geometries:
        raise DataError(f"geometry {name!r} is none of {', '.join(known.geometries)}")
    if step is not None and np.isnan(step).any():
        raise DataError(f"the displacement lacks a component; give all of {', '.join(STEP_COLUMNS)}")
    found = known.geometries[name] if name or step is None else known.placed(site, step, row)
    if name and step is not None and np.linalg.norm(step - found.displacement) > TOLERANCE:
        raise DataError(f"geometry {name} has the displacement {found.displacement.round(5).tolist()}; correct one")
    if not np.isnan(shell) and found.shell is not None and shell != found.shell:
        raise DataError(f"the pair of sites {found.id} is of shell {found.shell}, not {shell:g}; correct one")
    return [found]


def _moments(table: Table) -> Iterator[np.ndarray | None]:
    """The two moments of each row, None where it has none; raises ``DataError`` for one without the other."""
    columns = [name for name in ("moment_i_mub", "moment_j_mub") if name in table]
    values = table.numbers(*columns, blank=True)
    given = ~np.isnan(values)
    table.refuse(given.any(1) & (given.sum(1) < 2), "has one moment of two; give both or neither")
    return (row if len(row) and not np.isnan(row).any() else None for row in values)


def _released(sample: Sample, values: Sequence | np.ndarray) -> Sample:
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
