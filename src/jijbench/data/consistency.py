"""Whether values and structures of pairs can be true: what the host's symmetry and the moments demand of them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jijbench.data.cluster import TOLERANCE, atoms_near, cluster
from jijbench.data.curves import elemental_host
from jijbench.data.dataset import Dataset
from jijbench.data.host import Host
from jijbench.data.sample import Geometry
from jijbench.data.symmetry import axial_turns, site_classes
from jijbench.errors import DataError
from jijbench.targets import DIJ, JIJ
from jijbench.units import BOHR_ANGSTROM

#: what rounding explains, where a card states no tolerance: meV for targets, μB for moments
ROUNDING = {JIJ.name: 1e-3, DIJ.name: 1e-3, "moments": 1e-3}
#: Bohr; neighbours at distances that differ by less (0.01 Å) stand for one another, as in a compressed hcp crystal
SAME_SHELL = 0.02
MOMENTS = ("moment_i_mub", "moment_j_mub")
ADVICE = "correct the table, or state a `tolerance` in the column map if such differences are its nature"


def check_physics(
    table: pd.DataFrame, geometries: Mapping[str, Geometry], host: Host, targets: Mapping[str, Mapping],
    tolerance: Mapping[str, float], where: Callable[[int], str],
) -> None:  # fmt: skip
    """Raise ``DataError`` naming the rows that contradict the host's symmetry, the moments, or each other.

    ``table`` has the columns of ``samples.csv`` with ``orbit``, ``targets`` maps ``jij`` and ``dij`` to their
    ``columns``, ``tolerance`` is that of a card (without it ``ROUNDING``), ``where`` names the k-th row. Demanded: one
    J for one orbit; D_ji = −D_ij, D turned as a pseudovector by every operation; no J or D where a moment is zero; one
    \\|m\\| of an element on equivalent sites.
    """
    limit = ROUNDING | dict(tolerance)
    values = {
        name: table[list(targets[name]["columns"])].to_numpy(dtype=float)
        for name in (JIJ.name, DIJ.name)
        if name in targets
    }
    if set(MOMENTS) <= set(table):
        moments = table[list(MOMENTS)].to_numpy(dtype=float)
        _check_moments(table, moments, geometries, host, limit["moments"], where)
        for name, found in values.items():
            check_zero(found, moments, name, limit[name], where)
    if JIJ.name in values:
        _check_twins(values[JIJ.name][:, 0], table["orbit"].tolist(), limit[JIJ.name], where)
    if DIJ.name in values:
        _check_vectors(table, values[DIJ.name], geometries, host, limit[DIJ.name], where)


def check_zero(values: np.ndarray, moments: np.ndarray, name: str, limit: float, where: Callable[[int], str]) -> None:
    """Refuse a coupling (n, k) of a pair in which a moment (n, 2) is zero."""
    bad = np.flatnonzero((moments == 0).any(1) & (np.abs(values).max(1) > limit))
    if len(bad):
        k = bad[0]
        raise DataError(
            f"{where(k)} has {name} = {_shown(values[k])} meV, but moments {_shown(moments[k])} μB: no coupling "
            f"without two moments{_more(len(bad))}; {ADVICE}"
        )


def _check_moments(
    table: pd.DataFrame, moments: np.ndarray, geometries: Mapping[str, Geometry], host: Host, limit: float,
    where: Callable[[int], str],
) -> None:  # fmt: skip
    """One |m| (n, 2) of an element on equivalent sites."""
    classes, lengths = site_classes(host), np.abs(moments).ravel()
    elements = table[["element_i", "element_j"]].to_numpy().ravel()
    sites = [site for name in table["geometry"] for site in geometries[name].sublattices[:2]]
    found = _contradiction(
        [(e, classes.get(site, site)) for e, site in zip(elements, sites, strict=True)], lengths, limit
    )
    if found:
        k, other = found
        raise DataError(
            f"{where(k // 2)} gives {elements[k]} on {sites[k]} a moment of {lengths[k]:g} μB, but "
            f"{_row(where, other // 2)} one of {lengths[other]:g}; {ADVICE} (moments, μB)"
        )


def _check_twins(values: np.ndarray, orbits: Sequence[str], limit: float, where: Callable[[int], str]) -> None:
    """One J (n,) for one orbit."""
    found = _contradiction(orbits, values, limit)
    if found:
        k, other = found
        raise DataError(
            f"{where(k)} has J = {values[k]:g} meV, but {_row(where, other)}, the same pair by a symmetry of the "
            f"host or read from its other end, {values[other]:g}; {ADVICE} (jij, meV)"
        )


def _contradiction(keys: Sequence[Hashable], values: np.ndarray, limit: float) -> tuple[int, int] | None:
    """Positions of the first of ``values`` (n,) that is another than the first one of its key, and of that one."""
    first: dict[Hashable, int] = {}
    for k, key in enumerate(keys):
        other = first.setdefault(key, k)
        if abs(values[k] - values[other]) > limit:
            return k, other
    return None


def _check_vectors(
    table: pd.DataFrame, vectors: np.ndarray, geometries: Mapping[str, Geometry], host: Host, limit: float,
    where: Callable[[int], str],
) -> None:  # fmt: skip
    """D (n, 3), turned by every operation that leads to an orbit's common frame, is one vector there."""
    first: dict[tuple, int] = {}
    common: dict[tuple, np.ndarray] = {}
    for k, (a, b, name) in enumerate(zip(table["element_i"], table["element_j"], table["geometry"], strict=True)):
        key, turns = axial_turns(host, geometries[name], (a, b))
        seen = turns @ vectors[k]  # (operations, 3)
        mean = seen.mean(0)
        if np.abs(seen - mean).max() > limit:
            allowed = (np.linalg.inv(turns) @ mean).mean(0)
            raise DataError(
                f"{where(k)} has D = {_shown(vectors[k])} meV, which the symmetry of {host.formula} forbids; of it "
                f"{_shown(allowed)} is allowed; {ADVICE} (dij, meV)"
            )
        if np.abs(mean - common.setdefault(key, mean)).max() > limit:
            demanded, other = (np.linalg.inv(turns) @ common[key]).mean(0), _row(where, first[key])
            raise DataError(
                f"{where(k)} has D = {_shown(vectors[k])} meV, but {other} demands {_shown(demanded)} of it "
                f"by symmetry (D_ji = -D_ij, a pseudovector); {ADVICE} (dij, meV)"
            )
        first.setdefault(key, k)


def _row(where: Callable[[int], str], k: int) -> str:
    """The k-th row without its file."""
    return "".join(where(k).partition("row ")[1:])


def _shown(values: np.ndarray) -> str:
    text = ", ".join(f"{value + 0.0:.4g}" for value in np.round(values, 6))
    return text if len(values) == 1 else f"({text})"


def _more(n: int) -> str:
    return f" ({n} such rows)" if n > 1 else ""


def check_pairs(dataset: Dataset, host: Host) -> None:
    """Raise ``DataError`` where structures are not the host's, columns not the structures', or values impossible."""
    check_structures(dataset, host)
    check_values(dataset, host)


def check_structures(dataset: Dataset, host: Host) -> None:
    """Raise ``DataError`` where structures are not the host's, or columns not the structures'."""
    geometries = {sample.geometry.id: sample.geometry for sample in dataset.samples}
    for geometry in geometries.values():
        _check_structure(geometry, host, dataset.card.cluster_radius_angstrom, dataset.folder / "geometries.extxyz")
    if dataset.card.host != host.formula:
        raise DataError(f"{dataset.folder / 'card.yaml'} has the host {dataset.card.host!r}, host.json {host.formula}")
    check_columns(dataset.table, geometries, str(dataset.folder / "samples.csv"))


def check_values(dataset: Dataset, host: Host) -> None:
    """Raise ``DataError`` where values are impossible: ``check_physics`` of a dataset."""
    file = dataset.folder / "samples.csv"
    geometries = {sample.geometry.id: sample.geometry for sample in dataset.samples}
    targets = {name: {"columns": spec.columns} for name, spec in dataset.card.targets.items()}
    names = dataset.table["id"].tolist()
    check_physics(
        dataset.table, geometries, host, targets, dataset.card.tolerance, lambda k: f"{file}: row {k + 1} ({names[k]})"
    )


def check_impurities(dataset: Dataset, hosts: Mapping[str, Mapping]) -> None:
    """Raise ``DataError`` where clusters of a dataset of potentials are not those of its ``hosts.json``."""
    geometries = {sample.geometry.id: sample.geometry for sample in dataset.samples}
    for geometry in geometries.values():
        host = elemental_host(geometry.host, hosts[geometry.host])
        _check_structure(geometry, host, None, dataset.folder / "geometries.extxyz")
    check_columns(dataset.table, geometries, str(dataset.folder / "samples.csv"))


def _check_structure(geometry: Geometry, host: Host, radius: float | None, file: Path) -> None:
    """Atoms of a cluster sit on sites of the host, and none within the radius is left out."""
    where = f"{file}: geometry {geometry.id}"
    if geometry.host != host.formula or np.abs(geometry.cell - host.cell).max() > TOLERANCE:
        raise DataError(f"{where} has the host {geometry.host!r} or a cell that the host's file does not; rebuild it")
    steps = geometry.positions[list(geometry.sites)] - geometry.positions[geometry.sites[0]]
    start = host.position(geometry.sublattices[0])
    cluster(host, geometry.sublattices, steps, 0.0, geometry.id)  # raises where an impurity sits on no such site
    placed = geometry.positions - geometry.positions[geometry.sites[0]] + start
    reach = np.linalg.norm(placed[:, None] - (start + steps), axis=-1).min(1).max() if radius is None else radius
    numbers, positions, _ = atoms_near(host, start + steps, float(reach))
    gaps = np.linalg.norm(placed[:, None] - positions, axis=-1)  # (atoms, host atoms)
    off = np.flatnonzero((gaps.min(1) > TOLERANCE) | (numbers[gaps.argmin(1)] != geometry.numbers))
    if len(off):
        raise DataError(
            f"{where}: atom {off[0] + 1} (Z = {geometry.numbers[off[0]]} at {_shown(geometry.positions[off[0]])} Å) is "
            f"no atom of {host.formula} within {reach:g} Å of an impurity; rebuild the dataset"
        )
    if len(set(gaps.argmin(1))) != len(placed) or (radius is not None and len(placed) != len(positions)):
        raise DataError(
            f"{where} has {len(placed)} atoms, {host.formula} has {len(positions)} within {reach:g} Å of an impurity; "
            "rebuild the dataset"
        )


def check_columns(table: pd.DataFrame, geometries: Mapping[str, Geometry], file: str) -> None:
    """Columns that say where a pair stands agree with its structure: distance, displacement, sublattices, shell."""
    found = [geometries[name] for name in table["geometry"]]
    wanted = {
        "distance_angstrom": [g.distance for g in found],
        "distance_bohr": [g.distance / BOHR_ANGSTROM for g in found],
        **{f"d{x}_angstrom": [g.displacement[k] for g in found] for k, x in enumerate("xyz")},
        "sublattice_i": [g.sublattices[0] for g in found],
        "sublattice_j": [g.sublattices[:2][-1] for g in found],
        "shell": [g.shell for g in found],
    }
    for name in (name for name in wanted if name in table):
        for k, (stated, value) in enumerate(zip(table[name], wanted[name], strict=True)):
            if not _agree(stated, value, SAME_SHELL if name == "distance_bohr" else TOLERANCE):
                shown = value if isinstance(value, str) else f"{value:.6g}"
                raise DataError(
                    f"{file}: row {k + 1} ({table['id'].iloc[k]}) has {name} = {stated}, its structure "
                    f"{found[k].id} {shown}; rebuild the dataset"
                )


def _agree(stated: Any, value: float | str | None, limit: float) -> bool:
    """What a column states is what the structure has; a structure without a shell leaves it open."""
    if value is None or isinstance(value, str):
        return value is None or stated == value
    return bool(abs(pd.to_numeric(stated, errors="coerce") - value) <= limit)
